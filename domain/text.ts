import { Refusal } from './refusal.ts'

/** The longest comment, reason or description, in UTF-16 code units. Updates and events stay small. */
const maximumTextLength = 4000

/**
 * Whether a line of text shows what it holds: well-formed Unicode without control characters and without the controls
 * of direction (`Bidi_Control`, Unicode Standard Annex #9), which make `gpj.exe` look like `exe.jpg` to those who are
 * to approve it. Not every store of text can hold the others: PostgreSQL refuses NUL and half characters.
 */
export function isPlainLine(text: string): boolean {
  return text.isWellFormed() && !/[\p{Cc}\p{Bidi_Control}]/u.test(text)
}

/**
 * Reads a display name: 1 to 200 characters, a plain line, white space around it removed.
 *
 * @param what the name of the field, for the message
 * @throws Refusal `NAME_MALFORMED`
 */
export function parseName(text: string, what: string): string {
  const name = text.trim()
  if (name.length === 0 || name.length > 200 || !isPlainLine(name))
    throw new Refusal(
      'NAME_MALFORMED',
      `${what} must have 1 to 200 characters, and no control characters or controls of text direction.`,
    )
  return name
}

/**
 * Reads a comment, reason or description: plain lines, with tabs and line breaks, 4,000 characters at the most.
 *
 * @param text as the caller sent it; `null` for none
 * @param what the name of the field, for the message
 * @throws Refusal `TEXT_TOO_LONG` or `TEXT_MALFORMED`
 */
export function parseText(text: string | null, what: string): string | null {
  if (text === null) return null
  const { length } = text
  if (length > maximumTextLength)
    throw new Refusal(
      'TEXT_TOO_LONG',
      `${what} must have no more than ${maximumTextLength} characters; it has ${length}.`,
      {
        length,
      },
    )
  if (!isPlainLine(text.replaceAll(/[\t\n\r]/g, '')))
    throw new Refusal(
      'TEXT_MALFORMED',
      `${what} must be well-formed Unicode without control characters (tabs and line breaks may be) and controls of text direction.`,
    )
  return text
}
