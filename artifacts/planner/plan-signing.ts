import type {
  Artifact,
  AuthenticodeDirective,
  ExistingSignature,
  PlannedFile,
  SigningPlan,
  Submission,
} from '../../domain/index.ts'
import { assertDescribable, inspectSignatures } from '../../signing/authenticode/index.ts'
import type { FilePasses } from '../../signing/file-passes/index.ts'
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

/** What every signature of this release is made with. */
const hashAlgorithm = 'sha256' as const

/**
 * Settles what will be signed and how, from the stored bytes: hashes them anew, recognises the format, and digests what
 * the signature will cover, all in one pass. The same bytes and facts give the same plan, wherever and whenever: the
 * worker plans for the approvers, the signer plans again before it uses a key, and both plans must have one digest
 * (law 2).
 *
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT`, `ARTIFACT_MISMATCH`, `FORMAT_NOT_SUPPORTED`, the codes
 *   of the format (`PE_…`, `AUTHENTICODE_DESCRIPTION_…`, `AUTHENTICODE_EXISTING_SIGNATURE_…`), `FILE_ALREADY_SIGNED`, each
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
  const { request } = facts
  const { fileName: path, sha256, size } = request.artifact
  return withPath(path, async () => {
    // What a signature cannot carry is found now, and not after people have approved it.
    const described = describe(request)
    const copy = await readArtifact(facts, { path, sha256, size }, { hashAlgorithm, copyTo })
    try {
      const planned = await planAuthenticode(facts, copy, described)
      return { planned: { path, format: copy.format, sha256, size, ...planned }, copy }
    } catch (error) {
      await copy.handle.close()
      throw error
    }
  })
}

function describe({ program }: Submission): Submission['program'] {
  const { description, descriptionUrl } = program
  assertDescribable({
    ...(description !== null && { description }),
    ...(descriptionUrl !== null && { descriptionUrl }),
  })
  return { description, descriptionUrl }
}

async function planAuthenticode(
  { request, passes, signal, onProgress }: PlanningFacts,
  { handle, file, imageDigest }: ReadArtifact,
  { description, descriptionUrl }: Submission['program'],
): Promise<Pick<PlannedFile, 'existingSignatures' | 'directives'>> {
  const treatment = request.existingSignatures
  const append = treatment === 'append'
  const inspection = { hashAlgorithm, append, passes, signal, onProgress }
  const existingSignatures = await inspectSignatures(handle, file, imageDigest, inspection)
  if (treatment === 'refuse' && existingSignatures.length > 0) throw alreadySigned(existingSignatures)
  const directive: AuthenticodeDirective = {
    directive: 'authenticode-sign',
    hashAlgorithm,
    append,
    description,
    descriptionUrl,
    contentDigest: Buffer.from(imageDigest).toString('hex'),
  }
  return { existingSignatures, directives: [directive] }
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
