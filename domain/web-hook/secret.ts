import { Refusal } from '../refusal.ts'

/** How a secret's text begins (Standard Webhooks, "Signature scheme"). */
export const webHookSecretPrefix = 'whsec_'
const [fewestBytes, mostBytes] = [24, 64]

/**
 * Reads a secret that messages of a web hook are signed with: `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks).
 *
 * @returns the bytes that sign
 * @throws Refusal `WEB_HOOK_SECRET_MALFORMED`, which repeats nothing of the text
 */
export function parseWebHookSecret(text: string): Uint8Array {
  const encoded = text.slice(webHookSecretPrefix.length)
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)
  const bytes = text.startsWith(webHookSecretPrefix) && isBase64 ? bytesOf(encoded) : new Uint8Array()
  if (bytes.length >= fewestBytes && bytes.length <= mostBytes) return bytes
  throw new Refusal(
    'WEB_HOOK_SECRET_MALFORMED',
    `A web hook's secret is ${webHookSecretPrefix} and ${fewestBytes} to ${mostBytes} random bytes in base64. Leave it out to have one made.`,
  )
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

/** The longest value of an `Authorization` header, in characters. */
const longestAuthorization = 4000

/**
 * Reads the value of the `Authorization` header that messages of a web hook carry: it is sent as it is given.
 *
 * @throws Refusal `WEB_HOOK_AUTHORIZATION_MALFORMED`, which repeats nothing of the value
 */
export function parseWebHookAuthorization(value: string): string {
  if (value.length <= longestAuthorization && /^[!-~](?:[ -~\t]*[!-~])?$/.test(value)) return value
  throw new Refusal(
    'WEB_HOOK_AUTHORIZATION_MALFORMED',
    `The Authorization value must be 1 to ${longestAuthorization} visible characters of ASCII, without white space around it: it is sent as it is given, such as "Bearer …" or "Basic …".`,
  )
}
