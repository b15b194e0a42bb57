import { createPublicKey } from 'node:crypto'
import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import { type HashesToSign, hashDocument, signaturesInDocument } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { ecdsaVerifier, type HashCheck } from './verify-ecdsa.ts'
import { pkcs1Holds, pssHolds } from './verify-rsa.ts'

/** So many signatures keep the event loop for two milliseconds, with the slowest curve for forty. */
const checkedAtOnce = 16

/** Verifies signatures of hashes as they are made, and at the end the document of all of them. */
export type HashVerification = {
  /**
   * Verifies the signatures of some hashes that follow one another.
   *
   * @param first index of the first of these hashes
   * @param signatures as they will stand in the document
   * @throws SigningError `HASH_SIGNATURE_INVALID`, which names the hash
   */
  signatures(first: number, signatures: readonly string[]): Promise<void>
  /**
   * Verifies a document strictly (law 7): nothing stands in it but the payload and one signature for each hash, and every signature
   * is that of its hash by the key. Those that were verified in the same place before are not verified again.
   *
   * @throws SigningError `HASH_SIGNATURE_INVALID`
   */
  document(text: string): Promise<void>
}

/**
 * Begins to verify what is signed for a payload.
 *
 * @param publicKey DER SubjectPublicKeyInfo
 */
export function hashVerification(payload: HashesToSign, publicKey: Uint8Array): HashVerification {
  const check = checkOf(payload, publicKey)
  const { hashes } = payload
  /** What was found right, by the index of its hash. */
  const right = new Map<number, string>()

  async function verifyPart(first: number, signatures: readonly string[]): Promise<void> {
    const digests = hashes.slice(first, first + signatures.length).map((hash) => Buffer.from(hash, 'base64'))
    const bytes = signatures.map((signature) => Buffer.from(signature, 'base64'))
    const holds = await check(digests, bytes)
    for (const [index, signature] of signatures.entries()) {
      if (holds[index] !== true || bytes[index]?.toString('base64') !== signature)
        throw invalid(
          `The signature of hash ${first + index + 1} of ${hashes.length} does not hold by the certificate's key.`,
        )
      right.set(first + index, signature)
    }
  }

  async function verifyAll(first: number, signatures: readonly string[]): Promise<void> {
    for (let at = 0; at < signatures.length; at += checkedAtOnce) {
      // Thousands take a while: what else the process has to do, such as heartbeats, has its turn in between.
      if (at > 0) await eventLoopTurn()
      await verifyPart(first + at, signatures.slice(at, at + checkedAtOnce))
    }
  }

  return {
    signatures: verifyAll,
    async document(text) {
      const signatures = signaturesInDocument(text)
      if (signatures.length !== hashes.length || text !== hashDocument(payload, signatures))
        throw invalid('The document of signed hashes is not that of the hashes that were to be signed.')
      for (let at = 0; at < signatures.length; at += checkedAtOnce) {
        const part = signatures.slice(at, at + checkedAtOnce)
        if (part.some((signature, index) => right.get(at + index) !== signature)) await verifyAll(at, part)
      }
    },
  }
}

function checkOf(
  { signatureAlgorithm, hashAlgorithm, signatureFormat }: HashesToSign,
  publicKey: Uint8Array,
): HashCheck {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  if (signatureAlgorithm === 'Ecdsa') {
    if (key.asymmetricKeyType !== 'ec') return noneHolds
    return ecdsaVerifier(key, signatureFormat ?? 'ieee') ?? noneHolds
  }
  if (key.asymmetricKeyType !== 'rsa' || hashAlgorithm === null) return noneHolds
  const holds = signatureAlgorithm === 'RsaPss' ? pssHolds : pkcs1Holds
  return async (digests, signatures) =>
    signatures.map((signature, index) => {
      const digest = digests[index]
      return digest !== undefined && holds(key, hashAlgorithm, digest, signature)
    })
}

const noneHolds: HashCheck = async (_, signatures) => signatures.map(() => false)

function invalid(message: string): SigningError {
  return new SigningError('HASH_SIGNATURE_INVALID', `${message} It was thrown away.`)
}
