import { Refusal } from './refusal.ts'

/**
 * Reads the name that a caller gives to a submission, so that sending it again makes no second request: 1 to 128 printable
 * ASCII characters (U+0020 to U+007E), which no client, proxy or log changes on the way.
 *
 * @throws Refusal `IDEMPOTENCY_KEY_MALFORMED`
 */
export function parseIdempotencyKey(text: string): string {
  if (!/^[\x20-\x7e]{1,128}$/.test(text))
    throw new Refusal(
      'IDEMPOTENCY_KEY_MALFORMED',
      `An idempotency key must be 1 to 128 printable ASCII characters, such as a UUID; got ${text.length} characters.`,
    )
  return text
}
