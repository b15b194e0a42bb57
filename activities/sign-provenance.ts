import type { ArtifactStore, StoredManifest } from '../artifacts/index.ts'
import {
  type KeyId,
  Refusal,
  type SignedFile,
  type SignedProvenance,
  type SigningRequest,
  type StoredStatement,
} from '../domain/index.ts'
import type { SigningKey } from '../signing/signing-key.ts'
import {
  bundleDocument,
  envelopeDocument,
  type ProvenanceFacts,
  provenanceStatement,
  StatementError,
  signStatement,
  verifyProvenance,
} from '../statements/index.ts'

/** What an attempt has signed, and by what. */
type SignedWork = {
  readonly request: SigningRequest
  /** As the store has it. */
  readonly manifest: Pick<StoredManifest, 'manifest' | 'document'>
  /** The files of the manifest: all, or more than `mostProvenanceFiles`. */
  readonly files: readonly SignedFile[]
  readonly keyId: KeyId
  /** Asks the log before each use whether the attempt is still authorised. */
  readonly key: SigningKey
}

/**
 * States where what an attempt has signed comes from: makes its provenance, signs it by the key that is for it, reads it
 * again as a stranger would, and has the store take it. The attempt's start is in the log, and names the key.
 *
 * @returns `undefined` where the origin of the artifact was not verified
 * @throws Refusal `PROVENANCE_INVALID`; SigningError `PKCS11_…`; ArtifactError `ARTIFACT_STORE_…`; what the key asks
 */
export async function signProvenance(
  store: Pick<ArtifactStore, 'put'>,
  work: SignedWork,
): Promise<SignedProvenance | undefined> {
  const facts = provenanceFacts(work)
  if (facts === undefined) return undefined
  const { key, keyId } = work
  const signed = await signStatement(key, provenanceStatement(facts))
  const envelope = envelopeDocument(signed)
  const bundle = bundleDocument(signed, key.publicKey)
  verify({ envelope, bundle }, { facts, work })
  return { keyId, envelope: await stored(store, envelope), bundle: await stored(store, bundle) }
}

/** What does not verify is thrown away, and the request waits: it is no fault of its own. */
function verify(
  documents: { readonly envelope: Uint8Array; readonly bundle: Uint8Array },
  { facts, work }: { readonly facts: ProvenanceFacts; readonly work: SignedWork },
): void {
  const { commitId, repository } = facts.origin
  const { signedArtifact } = work.manifest.manifest
  const { publicKey } = work.key
  try {
    const expected = { signedSha256: signedArtifact.sha256, commitId, repositoryUrl: repository.url, publicKey }
    verifyProvenance(documents, expected)
  } catch (error) {
    if (!(error instanceof StatementError)) throw error
    throw new Refusal('PROVENANCE_INVALID', `The provenance that was signed does not verify: ${error.message}`, {
      reason: error.code,
    })
  }
}

function provenanceFacts({ request, manifest, files }: SignedWork): ProvenanceFacts | undefined {
  const {
    origin: found,
    addedBuildData,
    organizationId,
    projectId,
    signingPolicyId,
    signingPolicyVersion,
    certificateId,
  } = request
  if (found?.verified == null) return undefined
  const { signingRequestId, attempt, planDigest, certificateThumbprint } = manifest.manifest
  const policy = { projectId, signingPolicyId, signingPolicyVersion }
  return {
    ...found.verified,
    trustedBuildSystem: { id: found.trustedBuildSystemId, kind: found.kind },
    evidence: found.evidence,
    signing: {
      ...{ signingRequestId, organizationId, ...policy },
      ...{ certificateId, certificateThumbprint, planDigest, attempt },
    },
    files,
    ...(addedBuildData && { builtSha256: addedBuildData.builtArtifact.sha256 }),
    manifest: { sha256: manifest.document },
  }
}

async function stored(store: Pick<ArtifactStore, 'put'>, document: Uint8Array): Promise<StoredStatement> {
  const { sha256, size } = await store.put(bytesOf(document))
  return { sha256, size }
}

async function* bytesOf(document: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield document
}
