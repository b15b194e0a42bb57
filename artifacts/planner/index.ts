export { type PlanningFacts, planSigning } from './plan-signing.ts'
export { loadPlan, planDigest, storePlan } from './stored-plan.ts'
