import { Refusal } from './refusal.ts'

/**
 * Reads an artifact's file name: 1 to 255 characters, no directories, no control characters.
 *
 * @throws Refusal `FILE_NAME_MALFORMED`
 */
export function parseFileName(text: string): string {
  const plain = text !== '.' && text !== '..' && !/[/\\]/.test(text) && !/\p{Cc}/u.test(text) && text.isWellFormed()
  if (text.length < 1 || text.length > 255 || !plain)
    throw new Refusal(
      'FILE_NAME_MALFORMED',
      `The artifact's file name must be 1 to 255 characters without directories or control characters; got ${JSON.stringify(text.slice(0, 300))}.`,
    )
  return text
}
