import type {
  AuthenticodeDirective,
  ExistingSignature,
  PlannedFile,
  SigningPlan,
  Submission,
} from '../../domain/index.ts'
import { assertDescribable, inspectPeFile } from '../../signing/authenticode/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactStore, StoredArtifact } from '../store/index.ts'
import { detectFormat } from './detect-format.ts'

/** What a plan is made from. */
export type PlanningFacts = {
  /** The request as its stream tells it. */
  readonly request: Submission
  /** SHA-256 of the signing certificate's DER, hexadecimal. */
  readonly certificateThumbprint: string
  /** Where the request's artifact is. */
  readonly store: Pick<ArtifactStore, 'open' | 'verify'>
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Settles what will be signed and how, from the stored bytes: hashes them anew, recognises the format, and digests what
 * the signature will cover. The same bytes and facts give the same plan, wherever and whenever: the worker plans for the
 * approvers, the signer plans again before it uses a key, and both plans must have one digest (law 2).
 *
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT`, `ARTIFACT_MISMATCH`, `FORMAT_NOT_SUPPORTED`, the codes
 *   of the format (`PE_…`, `AUTHENTICODE_DESCRIPTION_…`, `AUTHENTICODE_EXISTING_SIGNATURE_…`), `FILE_ALREADY_SIGNED`, each with the path of the file at fault; `ARTIFACT_STORE_…`, which alone are transient
 */
export async function planSigning(facts: PlanningFacts): Promise<SigningPlan> {
  const { request, certificateThumbprint } = facts
  return {
    schemaVersion: 1,
    signingRequestId: request.signingRequestId,
    projectId: request.projectId,
    signingPolicyId: request.signingPolicyId,
    signingPolicyVersion: request.signingPolicyVersion,
    certificateId: request.certificateId,
    certificateThumbprint,
    timestamp: request.timestamp,
    files: [await planFile(facts)],
  }
}

async function planFile({ request, store, signal }: PlanningFacts): Promise<PlannedFile> {
  const { fileName: path, sha256, size } = request.artifact
  return withPath(path, async () => {
    const stored = await store.open(sha256)
    if (stored.size !== size)
      throw new ArtifactError(
        'ARTIFACT_MISMATCH',
        `The artifact in the store has ${stored.size} bytes; the one that was submitted has ${size}.`,
      )
    // First, so that nothing below reads bytes other than those that were submitted.
    await store.verify(sha256, { signal })
    const format = await detectFormat(stored, path)
    return { path, format, sha256, size, ...(await planAuthenticode(stored, request, signal)) }
  })
}

async function planAuthenticode(
  stored: StoredArtifact,
  { program, existingSignatures: treatment }: Submission,
  signal: AbortSignal | undefined,
): Promise<Pick<PlannedFile, 'existingSignatures' | 'directives'>> {
  const { description, descriptionUrl } = program
  // What a signature cannot carry is found now, and not after people have approved it.
  assertDescribable({
    ...(description !== null && { description }),
    ...(descriptionUrl !== null && { descriptionUrl }),
  })
  const hashAlgorithm = 'sha256'
  const append = treatment === 'append'
  const { contentDigest, existingSignatures } = await inspectPeFile(stored.path, { hashAlgorithm, append, signal })
  if (treatment === 'refuse') refuseSigned(existingSignatures)
  const directive: AuthenticodeDirective = {
    directive: 'authenticode-sign',
    hashAlgorithm,
    append,
    description,
    descriptionUrl,
    contentDigest: contentDigest.toString('hex'),
  }
  return { existingSignatures, directives: [directive] }
}

function refuseSigned(existing: readonly ExistingSignature[]): void {
  if (existing.length === 0) return
  const signers = existing.map((each) =>
    each.kind === 'signature' ? (each.signer ?? 'an unknown signer') : 'unreadable',
  )
  throw new ArtifactError(
    'FILE_ALREADY_SIGNED',
    `The file carries signatures already (${signers.join('; ')}), and the submission refuses such files.`,
  )
}

/** Names the file in every error that is about one. */
async function withPath<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ArtifactError || error instanceof SigningError)) throw error
    throw new ArtifactError(error.code, error.message, { transient: error.transient, path, cause: error })
  }
}
