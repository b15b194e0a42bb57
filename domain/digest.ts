import { Refusal } from './refusal.ts'

declare const brand: unique symbol

/** A SHA-256 digest (FIPS 180-4) as 64 lower-case hexadecimal characters. */
export type Sha256Digest = string & { readonly [brand]: 'Sha256Digest' }

/**
 * Reads a SHA-256 digest from text that came from outside; upper case is accepted and folded.
 *
 * @param what the name of the field, for the message
 * @throws Refusal `DIGEST_MALFORMED` when the text is not 64 hexadecimal characters
 */
export function parseSha256Digest(text: string, what: string): Sha256Digest {
  const digest = text.toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(digest))
    throw new Refusal('DIGEST_MALFORMED', `${what} must be a SHA-256 digest of 64 hexadecimal characters.`)
  return digest as Sha256Digest
}

/** Compares digests, as hexadecimal text, in a time that depends on their lengths alone. */
export function isSameDigest(one: string, other: string): boolean {
  let difference = one.length ^ other.length
  for (let index = 0; index < one.length; index++) difference |= one.charCodeAt(index) ^ other.charCodeAt(index)
  return difference === 0
}
