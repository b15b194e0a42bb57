import { createPublicKey } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import { ecdsaVerifier } from '../hashes/verify-ecdsa.ts'
import { pkcs1Holds, pssHolds } from '../hashes/verify-rsa.ts'
import type { RsaPadding } from './attributes.ts'

/** A signature of a digest, as {@link digestSignatureHolds} is asked of it. */
export interface SignedDigest {
  readonly digest: Uint8Array
  readonly hash: HashAlgorithm
  /** Without meaning for keys that are not RSA. */
  readonly padding: RsaPadding
  /** ECDSA as r and s of equal length (`ieee`) or as DER (`asn1`). */
  readonly ecdsa: 'ieee' | 'asn1'
  readonly signature: Uint8Array
}

/**
 * Whether a signature of a digest holds.
 *
 * @param publicKey DER SubjectPublicKeyInfo
 */
export async function digestSignatureHolds(publicKey: Uint8Array, signed: SignedDigest): Promise<boolean> {
  const { digest, hash, padding, ecdsa, signature } = signed
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  if (key.asymmetricKeyType === 'rsa')
    return padding === 'pss' ? pssHolds(key, hash, digest, signature) : pkcs1Holds(key, hash, digest, signature)
  const [holds = false] = (await ecdsaVerifier(key, ecdsa)?.([digest], [signature])) ?? []
  return holds
}
