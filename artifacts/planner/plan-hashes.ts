import { createHash } from 'node:crypto'
import { checkHashes, type HashesToSign, hashDocument, requireKeyForHashes } from '../../domain/index.ts'
import { hashDocumentFormat, plannedHashes } from '../../signing/hashes/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import { storeDocument } from '../documents/index.ts'
import { signerSpools } from '../signer-scratch.ts'
import type { ArtifactStore } from '../store/index.ts'
import { type ComposedPlan, withComposedPlan } from './compose-plan.ts'
import { type FileToSign, type PlanningFacts, planOf, type StoredPlan } from './plan-signing.ts'
import { plannerUnsupported } from './planning-errors.ts'

/** What plans of hashes are made from. */
export type HashPlanningFacts = Pick<PlanningFacts, 'request' | 'certificateThumbprint' | 'keyAlgorithm'>

/** The version of what plans hashes. */
const hashPlannerVersion = 1

/**
 * Settles which hashes will be signed and how, and stores that plan. The hashes stand in the request's submission, so nothing is
 * read for them.
 *
 * @throws ArtifactError `ARTIFACT_MISMATCH`, `ARTIFACT_STORE_…`
 * @throws Refusal `HASH_PAYLOAD_MALFORMED`, `HASH_LENGTH_WRONG`, `KEY_ALGORITHM_UNSUITABLE`
 */
export function createHashPlan(
  facts: HashPlanningFacts,
  payload: HashesToSign,
  store: Pick<ArtifactStore, 'put' | 'withScratch'>,
): Promise<StoredPlan> {
  const plan = planOf(facts, hashPlannerVersion)
  return store.withScratch((folder) =>
    withComposedPlan(plan, [planHashes(facts, payload)], { folder }, async (composed) => {
      const { entryCount: nodeCount, signedCount: fileCount } = composed
      return { ...(await storeDocument(store, composed)), plannerVersion: hashPlannerVersion, nodeCount, fileCount }
    }),
  )
}

/**
 * Plans again as {@link createHashPlan} did.
 *
 * @param options.folder where nobody else writes
 * @param use gets the plan, which can be read until it answers, and its only file
 * @throws as {@link createHashPlan}; ArtifactError `PLANNER_VERSION_UNSUPPORTED`, `SIGNER_SCRATCH_…`
 */
export function planHashesAgain<Result>(
  facts: HashPlanningFacts,
  payload: HashesToSign,
  { folder, plannerVersion }: { readonly folder: string; readonly plannerVersion: number },
  use: (composed: ComposedPlan, planned: FileToSign) => Promise<Result>,
): Promise<Result> {
  if (plannerVersion !== hashPlannerVersion) throw plannerUnsupported(plannerVersion, [String(hashPlannerVersion)])
  const planned = planHashes(facts, payload)
  return withComposedPlan(planOf(facts, plannerVersion), [planned], signerSpools(folder), (composed) =>
    use(composed, planned),
  )
}

/** What a plan says of hashes. The document in the store, which people can download, must be the one that follows from them. */
function planHashes({ request, keyAlgorithm }: HashPlanningFacts, payload: HashesToSign): FileToSign {
  checkHashes(payload)
  requireKeyForHashes(payload, keyAlgorithm)
  const { fileName, sha256, size } = request.artifact
  const document = hashDocument(payload)
  if (createHash('sha256').update(document).digest('hex') !== sha256 || Buffer.byteLength(document) !== size)
    throw new ArtifactError('ARTIFACT_MISMATCH', 'The artifact is not the document of the hashes that were submitted.')
  const content = { sha256, size, format: hashDocumentFormat, existingSignatures: [] }
  const directives = [plannedHashes(payload)]
  return { kind: 'file', path: [fileName], outcome: 'signed', element: null, ...content, directives }
}
