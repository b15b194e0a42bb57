import type {
  Artifact,
  ExistingSignature,
  KeyAlgorithm,
  PlannedFile,
  SigningPlan,
  Submission,
} from '../../domain/index.ts'
import { completeOrders } from '../../signing/directives.ts'
import type { FilePasses } from '../../signing/file-passes/index.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactStore } from '../store/index.ts'
import { type ReadArtifact, readArtifact } from './read-artifact.ts'

/** What a plan is made from. */
export type PlanningFacts = {
  /** The request as its stream tells it, and what its bytes are, as its `ArtifactRetrieved` says. */
  readonly request: Submission & { readonly artifact: Artifact }
  /** SHA-256 of the signing certificate's DER, hexadecimal. */
  readonly certificateThumbprint: string
  /** The type of its key. */
  readonly keyAlgorithm: KeyAlgorithm
  /** What can be signed. */
  readonly formats: readonly SignatureFormat[]
  /** Where the request's artifact is. */
  readonly store: Pick<ArtifactStore, 'open'>
  /** What reads it. */
  readonly passes: FilePasses
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called after every few MiB. */
  readonly onProgress?: (() => void) | undefined
}

/** A planned file and the signer's own copy of it, which is what was hashed for the plan. */
export type PlannedCopy = {
  readonly planned: PlannedFile
  readonly copy: ReadArtifact
}

/**
 * Settles what will be signed and how, from the stored bytes: hashes them anew, recognizes the format, and has it
 * digest what the signature will cover, all in one pass. The same bytes and facts give the same plan, wherever and whenever: the
 * worker plans for the approvers, the signer plans again before it uses a key, and both plans must have one digest
 * (law 2).
 *
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT`, `ARTIFACT_MISMATCH`, `FORMAT_NOT_SUPPORTED`, the codes
 *   of the format, `DIRECTIVE_INVALID`, `KEY_ALGORITHM_UNSUITABLE`, `TIMESTAMP_NOT_POSSIBLE`, `FILE_ALREADY_SIGNED`, each
 *   with the path of the file at fault; `ARTIFACT_CHANGED` and `ARTIFACT_STORE_…`, which are transient
 * @throws SigningError `FILE_PASS_FAILED`, transient
 */
export async function planSigning(facts: PlanningFacts): Promise<SigningPlan> {
  const { planned, copy } = await planFile(facts)
  await copy.handle.close()
  return planOf(facts, [planned])
}

/**
 * Plans as {@link planSigning} does, and has the stored bytes copied into a folder as they are read. What the plan says of
 * a file is true of its copy, whatever becomes of the store.
 *
 * @param folder where nobody else writes; the copies have names of their own in it
 * @param use gets the plan and the copies, which are open for reading and writing until it answers
 * @throws as {@link planSigning}; ArtifactError `SIGNER_SCRATCH_…`, transient
 */
export async function planOnCopies<Result>(
  facts: PlanningFacts,
  folder: string,
  use: (plan: SigningPlan, copies: readonly PlannedCopy[]) => Promise<Result>,
): Promise<Result> {
  const planned = await planFile(facts, `${folder}/0`)
  try {
    return await use(planOf(facts, [planned.planned]), [planned])
  } finally {
    await planned.copy.handle.close()
  }
}

function planOf({ request, certificateThumbprint }: PlanningFacts, files: readonly PlannedFile[]): SigningPlan {
  return {
    schemaVersion: 1,
    signingRequestId: request.signingRequestId,
    projectId: request.projectId,
    signingPolicyId: request.signingPolicyId,
    signingPolicyVersion: request.signingPolicyVersion,
    certificateId: request.certificateId,
    certificateThumbprint,
    timestamp: request.timestamp,
    files,
  }
}

async function planFile(facts: PlanningFacts, copyTo?: string): Promise<PlannedCopy> {
  const { request, keyAlgorithm, passes, signal, onProgress } = facts
  const { fileName: path, sha256, size } = request.artifact
  const { timestamp } = request
  const ordersFor = (format: SignatureFormat) =>
    completeOrders(format, format.defaultOrders(request), { keyAlgorithm, timestamp })
  return withPath(path, async () => {
    const copy = await readArtifact({ ...facts, ordersFor, copyTo }, { path, sha256, size })
    try {
      const { format } = copy
      const planned = await format.plan(copy, ordersFor(format), { passes, signal, onProgress })
      const { existingSignatures, directives } = planned
      if (request.existingSignatures === 'refuse' && existingSignatures.length > 0)
        throw alreadySigned(existingSignatures)
      return { planned: { path, format: format.name, sha256, size, existingSignatures, directives }, copy }
    } catch (error) {
      await copy.handle.close()
      throw error
    }
  })
}

/**
 * The error of a file that is signed already and must not be.
 *
 * @param existing its signatures, where they were read
 */
export function alreadySigned(existing: readonly ExistingSignature[] = []): ArtifactError {
  const signers = existing.map((each) =>
    each.kind === 'signature' ? (each.signer ?? 'an unknown signer') : 'unreadable',
  )
  const named = signers.length === 0 ? '' : ` (${signers.join('; ')})`
  return new ArtifactError(
    'FILE_ALREADY_SIGNED',
    `The file carries signatures already${named}, and the submission refuses such files.`,
  )
}

/** Names the file in every error that is about one. */
export async function withPath<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ArtifactError || error instanceof SigningError)) throw error
    throw new ArtifactError(error.code, error.message, { transient: error.transient, path, cause: error })
  }
}
