import { typedDocument } from '../connection/graphql.ts'

/** What a request to sign hashes says. */
export type SignHashesInput = {
  readonly project: string
  readonly signingPolicy: string
  readonly signatureAlgorithm: 'RsaPkcs1' | 'RsaPss' | 'Ecdsa'
  /** OID; null for ECDSA. */
  readonly hashAlgorithm: string | null
  readonly signatureFormat: 'Ieee' | 'Asn1' | null
  /** Base64. */
  readonly hashes: readonly string[]
  readonly metadata: string | null
  readonly description: string | null
  readonly version: string | null
  readonly idempotencyKey: string
}

/** What became of it so far. */
export type SignHashesAnswer = {
  readonly signingRequestId: string
  readonly position: string
  readonly workflowStatus: string
  /** Base64; null until they are there. */
  readonly signatures: readonly string[] | null
}

/** Has hashes signed; again under the same key, it answers where the first request is. */
export const signHashes = typedDocument<
  { readonly signHashes: SignHashesAnswer },
  { readonly input: SignHashesInput }
>(`mutation SignHashes($input: SignHashesInput!) {
  signHashes(input: $input) { signingRequestId position workflowStatus signatures }
}`)
