import type { ExistingSignature } from '../../domain/index.ts'
import type { ForeignSignature, ForeignTrust, ForeignVerdict } from '../foreign-verifier.ts'
import {
  type ExistingPlace,
  type FoundSignature,
  readExistingSignatures,
  unreadableSignature,
} from './existing-signature.ts'

/** That there are more is said, and no more of them. */
const descriptionLimit = 16

/**
 * Describes the signature that a file has, and those nested in it, as `replaced`: for formats whose files hold one. Paths and
 * validity are not judged, so that the answer is the same at any time.
 *
 * @param encoded what stands in the place of a ContentInfo
 * @param fileDigest the file's digest by a hash, as OpenSSL names it; asked for once for each
 */
export function describeReplaced(
  encoded: Uint8Array,
  place: ExistingPlace,
  fileDigest: (hash: string) => Uint8Array,
): readonly ExistingSignature[] {
  const digestBy = remembered(fileDigest)
  return firstOf(readExistingSignatures(encoded, place)).map((found) => found.describe('replaced', digestBy))
}

/** Describes bytes in the place of a signature that are none. */
export function describeUnreadable(bytes: Uint8Array, reason: string, place: ExistingPlace): ExistingSignature {
  return unreadable(bytes, reason, place).describe('replaced', () => undefined)
}

/**
 * Judges the signature that a file has, and those nested in it.
 *
 * @param encoded what stands in the place of a ContentInfo; `undefined` when it cannot be read
 * @param reason why it is no signature, whatever it holds
 */
export function judgeOnly(
  { encoded, reason }: { readonly encoded: Uint8Array | undefined; readonly reason?: string | undefined },
  place: ExistingPlace,
  fileDigest: (hash: string) => Uint8Array,
  trust: ForeignTrust,
): ForeignVerdict {
  const digestBy = remembered(fileDigest)
  const found =
    encoded === undefined || reason !== undefined
      ? [unreadable(encoded ?? new Uint8Array(), reason ?? '', place)]
      : firstOf(readExistingSignatures(encoded, place))
  return verdictOf(found.map((each) => each.judge(digestBy, trust)))
}

/** What is to be said of a file that has these signatures. */
export function verdictOf(signatures: readonly ForeignSignature[]): ForeignVerdict {
  return { isAccepted: signatures.length > 0 && signatures.every(({ verdict }) => verdict === 'valid'), signatures }
}

function firstOf(all: Iterable<FoundSignature>): readonly FoundSignature[] {
  const first: FoundSignature[] = []
  for (const found of all) {
    if (first.length === descriptionLimit)
      return [...first, unreadableSignature(new Uint8Array(), 'There are more signatures, which are not listed.')]
    first.push(found)
  }
  return first
}

function unreadable(bytes: Uint8Array, reason: string, place: ExistingPlace): FoundSignature {
  return unreadableSignature(bytes, reason, { ...place, depth: 0 })
}

function remembered(fileDigest: (hash: string) => Uint8Array): (hash: string) => Uint8Array {
  const digests = new Map<string, Uint8Array>()
  return (hash) => {
    const digest = digests.get(hash) ?? fileDigest(hash)
    digests.set(hash, digest)
    return digest
  }
}
