import type { Decider } from '../decider.ts'
import type { SigningRequestCommand } from './commands.ts'
import { decide } from './decide.ts'
import type { SigningRequestEvent } from './events.ts'
import { evolve, initialState, type SigningRequestState } from './state.ts'

export * from './build-data.ts'
export * from './build-reference.ts'
export * from './claimed-origin.ts'
export type {
  Approve,
  ApproveByGrant,
  Cancel,
  Deny,
  RecordDelay,
  RecordOrigin,
  RecordPlan,
  RecordResubmission,
  SigningRequestCommand,
  SubmitSigningRequest,
} from './commands.ts'
export * from './configuration.ts'
export { nextTry, nextTryOf } from './delay.ts'
export * from './dependencies.ts'
export * from './earlier-request.ts'
export * from './events.ts'
export type { RequestFailure } from './failure.ts'
export * from './judge-origin.ts'
export * from './manifest.ts'
export type * from './origin-events.ts'
export * from './plan.ts'
export * from './provenance.ts'
export * from './quorum.ts'
export * from './source.ts'
export {
  type Approval,
  type Denial,
  type ManifestOfRequest,
  type OriginOfRequest,
  openSigningRequest,
  retrieved,
  type SigningRequest,
  type SigningRequestState,
} from './state.ts'
export * from './workflow-status.ts'

/** Signing request: from submission through approval to a signature. */
export const signingRequestDecider: Decider<SigningRequestState, SigningRequestCommand, SigningRequestEvent> = {
  initialState,
  decide,
  evolve,
  eventTypes: [
    'SigningRequestSubmitted',
    'ArtifactRetrieved',
    'OriginVerified',
    'OriginRejected',
    'BuildDataAdded',
    'SigningPlanned',
    'ApprovalGranted',
    'ApprovalInvalidated',
    'ApprovalDenied',
    'ApprovalExpired',
    'SigningRequestCanceled',
    'SigningStarted',
    'FilesSigned',
    'ProvenanceSigned',
    'SigningRequestCompleted',
    'SigningRequestResubmitted',
    'SigningRequestFailed',
    'SigningRequestDelayed',
  ],
  schemaVersions: {
    SigningRequestSubmitted: 5,
    ApprovalGranted: 3,
    ApprovalInvalidated: 2,
    SigningRequestCanceled: 2,
    SigningRequestFailed: 2,
  },
}
