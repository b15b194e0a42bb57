export { checkHeader, type FileHeader } from './check-header.ts'
export { type PlannedCopy, type PlanningFacts, planOnCopies, planSigning } from './plan-signing.ts'
export { loadPlan, planDigest, storePlan } from './stored-plan.ts'
