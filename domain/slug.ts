import { Refusal } from './refusal.ts'

/** What a slug looks like, in any case. */
const slugPattern = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/

/**
 * Reads a slug: what tools name a project or a policy by. Case is folded: slugs ignore it.
 *
 * @param what the name of the field, for the message
 * @throws Refusal `SLUG_MALFORMED`
 */
export function parseSlug(text: string, what: string): string {
  // Tested before it is folded: other letters become these when they are (U+212A, the Kelvin sign).
  if (!slugPattern.test(text))
    throw new Refusal(
      'SLUG_MALFORMED',
      `${what} must be 1 to 100 letters, digits, dots, underscores or hyphens and begin with a letter or digit; got ${JSON.stringify(text.slice(0, 120))}.`,
    )
  return text.toLowerCase()
}

/** The slug that a text is, in lower case; `undefined` when it cannot be one. */
export function asSlug(text: string): string | undefined {
  return slugPattern.test(text) ? text.toLowerCase() : undefined
}
