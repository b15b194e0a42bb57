export { checkHeader, type FileHeader } from './check-header.ts'
export { type ComposedPlan, withComposedPlan } from './compose-plan.ts'
export { createHashPlan, type HashPlanningFacts, planHashesAgain } from './plan-hashes.ts'
export {
  createSigningPlan,
  type FileToSign,
  type PlannedCopy,
  type PlanningFacts,
  planOnCopies,
} from './plan-signing.ts'
export { type OpenPlan, openPlan } from './stored-plan.ts'
