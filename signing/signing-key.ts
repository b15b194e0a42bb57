import type { HashAlgorithm, KeyAlgorithm } from '../domain/index.ts'

/**
 * A private key that can sign and never shows itself. Signature formats depend on this, not on where the key lives.
 */
export interface SigningKey {
  readonly algorithm: KeyAlgorithm
  /** The public half, as DER-encoded SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). */
  readonly publicKey: Uint8Array

  /**
   * Signs a digest. RSA keys answer with RSASSA-PKCS1-v1_5 (RFC 8017 §8.2), EC keys with a DER ECDSA-Sig-Value
   * (RFC 3279 §2.2.3).
   *
   * @param hash the algorithm that made the digest
   * @param digest its output, of the right length
   * @param before asked for when nothing else stands between the digest and the key, and each time the key is tried again;
   *   when it fails, the key is not used, and this fails with its error
   * @throws SigningError with a `PKCS11_…` code
   */
  sign(hash: HashAlgorithm, digest: Uint8Array, before?: () => Promise<void>): Promise<Uint8Array>
}
