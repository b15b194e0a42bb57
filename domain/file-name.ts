import { Refusal } from './refusal.ts'
import { isPlainLine } from './text.ts'

/**
 * Reads an artifact's file name: 1 to 255 characters, no directories, a plain line.
 *
 * @throws Refusal `FILE_NAME_MALFORMED`
 */
export function parseFileName(text: string): string {
  const plain = text !== '.' && text !== '..' && !/[/\\]/.test(text) && isPlainLine(text)
  if (text.length < 1 || text.length > 255 || !plain)
    throw new Refusal(
      'FILE_NAME_MALFORMED',
      `The artifact's file name must be 1 to 255 characters without directories, control characters or controls of text direction; got ${JSON.stringify(text.slice(0, 300))}.`,
    )
  return text
}
