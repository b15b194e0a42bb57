import type { z } from 'zod'
import type { ConfigurationFinding } from '../../domain/index.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import type { Configuration, DirectiveNode, ElementNode } from './configuration.ts'

const notSupported = 'DIRECTIVE_NOT_SUPPORTED'

/** What a release can carry out of the language. */
export type SupportedLanguage = {
  /** The formats that it can sign, and which elements mean files of them; that of detached signatures too. */
  readonly formats: readonly Pick<SignatureFormat, 'elements' | 'directives'>[]
  /** The elements whose files it can open, such as `zip-file`. */
  readonly containers: readonly string[]
  /** The directives that no format signs by, and that it can carry out nevertheless, such as `authenticode-verify`. */
  readonly otherDirectives: readonly string[]
}

/**
 * Finds what a configuration asks for and this release does not have: elements, directives, and values of attributes. It is
 * asked when a configuration is saved, so that no request finds it. What depends on parameters is not looked at while they have no
 * values.
 *
 * Findings are `DIRECTIVE_NOT_SUPPORTED`, and `ARTIFACT_CONFIGURATION_VALUE` for attributes that a format takes in another form.
 */
export function findUnsupported(
  { root }: Configuration,
  supported: SupportedLanguage,
): readonly ConfigurationFinding[] {
  const findings = inElement(root, supported)
  return findings.toSorted((one, other) => one.line - other.line || one.column - other.column)
}

function inElement(element: ElementNode, supported: SupportedLanguage): ConfigurationFinding[] {
  const { name, position, children, verifications, directives } = element
  const isFolder = name === 'directory'
  const isContainer = isFolder || supported.containers.includes(name)
  const isKnown = isContainer || supported.formats.some(({ elements }) => elements.includes(name))
  const missing = (what: string) => ({ code: notSupported, ...position, message: `This release ${what}.` })
  if (!isKnown) return [missing(`does not know files of the kind ${name} yet`)]
  return [
    ...(children.length > 0 && !isContainer
      ? [missing(`cannot open a ${name} yet, so nothing in it can be signed`)]
      : []),
    ...[...verifications, ...directives].flatMap((directive) => inDirective(directive, name, supported)),
    ...children.flatMap((child) => inElement(child, supported)),
  ]
}

function inDirective(directive: DirectiveNode, element: string, supported: SupportedLanguage): ConfigurationFinding[] {
  const { name, position } = directive
  if (supported.otherDirectives.includes(name)) return []
  const definition = supported.formats
    .filter(({ elements }) => elements.includes(element))
    .flatMap(({ directives }) => directives)
    .find((each) => each.name === name)
  if (definition !== undefined) return inAttributes(directive, definition.attributes)
  return [{ code: notSupported, ...position, message: `This release cannot carry out ${name} in ${element} yet.` }]
}

function inAttributes({ name, attributes, position }: DirectiveNode, schema: z.ZodObject): ConfigurationFinding[] {
  const known = Object.entries(attributes).filter(([, value]) => !String(value).includes('${'))
  const parsed = schema.safeParse(Object.fromEntries(known))
  if (parsed.success) return []
  const isWhole = known.length === Object.keys(attributes).length
  return parsed.error.issues.flatMap((issue) => {
    const [attribute] = issue.path
    const value = known.find(([each]) => each === attribute)
    // Of the directive as a whole, and of an attribute that is missing, nothing is known before all have values.
    if (value === undefined && !isWhole && issue.code !== 'unrecognized_keys') return []
    const is = value === undefined ? name : `${value[0]}="${value[1]}" of ${name}`
    if (issue.code === 'unrecognized_keys')
      return [
        {
          code: notSupported,
          ...position,
          message: `This release does not know ${issue.keys.join(', ')} of ${name} yet.`,
        },
      ]
    if (issue.code === 'invalid_value')
      return [
        {
          code: notSupported,
          ...position,
          message: `This release does not support ${is}; it supports: ${issue.values.join(', ')}.`,
        },
      ]
    return [{ code: 'ARTIFACT_CONFIGURATION_VALUE', ...position, message: `${is} is wrong: ${issue.message}.` }]
  })
}
