import type { Command } from 'commander'
import { repeated } from './artifact-source.ts'
import { usageError } from './cli-error.ts'

/** What a submission says of artifact configurations. */
export type ConfigurationOptions = { readonly artifactConfiguration?: string; readonly parameter: readonly string[] }

/** Adds `--artifact-configuration` and `--parameter`. */
export function withConfigurationOptions(command: Command): Command {
  return command
    .option(
      '--artifact-configuration <slug>',
      "what says what is signed inside of the file (slug or id; default: the project's)",
    )
    .addOption(repeated('--parameter <name=value>', 'a value for one of its parameters; may be repeated'))
}

/** The same as the service takes it: nothing of what is not said. @throws CliError `USAGE` */
export function askedConfiguration({ artifactConfiguration, parameter }: ConfigurationOptions): {
  readonly artifactConfiguration?: string
  readonly parameters?: readonly { readonly name: string; readonly value: string }[]
} {
  return {
    ...(artifactConfiguration !== undefined && { artifactConfiguration }),
    ...(parameter.length > 0 && { parameters: parameter.map(parameterIn) }),
  }
}

function parameterIn(text: string): { readonly name: string; readonly value: string } {
  const end = text.indexOf('=')
  if (end > 0) return { name: text.slice(0, end), value: text.slice(end + 1) }
  throw usageError(`--parameter is NAME=VALUE; got ${JSON.stringify(text.slice(0, 60))}.`)
}
