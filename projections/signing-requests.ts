import {
  type Instant,
  isFinalStatus,
  type SigningRequest,
  type SigningRequestState,
  type SigningStarted,
  type UserId,
  type Voucher,
} from '../domain/index.ts'
import type { RecordedEvent } from '../event-log/index.ts'
import type { EntityProjection } from './entity.ts'
import { countedApprovals, signingRequestDecider } from './folds.ts'
import { writeSummary } from './request-summary.ts'
import type { SigningAttempt, SigningRequestView } from './views.ts'

/** When the things happened that the state only says happened. */
export type SigningRequestFacts = {
  readonly plannedAt: Instant | null
  readonly approvedAt: Readonly<Record<UserId, Instant>>
  readonly attemptsMade: readonly SigningAttempt[]
  readonly finishedAt: Instant | null
  /** The build system that vouched for the submission, as the event's metadata say. */
  readonly vouchedBy: Voucher | null
}

/** `signingRequest-<id>` → `signing_requests`. */
export const signingRequests: EntityProjection<SigningRequestState, SigningRequestFacts, SigningRequestView> = {
  kind: 'signingRequest',
  table: 'signing_requests',
  decider: signingRequestDecider,
  exists: ({ workflowStatus }) => workflowStatus !== 'none',
  noFacts: { plannedAt: null, approvedAt: {}, attemptsMade: [], finishedAt: null, vouchedBy: null },
  observe: (facts, event, state) => {
    // As the state: what follows the end of a request changes nothing of it.
    if (facts.finishedAt !== null) return facts
    const observed = observeStep(facts, event)
    const finished = state.workflowStatus !== 'none' && isFinalStatus(state.workflowStatus)
    return { ...observed, finishedAt: finished ? event.metadata.occurredAt : null }
  },
  columns: (state) => {
    const { projectId, signingPolicyId, submitter, workflowStatus, waitingFor } = state as SigningRequest
    return {
      project_id: projectId,
      signing_policy_id: signingPolicyId,
      submitter,
      workflow_status: workflowStatus,
      waiting_since: waitingFor?.since ?? '',
    }
  },
  summary: (state, facts) => writeSummary(state as SigningRequest, facts, missingApprovalsOf(state as SigningRequest)),
  view: ({ state, facts, updatedAt }, recorded) => {
    const request = state as SigningRequest
    const counted = countedApprovals(request)
    const approvals = request.approvals.map((approval) => ({
      ...approval,
      approvedAt: facts.approvedAt[approval.approver] ?? updatedAt,
      counts: counted.includes(approval),
    }))
    const missingApprovals = missingOf(request, counted)
    const { plannedAt, attemptsMade, finishedAt, vouchedBy } = facts
    return { ...request, approvals, missingApprovals, plannedAt, attemptsMade, finishedAt, vouchedBy, ...recorded }
  },
}

function missingApprovalsOf(request: SigningRequest): number {
  return missingOf(request, request.approval === null ? [] : countedApprovals(request))
}

function missingOf({ approval }: SigningRequest, counted: readonly unknown[]): number {
  return Math.max((approval?.requiredApprovals ?? 0) - counted.length, 0)
}

function observeStep(facts: SigningRequestFacts, event: RecordedEvent): SigningRequestFacts {
  const { occurredAt, actor } = event.metadata
  switch (event.type) {
    case 'SigningRequestSubmitted':
      // A second one changes nothing of the request.
      return event.revision > 0 ? facts : { ...facts, vouchedBy: (actor.kind === 'user' && actor.vouchedBy) || null }
    case 'SigningPlanned':
      return { ...facts, plannedAt: occurredAt }
    case 'ApprovalGranted':
      return { ...facts, approvedAt: { ...facts.approvedAt, [event.data.approver as UserId]: occurredAt } }
    case 'SigningStarted': {
      const { attempt, certificateThumbprint } = event.data as SigningStarted['data']
      return {
        ...facts,
        attemptsMade: [...facts.attemptsMade, { attempt, startedAt: occurredAt, certificateThumbprint }],
      }
    }
    default:
      return facts
  }
}
