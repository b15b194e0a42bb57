import type { HashesToSign } from '../../domain/index.ts'
import { ecdsaSigValue } from '../pkcs11/signature-encoding.ts'
import type { HashMechanism, HashSigningKey, HashSigningSteps } from '../signing-key.ts'

/** What surrounds the signing of hashes whose signatures are encoded. */
export type EncodedSigningSteps = Pick<HashSigningSteps, 'before'> & {
  /** As {@link HashSigningSteps.signed}, of signatures in their encoding, in base64. */
  readonly signed?: (first: number, signatures: readonly string[]) => Promise<void>
}

/**
 * Signs the hashes of a payload, each in the encoding that it asks for.
 *
 * @returns in base64, in the order of the hashes
 * @throws SigningError with a `PKCS11_…` code; what the steps throw
 */
export async function signHashes(
  key: HashSigningKey,
  payload: HashesToSign,
  { before, signed }: EncodedSigningSteps = {},
): Promise<readonly string[]> {
  const digests = payload.hashes.map((hash) => Buffer.from(hash, 'base64'))
  const encoded = (signatures: readonly Uint8Array[]) =>
    (payload.signatureFormat === 'asn1' ? signatures.map(ecdsaSigValue) : signatures).map((signature) =>
      Buffer.from(signature).toString('base64'),
    )
  const steps: HashSigningSteps = {
    ...(before && { before }),
    ...(signed && { signed: (first, signatures) => signed(first, encoded(signatures)) }),
  }
  return encoded(await key.signHashes(mechanismOf(payload), digests, steps))
}

function mechanismOf({ signatureAlgorithm, hashAlgorithm }: HashesToSign): HashMechanism {
  if (signatureAlgorithm === 'Ecdsa' || hashAlgorithm === null) return { scheme: 'ecdsa' }
  return { scheme: signatureAlgorithm === 'RsaPss' ? 'pss' : 'pkcs1', hash: hashAlgorithm }
}
