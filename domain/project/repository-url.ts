import { Refusal } from '../refusal.ts'
import { isPlainLine, withoutEmoji } from '../text.ts'

/** The longest address that a signature carries, in characters. */
const longestUrl = 2000
/** What an address may consist of (RFC 3986 §2); anything else stands in it percent-encoded. */
const urlCharacters = /^[!#$%&'()*+,\-./0-9:;=?@A-Z[\]_a-z~]*$/

/**
 * Reads the address of a project's repository. It stands in signatures, which carry ASCII only, and in events: it holds no credentials. An address with other
 * characters is kept in the form that goes into the signature, so that approvers see what is signed: the host by IDNA
 * (UTS #46), the rest percent-encoded as UTF-8 (RFC 3987 §3.1).
 *
 * @throws Refusal `REPOSITORY_URL_MALFORMED`
 */
export function parseRepositoryUrl(text: string): string {
  const wellFormed =
    text.length <= longestUrl &&
    isPlainLine(withoutEmoji(text)) &&
    /^https?:\/\/[^\s\\]+$/.test(text) &&
    URL.canParse(text)
  if (!wellFormed)
    throw new Refusal(
      'REPOSITORY_URL_MALFORMED',
      `The project's repository URL must be an address that begins with https:// or http://, of no more than ${longestUrl} characters.`,
    )
  const { username, password, hostname, href } = new URL(text)
  if (username !== '' || password !== '')
    throw new Refusal('REPOSITORY_URL_MALFORMED', "The project's repository URL must hold no user name or password.")
  // IDNA leaves out invisible characters, so that a label of nothing else is empty.
  if (/^\.|\.\./.test(hostname))
    throw new Refusal(
      'REPOSITORY_URL_MALFORMED',
      `The project's repository URL names the host "${hostname}", which is none.`,
    )
  const encoded = urlCharacters.test(text) ? text : href.replaceAll(/["<>^`{|}]/g, encodeURIComponent)
  if (encoded.length > longestUrl)
    throw new Refusal(
      'REPOSITORY_URL_MALFORMED',
      `The project's repository URL has ${encoded.length} characters in the form that a signature carries ` +
        `(percent-encoded); no more than ${longestUrl} are possible.`,
    )
  return encoded
}
