import { z } from 'zod'

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
