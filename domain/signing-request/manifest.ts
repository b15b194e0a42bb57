import { canonicalJson } from '../canonical-json.ts'
import type { Sha256Digest } from '../digest.ts'
import type { Instant } from '../event.ts'
import type { SigningRequestId } from '../ids.ts'
import type { Artifact } from './source.ts'

/** A signature that was made and verified. */
export type MadeSignature = {
  /** The directive of the plan that asked for it. */
  readonly directive: string
  /** The RFC 3161 counter-signature, when the policy asked for one. */
  readonly timestamp: {
    readonly time: Instant
    readonly authority: string
    /** What the authority sent along that nothing signed covers, so that anything could stand there: a text for each. */
    readonly uncovered: readonly string[]
  } | null
}

/** What became of a file of the plan. */
export type SignedFile = {
  /** Which node of the plan it is: 0 for the artifact itself. */
  readonly node: number
  /** As the plan says it: names from the artifact inwards, the artifact's own file name first. */
  readonly path: readonly string[]
  readonly unsignedSha256: Sha256Digest
  readonly signedSha256: Sha256Digest
  /** Bytes. */
  readonly signedSize: number
  /** In the order in which they were made. */
  readonly signatures: readonly MadeSignature[]
  /** The signatures that became files of their own beside it: their names in its container. Only manifests have them. */
  readonly outputs?: readonly SignatureFile[]
}

/** A signature that is a file of its own. */
export type SignatureFile = {
  readonly name: string
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
}

/**
 * What an attempt to sign has made, beside the files themselves: the head of a document in the artifact store, whose
 * entries are a {@link SignedFile} each, in the order of the plan.
 */
export type SigningManifest = {
  readonly kind: 'signingManifest'
  readonly schemaVersion: 1
  readonly signingRequestId: SigningRequestId
  readonly attempt: number
  /** The plan that was carried out. */
  readonly planDigest: Sha256Digest
  /** SHA-256 of the signing certificate's DER, hexadecimal. */
  readonly certificateThumbprint: string
  readonly signedArtifact: Artifact
}

/** How many files `FilesSigned` names at the most; the manifest has them all. */
const mostLeadingFiles = 20

/** How long they may be together, in characters of canonical JSON: an event must stay small, however long paths are. */
const mostLeadingCharacters = 64 * 1024

/** The files that an event names of these, the first ones of a manifest: as many as stay within the limits of an event. */
export function leadingFiles(files: readonly SignedFile[]): readonly SignedFile[] {
  let left = mostLeadingCharacters
  const leading = files.map(({ outputs: _, ...file }) => file)
  const end = leading.findIndex((file, index) => {
    left -= canonicalJson(file).length
    return index === mostLeadingFiles || left < 0
  })
  return end === -1 ? leading : leading.slice(0, end)
}
