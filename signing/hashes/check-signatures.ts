import { createPublicKey } from 'node:crypto'
import type { HashesToSign } from '../../domain/index.ts'
import type { DoFileWork } from '../file-passes/index.ts'
import { ecdsaVerifier, type HashCheck } from './verify-ecdsa.ts'
import { pkcs1Holds, pssHolds } from './verify-rsa.ts'

/** Signatures, the hashes that they are of, in the same order, and by which key and algorithm. Plain data: threads pass it on. */
export type SignaturesToCheck = Pick<HashesToSign, 'signatureAlgorithm' | 'hashAlgorithm' | 'signatureFormat'> & {
  /** DER SubjectPublicKeyInfo, base64. */
  readonly publicKey: string
  /** Base64. */
  readonly hashes: readonly string[]
  /** As they will stand in the document. */
  readonly signatures: readonly string[]
}

/** Says of each signature whether it holds, and is written as base64 is written. */
export async function checkSignatures(asked: SignaturesToCheck): Promise<readonly boolean[]> {
  const { hashes, signatures } = asked
  const bytes = signatures.map((signature) => Buffer.from(signature, 'base64'))
  const holds = await checkOf(asked)(
    hashes.map((hash) => Buffer.from(hash, 'base64')),
    bytes,
  )
  return signatures.map((signature, index) => holds[index] === true && bytes[index]?.toString('base64') === signature)
}

/** The same in a thread of {@link FilePasses}. */
export const doFileWork: DoFileWork<SignaturesToCheck, readonly boolean[]> = checkSignatures

function checkOf({ signatureAlgorithm, hashAlgorithm, signatureFormat, publicKey }: SignaturesToCheck): HashCheck {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
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
