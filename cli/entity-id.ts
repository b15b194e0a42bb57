import { usageError } from './cli-error.ts'

/**
 * Reads an id of the command line.
 *
 * @returns the UUID in lower case
 * @throws CliError `ID_MALFORMED` (exit code: usage)
 */
export function parseId(text: string, what: 'signing request' | 'key' | 'certificate' | 'user'): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase()
  throw usageError(
    `The id of a ${what} is a UUID such as 0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b; got ${JSON.stringify(text.slice(0, 60))}.`,
    what === 'user'
      ? undefined
      : `\`countersign ${what === 'signing request' ? 'request' : what} list\` shows the ids.`,
    'ID_MALFORMED',
  )
}
