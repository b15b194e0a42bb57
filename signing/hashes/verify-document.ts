import { type HashesToSign, hashDocument, signaturesInDocument } from '../../domain/index.ts'
import type { FilePasses } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import { checkSignatures, type SignaturesToCheck } from './check-signatures.ts'

/** So many signatures a thread verifies at once, with the slowest curve for a third of a second. */
const checkedAtOnce = 64
/** So few are verified here: they keep the event loop for less than a millisecond, and no thread has to be woken or started. */
const fewEnough = 4

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
 * @param passes whose threads verify: of a thousand signatures the event loop would be kept for a tenth of a second and more
 */
export function hashVerification(
  payload: HashesToSign,
  publicKey: Uint8Array,
  passes: Pick<FilePasses, 'work'>,
): HashVerification {
  const { hashes, signatureAlgorithm, hashAlgorithm, signatureFormat } = payload
  const asked = {
    signatureAlgorithm,
    hashAlgorithm,
    signatureFormat,
    publicKey: Buffer.from(publicKey).toString('base64'),
  }
  const module = new URL('./check-signatures.ts', import.meta.url).href
  /** What was found right, by the index of its hash. */
  const right = new Map<number, string>()

  async function verifyPart(first: number, signatures: readonly string[]): Promise<void> {
    const ofThese = hashes.slice(first, first + signatures.length)
    const parameters: SignaturesToCheck = { ...asked, hashes: ofThese, signatures }
    const holds =
      signatures.length <= fewEnough
        ? await checkSignatures(parameters)
        : ((await passes.work({ module, parameters })) as readonly boolean[])
    for (const [index, signature] of signatures.entries()) {
      if (holds[index] !== true)
        throw invalid(
          `The signature of hash ${first + index + 1} of ${hashes.length} does not hold by the certificate's key.`,
        )
      right.set(first + index, signature)
    }
  }

  async function verifyAll(first: number, signatures: readonly string[]): Promise<void> {
    for (let at = 0; at < signatures.length; at += checkedAtOnce)
      await verifyPart(first + at, signatures.slice(at, at + checkedAtOnce))
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

function invalid(message: string): SigningError {
  return new SigningError('HASH_SIGNATURE_INVALID', `${message} It was thrown away.`)
}
