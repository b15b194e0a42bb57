import { z } from 'zod'
import { Refusal } from '../domain/index.ts'

/** The form of hashes as callers submit them. */
export const submittedHashes = z.object({
  signatureAlgorithm: z.enum(['RsaPkcs1', 'RsaPss', 'Ecdsa']),
  rsaHashAlgorithm: z.string().max(100).nullish(),
  ecdsaSignatureFormat: z.enum(['Ieee', 'Asn1']).nullish(),
  hashes: z.array(z.string().max(200)),
  metadata: z.string().nullish(),
})

/** What a caller submits of a source of this kind: names as the payload has them, and OIDs. */
export type SubmittedHashes = z.input<typeof submittedHashes>

/** How deep what a submitter tells about hashes may be nested. */
const deepestMetadata = 32

/**
 * Refuses metadata that is nested deeper than it may be, or has a number that no double is: JSON may write it, such as 1e400, and it
 * would be recorded as null.
 *
 * @throws Refusal `HASH_PAYLOAD_MALFORMED`
 */
export function requireRecordable(metadata: unknown): void {
  if (isDeeper(metadata, deepestMetadata))
    throw malformed(`Metadata is nested no deeper than ${deepestMetadata} levels.`)
  if (hasInfinity(metadata))
    throw malformed(
      'Metadata has a number that is too large: its magnitude is at most 1.7976931348623157e308. Send it as text.',
    )
}

function malformed(message: string): Refusal {
  return new Refusal('HASH_PAYLOAD_MALFORMED', message, { field: 'Metadata' })
}

/** Of what is known to be shallow. */
function hasInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInfinity)
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1))
}
