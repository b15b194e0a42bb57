import type {
  Artifact,
  CertificateFormat,
  DocumentReference,
  KeyAlgorithm,
  PlanNodeContent,
  SigningPlan,
  Submission,
} from '../../domain/index.ts'
import { completeOrders } from '../../signing/directives.ts'
import type { FilePasses } from '../../signing/file-passes/index.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { storeDocument } from '../documents/index.ts'
import { signerSpools } from '../signer-scratch.ts'
import type { ArtifactStore } from '../store/index.ts'
import { type ComposedPlan, withComposedPlan } from './compose-plan.ts'
import { alreadySigned, notKept, plannerUnsupported, withPath } from './planning-errors.ts'
import { type ReadArtifact, readArtifact } from './read-artifact.ts'

/** What a plan is made from. */
export type PlanningFacts = {
  /** The request as its stream has it, and what its bytes are, as its `ArtifactRetrieved` says. */
  readonly request: Submission & { readonly artifact: Artifact }
  /** SHA-256 of the signing certificate's DER, hexadecimal. */
  readonly certificateThumbprint: string
  /** The type of its key. */
  readonly keyAlgorithm: KeyAlgorithm
  /** What the certificate is; X.509 when it is left out. */
  readonly certificateFormat?: CertificateFormat
  /** Whether the policy's version at submission allows signatures of bytes that say nothing of what they are. */
  readonly rawSigningAllowed?: boolean
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

/** What is planned of a file, before it has its place in the tree. */
export type FileToSign = Extract<PlanNodeContent, { readonly kind: 'file' }>

/** A planned file and the signer's own copy of it, which is what was hashed for the plan. */
export type PlannedCopy = {
  /** Which node of the plan it is. */
  readonly node: number
  readonly planned: FileToSign
  readonly copy: ReadArtifact
}

/** A plan that was stored. */
export type StoredPlan = DocumentReference & {
  readonly plannerVersion: number
  readonly nodeCount: number
  /** How many files will be signed. */
  readonly fileCount: number
}

/** Finds what a plan says of an artifact. */
type Planner = (facts: PlanningFacts, copyTo?: string) => Promise<PlannedCopy>

/**
 * The planners that this release has, by their versions. A change after which the same bytes and facts give another plan is
 * another planner; the one before stays as long as requests that it planned may wait for signers.
 */
const planners: Readonly<Record<number, Planner>> = { 1: planFile }

/** The version of the planner that makes new plans. */
const currentPlannerVersion = 1

/**
 * Settles what will be signed and how, from the stored bytes, and stores that plan: hashes them anew, recognizes the format, and has it
 * digest what the signature will cover, all in one pass. The same bytes and facts give the same plan, wherever and whenever: the
 * worker plans for the approvers, the signer plans again before it uses a key, and both plans must have one digest
 * (law 2).
 *
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT`, `ARTIFACT_MISMATCH`, `FORMAT_NOT_SUPPORTED`, the codes
 *   of the format, `DIRECTIVE_INVALID`, `CERTIFICATE_FORMAT_UNSUITABLE`, `KEY_ALGORITHM_UNSUITABLE`, `RAW_SIGNING_NOT_ALLOWED`,
 *   `TIMESTAMP_NOT_POSSIBLE`, `FILE_ALREADY_SIGNED`, each with the path of the file at fault; `ARTIFACT_CHANGED` and `ARTIFACT_STORE_…`, which are transient
 * @throws SigningError `FILE_PASS_FAILED`, transient
 */
export async function createSigningPlan(
  facts: PlanningFacts & { readonly store: Pick<ArtifactStore, 'open' | 'put' | 'withScratch'> },
): Promise<StoredPlan> {
  const { store } = facts
  const plannerVersion = currentPlannerVersion
  const { planned, copy } = await plannerOf(plannerVersion)(facts)
  await copy.handle.close()
  return store.withScratch((folder) =>
    withComposedPlan(planOf(facts, plannerVersion), [planned], { folder }, async (composed) => {
      const { entryCount: nodeCount, signedCount: fileCount } = composed
      return { ...(await storeDocument(store, composed)), plannerVersion, nodeCount, fileCount }
    }),
  )
}

/**
 * Plans again as {@link createSigningPlan} did, and has the stored bytes copied into a folder as they are read. What the plan says
 * of a file is true of its copy, whatever becomes of the store.
 *
 * @param options.folder where nobody else writes; the copies have names of their own in it
 * @param options.plannerVersion which planner made the plan
 * @param use gets the plan and the copies, which are open for reading and writing until it answers
 * @throws as {@link createSigningPlan}; ArtifactError `PLANNER_VERSION_UNSUPPORTED`; `SIGNER_SCRATCH_…`, transient
 */
export async function planOnCopies<Result>(
  facts: PlanningFacts,
  { folder, plannerVersion }: { readonly folder: string; readonly plannerVersion: number },
  use: (composed: ComposedPlan, copies: readonly PlannedCopy[]) => Promise<Result>,
): Promise<Result> {
  const planned = await plannerOf(plannerVersion)(facts, `${folder}/0`)
  const plan = planOf(facts, plannerVersion)
  try {
    return await withComposedPlan(plan, [planned.planned], signerSpools(folder), (composed) => use(composed, [planned]))
  } finally {
    await planned.copy.handle.close()
  }
}

function plannerOf(version: number): Planner {
  const planner = Object.hasOwn(planners, version) ? planners[version] : undefined
  if (planner !== undefined) return planner
  throw plannerUnsupported(version, Object.keys(planners))
}

/** The head of a request's plan. */
export function planOf(
  { request, certificateThumbprint }: Pick<PlanningFacts, 'request' | 'certificateThumbprint'>,
  plannerVersion: number,
): SigningPlan {
  return {
    kind: 'signingPlan',
    schemaVersion: 1,
    plannerVersion,
    signingRequestId: request.signingRequestId,
    projectId: request.projectId,
    signingPolicyId: request.signingPolicyId,
    signingPolicyVersion: request.signingPolicyVersion,
    certificateId: request.certificateId,
    certificateThumbprint,
    timestamp: request.timestamp,
  }
}

async function planFile(facts: PlanningFacts, copyTo?: string): Promise<PlannedCopy> {
  const { request, passes, signal, onProgress } = facts
  const { fileName: path, sha256, size } = request.artifact
  const ordersFor = (format: SignatureFormat) =>
    completeOrders(format, format.defaultOrders(request), { ...facts, timestamp: request.timestamp })
  return withPath([path], async () => {
    const copy = await readArtifact({ ...facts, ordersFor, copyTo }, { path, sha256, size })
    try {
      const { format } = copy
      const planned = await format.plan(copy, ordersFor(format), { passes, signal, onProgress })
      const { existingSignatures, directives, warnings = [] } = planned
      if (request.existingSignatures === 'refuse' && existingSignatures.length > 0)
        throw alreadySigned(existingSignatures)
      if (request.existingSignatures === 'append' && existingSignatures.some(({ outcome }) => outcome === 'replaced'))
        throw notKept(format)
      const said = warnings.length > 0 && { warnings }
      const content = { sha256, size, format: format.name, existingSignatures, directives, ...said }
      return { node: 0, planned: { kind: 'file', path: [path], outcome: 'signed', element: null, ...content }, copy }
    } catch (error) {
      await copy.handle.close()
      throw error
    }
  })
}
