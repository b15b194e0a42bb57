export { checkHeader, type FileHeader } from './check-header.ts'
export { type ComposedPlan, withComposedPlan } from './compose-plan.ts'
export { type FileToSign, type PlannedCopy, type PlanningFacts, planOnCopies, planSigning } from './plan-signing.ts'
export { type OpenPlan, openPlan } from './stored-plan.ts'
