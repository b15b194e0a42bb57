import { createPublicKey } from 'node:crypto'
import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import { type HashesToSign, hashDocument, signaturesInDocument } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { ecdsaVerifier } from './verify-ecdsa.ts'
import { pkcs1Holds, pssHolds } from './verify-rsa.ts'

/** So many signatures take some milliseconds, with the slowest curve a hundred. */
const checkedAtOnce = 8

/**
 * Verifies a document of signed hashes strictly (law 7): nothing stands in it but the payload and one signature for each hash, and
 * every signature is that of its hash by the key.
 *
 * @param publicKey DER SubjectPublicKeyInfo
 * @throws SigningError `HASH_SIGNATURE_INVALID`
 */
export async function verifyHashDocument(text: string, payload: HashesToSign, publicKey: Uint8Array): Promise<void> {
  const signatures = signaturesInDocument(text)
  if (signatures.length !== payload.hashes.length || text !== hashDocument(payload, signatures))
    throw invalid('The document of signed hashes is not that of the hashes that were to be signed.')
  const holds = verifierOf(payload, publicKey)
  for (const [index, signature] of signatures.entries()) {
    // Thousands take seconds: what else the process has to do, such as heartbeats, has its turn in between.
    if (index % checkedAtOnce === checkedAtOnce - 1) await eventLoopTurn()
    const bytes = Buffer.from(signature, 'base64')
    const isCanonical = bytes.toString('base64') === signature
    if (!isCanonical || !holds(Buffer.from(payload.hashes[index] ?? '', 'base64'), bytes))
      throw invalid(
        `The signature of hash ${index + 1} of ${signatures.length} does not hold by the certificate's key.`,
      )
  }
}

function verifierOf(
  { signatureAlgorithm, hashAlgorithm, signatureFormat }: HashesToSign,
  publicKey: Uint8Array,
): (digest: Uint8Array, signature: Uint8Array) => boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  if (signatureAlgorithm === 'Ecdsa') {
    if (key.asymmetricKeyType !== 'ec') return () => false
    return ecdsaVerifier(key, signatureFormat ?? 'ieee') ?? (() => false)
  }
  if (key.asymmetricKeyType !== 'rsa' || hashAlgorithm === null) return () => false
  const holds = signatureAlgorithm === 'RsaPss' ? pssHolds : pkcs1Holds
  return (digest, signature) => holds(key, hashAlgorithm, digest, signature)
}

function invalid(message: string): SigningError {
  return new SigningError('HASH_SIGNATURE_INVALID', `${message} It was thrown away.`)
}
