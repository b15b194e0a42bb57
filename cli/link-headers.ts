import { usageError } from './cli-error.ts'
import { readSecretText } from './secret-line.ts'
import type { Terminal } from './terminal.ts'

/** A header that the service sends to the server of a link; its value is secret. */
export type LinkHeader = { readonly name: string; readonly value: string }

/** Where the values of headers are read: never from the command line, which everybody on the machine can see. */
export type LinkHeaderOptions = {
  /** `Name=VARIABLE`, of the environment. */
  readonly linkHeaderEnv: readonly string[]
  readonly linkHeadersFile?: string
}

/** RFC 9110 §5.6.2. */
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * The headers of a link. Messages name places and never values.
 *
 * @throws CliError `FILE_UNREADABLE`, `USAGE`
 */
export async function linkHeaders(
  terminal: Terminal,
  { linkHeaderEnv, linkHeadersFile }: LinkHeaderOptions,
): Promise<readonly LinkHeader[]> {
  const inVariables = linkHeaderEnv.map((text) => headerInVariable(text, terminal))
  if (linkHeadersFile === undefined) return inVariables
  const lines = (await readSecretText(terminal, linkHeadersFile)).split(/\r?\n/)
  const inFile = lines.flatMap((line, index) =>
    line.trim() === '' ? [] : [headerInLine(line, linkHeadersFile, index)],
  )
  return [...inVariables, ...inFile]
}

const inTheVariable = 'The value of the header stands in the variable, and not on the command line.'

function headerInVariable(text: string, { environment }: Terminal): LinkHeader {
  const [, name = '', variable = ''] = /^([^=]+)=([A-Za-z_][A-Za-z0-9_]*)$/.exec(text) ?? []
  // What was given is not repeated, not as the name of a variable either: somebody may have written the value itself.
  if (!headerName.test(name))
    throw usageError(
      '--link-header-env takes the name of a header and the name of an environment variable: Authorization=LINK_AUTHORIZATION.',
      inTheVariable,
    )
  const value = environment[variable]
  if (value === undefined || value === '')
    throw usageError(
      `The environment variable that --link-header-env names for ${name} is not set, or empty.`,
      inTheVariable,
    )
  return { name, value }
}

function headerInLine(line: string, file: string, index: number): LinkHeader {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0))
  if (!headerName.test(name))
    throw usageError(`Line ${index + 1} of ${file} is no header.`, 'A line looks like `Authorization: Bearer …`.')
  return { name, value: line.slice(colon + 1).trim() }
}
