export * from './actor.ts'
export * from './algorithms.ts'
export * from './certificate/index.ts'
export * from './decider.ts'
export * from './digest.ts'
export * from './email-address.ts'
export * from './event.ts'
export * from './file-name.ts'
export * from './ids.ts'
export * from './organization/index.ts'
export * from './permissions.ts'
export * from './project/index.ts'
export * from './refusal.ts'
export * from './security.ts'
export * from './signing-policy/index.ts'
export {
  type Approval,
  type Artifact,
  type AuthenticodeDirective,
  canonicalJson,
  canonicalPlan,
  countedApprovers,
  type Denial,
  type FailureStatus,
  isFinalStatus,
  type PlannedFile,
  quorumReached,
  type RequestStatus,
  requestStatus,
  requestStatuses,
  type SigningPlan,
  type SigningRequest,
  type SigningRequestCommand,
  type SigningRequestEvent,
  type SigningRequestState,
  type Submission,
  signingRequestDecider,
  type WorkflowStatus,
  workflowStatuses,
} from './signing-request/index.ts'
export * from './slug.ts'
export * from './streams.ts'
export * from './text.ts'
export * from './user/index.ts'
