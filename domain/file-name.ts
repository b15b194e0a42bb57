import { Refusal } from './refusal.ts'
import { unseenIn } from './text.ts'

/**
 * Reads an artifact's file name: 1 to 255 characters of a plain line, no directories, no white space around it. Letters
 * are put together (Unicode Normalization Form C), as some systems take them apart in file names.
 *
 * @throws Refusal `FILE_NAME_MALFORMED`
 */
export function parseFileName(text: string): string {
  const name = text.normalize('NFC')
  const plain = name !== '.' && name !== '..' && !/[/\\]/.test(name) && name.trim() === name
  const fault = unseenIn(name)
  if (name.length < 1 || name.length > 255 || !plain || fault !== undefined)
    throw new Refusal(
      'FILE_NAME_MALFORMED',
      `The artifact's file name must be 1 to 255 characters without directories, white space around it, control characters, controls of text direction or other invisible characters; got ${JSON.stringify(text.slice(0, 300))}${fault === undefined ? '' : `, with ${fault}`}.`,
    )
  return name
}
