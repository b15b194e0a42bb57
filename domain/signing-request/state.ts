import type { Sha256Digest } from '../digest.ts'
import type { Instant } from '../event.ts'
import type { UserId } from '../ids.ts'
import type { PrincipalReference } from '../principal-reference.ts'
import type {
  Artifact,
  Delay,
  FileSigned,
  SigningRequestEvent,
  SigningRequestFailed,
  SigningRequestSubmitted,
  Submission,
} from './events.ts'
import { quorumReached } from './quorum.ts'
import { isFinalStatus, type WorkflowStatus } from './workflow-status.ts'

/** An approval that counts. */
export type Approval = {
  readonly approver: UserId
  /** What made the person an approver when they approved. */
  readonly through: readonly PrincipalReference[]
  readonly planDigest: Sha256Digest
  readonly comment: string | null
}

/** Why a request was denied. */
export type Denial =
  | { readonly kind: 'denied'; readonly approver: UserId; readonly comment: string | null }
  | { readonly kind: 'expired'; readonly deadline: Instant }

/** A request that was submitted. */
export type SigningRequest = Submission & {
  readonly workflowStatus: WorkflowStatus
  /** What the bytes are; `null` until they are known to be in the store. */
  readonly artifact: Artifact | null
  /** `null` until it was planned. */
  readonly plan: {
    readonly digest: Sha256Digest
    readonly fileCount: number
    /** When a request without quorum will be denied; `null` waits without end. */
    readonly approvalDeadline: Instant | null
  } | null
  /** In the order given; at most one a person. */
  readonly approvals: readonly Approval[]
  /** How many times signing was started. */
  readonly attempts: number
  /** Files signed by the attempt that completed. */
  readonly signedFiles: readonly FileSigned['data'][]
  readonly signedArtifact: Artifact | null
  readonly failure: SigningRequestFailed['data']['failure'] | null
  /** Why it does not go on now; `null` while it does, waits for people, or is over. */
  readonly waitingFor: Delay | null
  readonly denial: Denial | null
  readonly cancellation: { readonly canceledBy: UserId; readonly reason: string | null } | null
}

/** Before and after submission. */
export type SigningRequestState = { readonly workflowStatus: 'none' } | SigningRequest

/** The state before the first event. */
export function initialState(): SigningRequestState {
  return { workflowStatus: 'none' }
}

/**
 * The state after an event. A request that is over stays as it ended, and one that was submitted is not submitted again,
 * whatever else stands in its stream: no sequence of events reopens a request.
 */
export function evolve(state: SigningRequestState, event: SigningRequestEvent): SigningRequestState {
  if (state.workflowStatus === 'none') return event.type === 'SigningRequestSubmitted' ? submitted(event.data) : state
  if (isFinalStatus(state.workflowStatus)) return state
  switch (event.type) {
    case 'SigningRequestSubmitted':
      return state
    case 'SigningRequestDelayed': {
      const { schemaVersion: _, ...waitingFor } = event.data
      return { ...state, waitingFor }
    }
    case 'SigningStarted': {
      // What was away was a signer, or something that may be away still: then the next attempt shows.
      const waitingFor = state.waitingFor?.nextTryAt === null ? null : state.waitingFor
      return { ...state, workflowStatus: 'Processing', attempts: event.data.attempt, signedFiles: [], waitingFor }
    }
    default:
      return advanced({ ...state, waitingFor: null }, event)
  }
}

type Advance = Exclude<
  SigningRequestEvent,
  { type: 'SigningRequestSubmitted' | 'SigningRequestDelayed' | 'SigningStarted' }
>

/** The state after an event that shows that the request goes on. */
function advanced(state: SigningRequest, event: Advance): SigningRequest {
  switch (event.type) {
    case 'ArtifactRetrieved': {
      const { schemaVersion: _, ...artifact } = event.data
      return state.artifact === null ? { ...state, workflowStatus: 'QueuedForProcessing', artifact } : state
    }
    case 'SigningPlanned': {
      const { planDigest: digest, fileCount, approvalDeadline } = event.data
      return awaitingQuorum({ ...state, plan: { digest, fileCount, approvalDeadline } })
    }
    case 'ApprovalGranted': {
      const { schemaVersion: _, ...approval } = event.data
      return awaitingQuorum({ ...state, approvals: [...state.approvals, approval] })
    }
    case 'ApprovalInvalidated':
      return awaitingQuorum({
        ...state,
        approvals: state.approvals.filter(({ approver }) => approver !== event.data.approver),
      })
    case 'ApprovalDenied': {
      const { approver, comment } = event.data
      return { ...state, workflowStatus: 'Denied', denial: { kind: 'denied', approver, comment } }
    }
    case 'ApprovalExpired':
      return { ...state, workflowStatus: 'Denied', denial: { kind: 'expired', deadline: event.data.deadline } }
    case 'SigningRequestCanceled': {
      const { canceledBy, reason } = event.data
      return { ...state, workflowStatus: 'Canceled', cancellation: { canceledBy, reason } }
    }
    case 'FileSigned':
      return { ...state, signedFiles: [...state.signedFiles, event.data] }
    case 'SigningRequestCompleted':
      return { ...state, workflowStatus: 'Completed', signedArtifact: event.data.signedArtifact }
    case 'SigningRequestFailed':
      return { ...state, workflowStatus: event.data.workflowStatus, failure: event.data.failure }
  }
}

function submitted({ schemaVersion: _, ...submission }: SigningRequestSubmitted['data']): SigningRequest {
  return {
    ...submission,
    workflowStatus: 'Submitted',
    artifact: null,
    plan: null,
    approvals: [],
    attempts: 0,
    signedFiles: [],
    signedArtifact: null,
    failure: null,
    waitingFor: null,
    denial: null,
    cancellation: null,
  }
}

function awaitingQuorum(request: SigningRequest): SigningRequest {
  return { ...request, workflowStatus: quorumReached(request) ? 'QueuedForProcessing' : 'WaitingForApproval' }
}
