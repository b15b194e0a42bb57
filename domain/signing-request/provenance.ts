import type { Sha256Digest } from '../digest.ts'
import type { KeyId } from '../ids.ts'
import type { Artifact } from './source.ts'

/** A document in the artifact store. */
export type StoredStatement = {
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
}

/** The provenance of what was signed, as the signer has made, signed and verified it. */
export type SignedProvenance = {
  /** The key that signed it. */
  readonly keyId: KeyId
  /** The DSSE envelope. */
  readonly envelope: StoredStatement
  /** The same envelope in a sigstore bundle. */
  readonly bundle: StoredStatement
}

/** The documents of a request's provenance, named after the signed artifact; `null` where it has none. */
export function provenanceFiles(request: {
  readonly provenance: SignedProvenance | null
  readonly signedArtifact: Artifact | null
}): { readonly envelope: Artifact; readonly bundle: Artifact } | null {
  const { provenance, signedArtifact } = request
  if (provenance === null || signedArtifact === null) return null
  const { fileName } = signedArtifact
  return {
    envelope: { fileName: `${fileName}.intoto.json`, ...provenance.envelope },
    bundle: { fileName: `${fileName}.sigstore.json`, ...provenance.bundle },
  }
}
