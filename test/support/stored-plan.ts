import { type ArtifactStore, allEntries, openPlan } from '../../artifacts/index.ts'
import type { DocumentReference, PlanNode } from '../../domain/index.ts'

/** Reads a stored plan whole. */
export async function readPlan(
  store: ArtifactStore,
  reference: DocumentReference,
): Promise<{ readonly head: Awaited<ReturnType<typeof openPlan>>['head']; readonly nodes: readonly PlanNode[] }> {
  const plan = await openPlan(store, reference)
  const nodes: PlanNode[] = []
  for await (const node of allEntries(plan)) nodes.push(node)
  return { head: plan.head, nodes }
}
