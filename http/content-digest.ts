import { createHash } from 'node:crypto'
import { parseSha256Digest, Refusal, type Sha256Digest } from '../domain/index.ts'

/**
 * The SHA-256 of a `Content-Digest` header (RFC 9530 §2), a dictionary of algorithms and digests. `undefined` when the
 * header is missing or names other algorithms only: those may be ignored.
 *
 * @throws Refusal `DIGEST_MALFORMED`
 */
export function parseContentDigest(header: string | undefined): Sha256Digest | undefined {
  const member = header
    ?.split(',')
    .map((each) => each.trim())
    .findLast((each) => /^sha-256\s*=/i.test(each))
  if (member === undefined) return undefined
  const [, base64] = /^sha-256=:([A-Za-z0-9+/]{43}=):$/i.exec(member) ?? []
  if (base64 === undefined)
    throw new Refusal(
      'DIGEST_MALFORMED',
      'Content-Digest must hold a SHA-256 as RFC 9530 writes it: sha-256=:<44 characters of base64>:',
    )
  return parseSha256Digest(Buffer.from(base64, 'base64').toString('hex'), 'Content-Digest')
}

/** A SHA-256 as RFC 9530 writes it. */
export function formatDigest(sha256: Sha256Digest): string {
  return `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`
}

/**
 * The same of a request, for whoever leaves it to others to complain: `null` without a header that can be read.
 */
export function announcedSha256(header: string | undefined): Sha256Digest | null {
  try {
    return parseContentDigest(header) ?? null
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

/**
 * Holds a body against the digest that its client announced: what an authentication proxy says of a call names that digest, so it must
 * be the body's. A header that cannot be read announces nothing.
 *
 * @throws Refusal `ARTIFACT_MISMATCH`
 */
export function requireAnnouncedBody(body: Uint8Array, header: string | undefined): void {
  const announced = announcedSha256(header)
  if (announced === null || createHash('sha256').update(body).digest('hex') === announced) return
  throw new Refusal('ARTIFACT_MISMATCH', 'The body of the request has another SHA-256 than Content-Digest announces.')
}
