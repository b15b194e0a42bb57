import { Refusal } from './refusal.ts'

/** The longest comment, reason or description, in UTF-16 code units. Updates and events stay small. */
const maximumTextLength = 4000

/**
 * What a line of text may not hold, because a reader does not see that it is there, or sees something else for it:
 * control characters; the controls of direction (Unicode Standard Annex #9), which make `gpj.exe` look like `exe.jpg`;
 * everything that is displayed as nothing (`Default_Ignorable_Code_Point`: zero-width spaces and joiners, soft hyphens,
 * Hangul fillers, variation selectors, tags), with which two names look the same and are not; separators of lines;
 * spaces other than U+0020, and the empty Braille pattern; characters for private use, and what is none.
 */
const unseen =
  /[\p{Cc}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Co}\p{Noncharacter_Code_Point}\u2800\ufff9-\ufffb]|(?! )\p{Zs}/u

/**
 * Whether a line of text shows what it holds: well-formed Unicode without what nobody sees. Not every store of text can
 * hold half characters and NUL: PostgreSQL refuses them.
 */
export function isPlainLine(text: string): boolean {
  return text.isWellFormed() && !unseen.test(text)
}

/** What a line holds that it may not, for a message: `U+200B at character 4`; `undefined` for a plain line. */
export function unseenIn(text: string): string | undefined {
  if (!text.isWellFormed()) return 'half a character (a lone surrogate)'
  const found = unseen.exec(text)
  if (found === null) return undefined
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return `U+${code} at character ${[...text.slice(0, found.index)].length + 1}`
}

/**
 * A text of somebody else as one line that shows what it holds: white space of any kind is one space, and what nobody sees, or
 * what turns the direction of reading, is U+FFFD. For places that leave this service, such as mails.
 *
 * @param longest so many characters at the most; what is longer ends with `…`
 */
export function shownLine(text: string, longest: number): string {
  const line = text
    .slice(0, 4 * longest)
    .toWellFormed()
    .replaceAll(/[\s\p{Zs}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
  const characters = [...line].map((character) => (unseen.test(character) ? '\ufffd' : character))
  return characters.length <= longest ? characters.join('') : `${characters.slice(0, longest - 1).join('')}…`
}

/** A text with a space for each emoji: they are joined and coloured by characters that are invisible anywhere else. */
export function withoutEmoji(text: string): string {
  return text.replaceAll(/\p{RGI_Emoji}/gv, ' ')
}

/**
 * Reads a display name: 1 to 200 characters of a plain line. White space around it is removed, spaces in it are one
 * U+0020 each, and letters are put together (Unicode Normalization Form C), so that names that look the same are.
 *
 * @param what the name of the field, for the message
 * @throws Refusal `NAME_MALFORMED`
 */
export function parseName(text: string, what: string): string {
  const name = text
    .replaceAll(/\p{Zs}+/gu, ' ')
    .trim()
    .normalize('NFC')
  if (name.length === 0 || name.length > 200)
    throw new Refusal('NAME_MALFORMED', `${what} must have 1 to 200 characters; it has ${name.length}.`)
  const fault = unseenIn(name)
  if (fault !== undefined)
    throw new Refusal(
      'NAME_MALFORMED',
      `${what} must have no control characters, controls of text direction or other invisible characters; it has ${fault}.`,
    )
  return name
}

/**
 * Reads which version of a product something is: 1 to 200 characters of a plain line, as {@link parseName} reads names.
 *
 * @param text as the caller sent it; `null` for none
 * @throws Refusal `NAME_MALFORMED`
 */
export function parseVersion(text: string | null): string | null {
  return text === null ? null : parseName(text, 'The version')
}

/**
 * Reads a comment, reason or description: plain lines, with tabs, line breaks, spaces of any kind and emoji, 4,000
 * characters at the most, in Normalization Form C.
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
  const fault = unseenIn(withoutEmoji(text).replaceAll(/[\t\n\r\p{Zs}]/gu, ' '))
  if (fault !== undefined)
    throw new Refusal(
      'TEXT_MALFORMED',
      `${what} must have no control characters (tabs and line breaks may be), controls of text direction or other invisible characters; it has ${fault}.`,
    )
  return text.normalize('NFC')
}
