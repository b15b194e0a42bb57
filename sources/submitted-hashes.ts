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
 * Refuses metadata that is nested deeper than it may be.
 *
 * @throws Refusal `HASH_PAYLOAD_MALFORMED`
 */
export function requireShallow(metadata: unknown): void {
  if (!isDeeper(metadata, deepestMetadata)) return
  throw new Refusal('HASH_PAYLOAD_MALFORMED', `Metadata is nested no deeper than ${deepestMetadata} levels.`, {
    field: 'Metadata',
  })
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1))
}
