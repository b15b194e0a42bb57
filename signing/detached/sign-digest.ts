import type { HashAlgorithm } from '../../domain/index.ts'
import type { HashSigningKey, SigningKey } from '../signing-key.ts'
import type { RsaPadding } from './attributes.ts'

/**
 * Signs a digest: RSA by the padding that is asked for, EC keys as DER ECDSA-Sig-Value (RFC 3279 §2.2.3).
 *
 * @throws whatever the key throws
 */
export async function signDigest(
  key: SigningKey & HashSigningKey,
  {
    digest,
    hash,
    padding,
  }: { readonly digest: Uint8Array; readonly hash: HashAlgorithm; readonly padding: RsaPadding },
): Promise<Uint8Array> {
  if (!key.algorithm.startsWith('rsa-') || padding !== 'pss') return key.sign(hash, digest)
  const [signature] = await key.signHashes({ scheme: 'pss', hash }, [digest])
  if (signature === undefined) throw new Error('The key answered without a signature.')
  return signature
}
