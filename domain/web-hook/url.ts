import { Refusal } from '../refusal.ts'

/** The longest address, in characters. */
const longestUrl = 2000

/**
 * Reads where a web hook is told. Whether it may be called is for others to say: it depends on the network.
 *
 * @throws Refusal `WEB_HOOK_URL_MALFORMED`, which does not repeat the address: it may hold a password
 */
export function parseWebHookUrl(text: string): string {
  const url = text.length <= longestUrl && /^https?:\/\/[!-~]+$/i.test(text) ? URL.parse(text) : null
  if (url === null)
    throw new Refusal(
      'WEB_HOOK_URL_MALFORMED',
      `The web hook's URL must be an address that begins with https:// (or http://, where the operator allows it), of no more than ${longestUrl} characters of ASCII.`,
    )
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    throw new Refusal(
      'WEB_HOOK_URL_MALFORMED',
      "The web hook's URL must hold no user name, no password and no fragment (#). What its receiver is to know you by belongs into the Authorization value.",
    )
  return url.href
}
