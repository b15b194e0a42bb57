import type { HashesToSign } from '../../domain/index.ts'
import { ecdsaSigValue } from '../pkcs11/signature-encoding.ts'
import type { HashMechanism, HashSigningKey } from '../signing-key.ts'

/**
 * Signs the hashes of a payload, each in the encoding that it asks for.
 *
 * @param before as {@link HashSigningKey.signHashes}
 * @returns in base64, in the order of the hashes
 * @throws SigningError with a `PKCS11_…` code; what `before` throws
 */
export async function signHashes(
  key: HashSigningKey,
  payload: HashesToSign,
  before?: () => Promise<void>,
): Promise<readonly string[]> {
  const digests = payload.hashes.map((hash) => Buffer.from(hash, 'base64'))
  const signatures = await key.signHashes(mechanismOf(payload), digests, before)
  const encoded = payload.signatureFormat === 'asn1' ? signatures.map(ecdsaSigValue) : signatures
  return encoded.map((signature) => Buffer.from(signature).toString('base64'))
}

function mechanismOf({ signatureAlgorithm, hashAlgorithm }: HashesToSign): HashMechanism {
  if (signatureAlgorithm === 'Ecdsa' || hashAlgorithm === null) return { scheme: 'ecdsa' }
  return { scheme: signatureAlgorithm === 'RsaPss' ? 'pss' : 'pkcs1', hash: hashAlgorithm }
}
