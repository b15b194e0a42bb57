import { usageError } from './cli-error.ts'

/** What commands list, by the names that they have for it. */
const listed: readonly string[] = [
  'request',
  'key',
  'certificate',
  'project',
  'policy',
  'user',
  'group',
  'token',
  'change',
  'grant',
  'trusted-build-system',
]

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Whether a text is an id, rather than a slug. */
export function isId(text: string): boolean {
  return uuid.test(text)
}

/**
 * Reads an id of the command line.
 *
 * @returns the UUID in lower case
 * @throws CliError `ID_MALFORMED` (exit code: usage)
 */
export function parseId(text: string, what: string): string {
  const noun = what === 'signing request' ? 'request' : what
  if (isId(text)) return text.toLowerCase()
  throw usageError(
    `The id of a ${what} is a UUID such as 0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b; got ${JSON.stringify(text.slice(0, 60))}.`,
    listed.includes(noun) ? `\`countersign ${noun} list\` shows the ids.` : undefined,
    'ID_MALFORMED',
  )
}
