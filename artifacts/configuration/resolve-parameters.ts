import type { ConfigurationFinding } from '../../domain/index.ts'
import type { Configuration } from './configuration.ts'
import { buildConfiguration, type ParsedConfiguration } from './parse-configuration.ts'
import { Findings } from './reading/findings.ts'
import { quoted } from './reading/read-xml.ts'
import { valueFault } from './reading/references.ts'
import { meantName } from './similar-names.ts'

/**
 * Puts the values of parameters in where a configuration refers to them. In paths they stand for themselves: wildcards in a value are
 * none. `${file.name}` stays, and is put in when a file is matched (`withFileName`).
 *
 * Errors are `PARAMETER_UNKNOWN`, `PARAMETER_MISSING` and `PARAMETER_INVALID`, with the place of the parameter or of the attribute
 * that cannot have the value.
 *
 * @param given by name; spaces around a value do not count
 */
export function resolveParameters(
  configuration: Configuration,
  given: Readonly<Record<string, string>>,
): ParsedConfiguration {
  const errors: ConfigurationFinding[] = []
  const values = new Map<string, string>()
  const names = configuration.parameters.map(({ name }) => name)
  for (const name of Object.keys(given))
    if (!names.includes(name)) {
      const known = names.length === 0 ? 'none' : names.join(', ')
      const message = `The artifact configuration has no parameter ${quoted(name)}; it has: ${known}.${meantName(name, names)}`
      errors.push({ code: 'PARAMETER_UNKNOWN', line: 1, column: 1, message })
    }
  for (const { name, defaultValue, required, position } of configuration.parameters) {
    const value = ((Object.hasOwn(given, name) ? given[name] : undefined) ?? defaultValue ?? '').trim()
    const fault = valueFault(value)
    if (value === '' && required)
      errors.push({ code: 'PARAMETER_MISSING', ...position, message: `The parameter ${name} needs a value.` })
    if (fault !== undefined)
      errors.push({
        code: 'PARAMETER_INVALID',
        ...position,
        message: `The value ${quoted(value)} of the parameter ${name} ${fault}.`,
      })
    values.set(name, value)
  }
  if (errors.length > 0) return { kind: 'errors', errors, errorCount: errors.length }
  const built = buildConfiguration(configuration.document, new Findings(), values)
  if (built.kind === 'configuration') return built
  // The document alone was in order, so what is wrong is wrong by the values.
  return { ...built, errors: built.errors.map((error) => ({ ...error, code: 'PARAMETER_INVALID' })) }
}
