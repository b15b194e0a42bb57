import type { HashAlgorithm, KeyAlgorithm, SignableHash } from '../domain/index.ts'

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

/** How hashes are signed that somebody else made. */
export type HashMechanism =
  /** RSASSA-PKCS1-v1_5 (RFC 8017 §8.2), or RSASSA-PSS (§8.1) with the same hash in MGF1 and a salt as long as the hash. */
  | { readonly scheme: 'pkcs1' | 'pss'; readonly hash: SignableHash }
  /** ECDSA (FIPS 186-5 §6.4.1): of a hash that is longer than the curve the leftmost bits count. */
  | { readonly scheme: 'ecdsa' }

/** What surrounds the signing of hashes. */
export type HashSigningSteps = {
  /**
   * Asked for before each part of the hashes is given to the token, and each time the key is tried again; when it fails, the key is
   * not used any more, and signing fails with its error.
   */
  readonly before?: () => Promise<void>
  /**
   * Called with each part that was signed, while the next one is. When it fails, no further part is begun, and signing fails with
   * its error; nothing is answered before all calls are over.
   *
   * @param first index of the first of these hashes
   */
  readonly signed?: (first: number, signatures: readonly Uint8Array[]) => Promise<void>
}

/** A private key that signs hashes as they are. */
export interface HashSigningKey {
  /**
   * Signs hashes, many at a time. Unlike signatures by {@link SigningKey.sign} they are not checked here: whoever asks verifies
   * each before it leaves.
   *
   * @returns in the order of the digests: RSA signatures as long as the modulus, ECDSA ones as r and s of equal length
   * @throws SigningError with a `PKCS11_…` code; what the steps throw
   */
  signHashes(
    mechanism: HashMechanism,
    digests: readonly Uint8Array[],
    steps?: HashSigningSteps,
  ): Promise<readonly Uint8Array[]>
}
