import { Refusal } from '../refusal.ts'

/** What is wrong with the text of a configuration, or may be, and where in it. */
export type ConfigurationFinding = {
  /** Upper snake case, as of refusals. */
  readonly code: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  readonly message: string
}

/** What was found in a text. */
export type ConfigurationFindings = {
  /** Nothing when it can be used. */
  readonly errors: readonly ConfigurationFinding[]
  /** What its author may not have meant, and what nevertheless has a meaning. */
  readonly warnings: readonly ConfigurationFinding[]
}

/** What a text asks for that this release cannot do. */
export const notSupported = 'DIRECTIVE_NOT_SUPPORTED'

/** So many errors of a text are told in a message; the details have all of them. */
const mostTold = 5

/**
 * Refuses a text that something is wrong with, naming all of it.
 *
 * @throws Refusal `ARTIFACT_CONFIGURATION_INVALID`; `DIRECTIVE_NOT_SUPPORTED` where it asks for nothing worse than what this release
 *   cannot do
 */
export function refuseErrors({ errors }: Pick<ConfigurationFindings, 'errors'>): void {
  if (errors.length === 0) return
  const code = errors.every((error) => error.code === notSupported) ? notSupported : 'ARTIFACT_CONFIGURATION_INVALID'
  const told = errors.slice(0, mostTold).map(({ line, column, message }) => `${line}:${column}: ${message}`)
  const more = errors.length > mostTold ? ` And ${errors.length - mostTold} more.` : ''
  const begin = code === notSupported ? 'asks for what this release does not have' : 'cannot be used'
  throw new Refusal(code, `The artifact configuration ${begin}. ${told.join(' ')}${more}`, { errors })
}
