import type { ConfigurationOfRequest, SigningPlan } from '../../domain/index.ts'
import { storeDocument } from '../documents/index.ts'
import { signerSpools } from '../signer-scratch.ts'
import type { ArtifactStore } from '../store/index.ts'
import { type ComposedPlan, withComposedPlan } from './compose-plan.ts'
import { type PlanningFacts, planOf, type StoredPlan } from './plan-signing.ts'
import { planTree, type TreePlanning } from './plan-tree.ts'
import { plannerUnsupported } from './planning-errors.ts'
import { nodesOf, type TreeNode } from './tree-node.ts'

/** What plans by artifact configurations are made from. */
export type TreePlanningFacts = PlanningFacts &
  TreePlanning & {
    /** That of the request. */
    readonly configuration: ConfigurationOfRequest
    /** When the request was submitted. */
    readonly at: Date
  }

/** The version of the planner that goes by artifact configurations. */
const treePlannerVersion = 2

/**
 * Settles by an artifact configuration what will be signed inside what and how, and stores that plan. As with `createSigningPlan`, the
 * same bytes and facts give the same plan.
 *
 * @throws ArtifactError as `planTree`; `ARTIFACT_STORE_…`, transient
 */
export function createTreePlan(
  facts: TreePlanningFacts & { readonly store: Pick<ArtifactStore, 'open' | 'put' | 'withScratch'> },
): Promise<StoredPlan> {
  const { store } = facts
  return store.withScratch((folder) =>
    planTree(treeFacts(facts), { folder, copy: false }, (tree) =>
      withComposedPlan(headOf(facts), nodesOf(tree), { folder }, async (composed) => {
        const { entryCount: nodeCount, signedCount: fileCount } = composed
        return { ...(await storeDocument(store, composed)), plannerVersion: treePlannerVersion, nodeCount, fileCount }
      }),
    ),
  )
}

/**
 * Plans again as {@link createTreePlan} did, on the signer's own copy of the artifact: what the plan says of a file is true of the copies
 * that the tree names, whatever becomes of the store.
 *
 * @param options.folder where nobody else writes
 * @param use gets the plan and the tree; the copies are there until it answers
 * @throws as {@link createTreePlan}; ArtifactError `PLANNER_VERSION_UNSUPPORTED`, `SIGNER_SCRATCH_…`
 */
export async function planTreeOnCopies<Result>(
  facts: TreePlanningFacts,
  { folder, plannerVersion }: { readonly folder: string; readonly plannerVersion: number },
  use: (composed: ComposedPlan, tree: TreeNode) => Promise<Result>,
): Promise<Result> {
  if (plannerVersion !== treePlannerVersion) throw plannerUnsupported(plannerVersion, [String(treePlannerVersion)])
  return planTree(treeFacts(facts), { folder, copy: true }, (tree) =>
    withComposedPlan(headOf(facts), nodesOf(tree), signerSpools(folder), (composed) => use(composed, tree)),
  )
}

function treeFacts(facts: TreePlanningFacts) {
  const { artifact, timestamp, existingSignatures } = facts.request
  return { ...facts, artifact, timestamp, existingSignatures }
}

function headOf(facts: TreePlanningFacts): SigningPlan {
  const { configuration: artifactConfiguration } = facts
  return { ...planOf(facts, treePlannerVersion), schemaVersion: 2, artifactConfiguration }
}
