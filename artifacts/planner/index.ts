export { checkHeader, type FileHeader } from './check-header.ts'
export { type ComposedPlan, withComposedPlan } from './compose-plan.ts'
export { digestFile } from './digest-file.ts'
export { type DryRun, type DryRunMeans, type DryRunProblem, dryRun } from './dry-run.ts'
export { inParallel } from './in-parallel.ts'
export { type InspectedFile, inspectArtifact, type JudgedFile, judgeArtifact } from './inspect-artifact.ts'
export { createTreePlan, planTreeOnCopies, type TreePlanningFacts } from './plan-artifact.ts'
export { createHashPlan, type HashPlanningFacts, planHashesAgain } from './plan-hashes.ts'
export {
  createSigningPlan,
  type FileToSign,
  type PlannedCopy,
  type PlanningFacts,
  planOnCopies,
} from './plan-signing.ts'
export type { TreePlanning } from './plan-tree.ts'
export { matchedText, withElement, withPath } from './planning-errors.ts'
export { type OpenPlan, openPlan } from './stored-plan.ts'
export type { SigningAbilities, TreeLimits } from './tree-means.ts'
export { changes, numbered, type TreeNode } from './tree-node.ts'
export { openedContainers } from './unopened-container.ts'
export { unpackEntries } from './unpack-entries.ts'
