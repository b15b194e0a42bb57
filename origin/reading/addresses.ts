import { z } from 'zod'

/**
 * A text without the users and passwords of the web addresses in it: build systems name repositories by the address that they
 * were configured with, which can hold a token. Which repository it is does not depend on them (`isSameRepository`). In JSON the
 * slashes of an address may be escaped.
 */
export function withoutUsers(text: string): string {
  return text.replace(/(https?:(?:\\?\/){2})[^/?#\s"\\]*@/gi, '$1')
}

/** The address of a repository, as a build system names it, without user and password. */
export const repositoryText = z.string().transform(withoutUsers)
