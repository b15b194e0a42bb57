import type { ExistingSignature } from '../../domain/index.ts'
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
  const digests = new Map<string, Uint8Array>()
  const digestBy = (hash: string) => {
    const digest = digests.get(hash) ?? fileDigest(hash)
    digests.set(hash, digest)
    return digest
  }
  const described: ExistingSignature[] = []
  for (const found of readExistingSignatures(encoded, place)) {
    if (described.length === descriptionLimit)
      return [
        ...described,
        describe(unreadableSignature(new Uint8Array(), 'There are more signatures, which are not listed.')),
      ]
    described.push(describe(found))
  }
  return described

  function describe(found: FoundSignature): ExistingSignature {
    return found.describe('replaced', digestBy)
  }
}

/** Describes bytes in the place of a signature that are none. */
export function describeUnreadable(bytes: Uint8Array, reason: string, place: ExistingPlace): ExistingSignature {
  return unreadableSignature(bytes, reason, { ...place, depth: 0 }).describe('replaced', () => undefined)
}
