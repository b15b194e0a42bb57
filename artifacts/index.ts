export * from './artifact-error.ts'
export * from './collection/index.ts'
export {
  findUnsupported,
  parseInThread,
  publishedSchema,
  resolveParameters,
  type SuggestedConfiguration,
  type SupportedLanguage,
} from './configuration/index.ts'
export { type FileToCheck, signTree, type TreeSigner, type VerifiedFile, verifyTree } from './deep-signer/index.ts'
export { allEntries, RecentHeads, storeDocument } from './documents/index.ts'
export { type OpenManifest, openManifest, type StoredManifest, storeManifest } from './manifest.ts'
export { addBuildDataToStored, hashWithBuildData, type PackageBuildData } from './nuget/index.ts'
export {
  type ComposedPlan,
  changes,
  checkHeader,
  createHashPlan,
  createSigningPlan,
  createTreePlan,
  type DryRun,
  type DryRunMeans,
  type DryRunProblem,
  dryRun,
  type FileHeader,
  type FileToSign,
  type HashPlanningFacts,
  type InspectedFile,
  inspectArtifact,
  type JudgedFile,
  judgeArtifact,
  numbered,
  type OpenPlan,
  openedContainers,
  openPlan,
  type PlannedCopy,
  type PlanningFacts,
  planHashesAgain,
  planOnCopies,
  planTreeOnCopies,
  type SigningAbilities,
  type TreeLimits,
  type TreeNode,
  type TreePlanning,
  type TreePlanningFacts,
  withComposedPlan,
} from './planner/index.ts'
export { openSignerScratch, type SignerScratch, signerSpools } from './signer-scratch.ts'
export * from './store/index.ts'
export { suggestForSample } from './suggest-for-sample.ts'
