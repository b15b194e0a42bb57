import { Refusal } from './refusal.ts'

/**
 * Reads a slug: what tools name a project or a policy by. Case is folded: slugs ignore it.
 *
 * @param what the name of the field, for the message
 * @throws Refusal `SLUG_MALFORMED`
 */
export function parseSlug(text: string, what: string): string {
  const slug = text.toLowerCase()
  if (!/^[a-z0-9][a-z0-9._-]{0,99}$/.test(slug))
    throw new Refusal(
      'SLUG_MALFORMED',
      `${what} must be 1 to 100 letters, digits, dots, underscores or hyphens and begin with a letter or digit; got ${JSON.stringify(text.slice(0, 120))}.`,
    )
  return slug
}

/**
 * Reads a display name: 1 to 200 characters without control characters, white space around it removed.
 *
 * @throws Refusal `NAME_MALFORMED`
 */
export function parseName(text: string, what: string): string {
  const name = text.trim()
  if (name.length === 0 || name.length > 200 || /\p{Cc}/u.test(name) || !name.isWellFormed())
    throw new Refusal('NAME_MALFORMED', `${what} must have 1 to 200 characters and no control characters.`)
  return name
}
