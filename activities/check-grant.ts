import {
  type Approval,
  actingUser,
  fold,
  type Grant,
  type GrantId,
  type GrantState,
  grantDecider,
  grantFault,
  type Instant,
  isBySubmitter,
  isFromBuild,
  Refusal,
  type SigningRequest,
  signingPolicyDecider,
  streams,
} from '../domain/index.ts'
import { type EventLog, type RecordedEvent, readNamedStream, readWholeStream } from '../event-log/index.ts'
import { requireApprovedAccount } from './check-rule-change.ts'
import type { GroundsLog } from './grounds.ts'
import { namesPeopleBehind } from './people-named.ts'

/** A grant that covers a request, and how it was given. */
export type CoveringGrant = {
  readonly grant: Grant
  readonly given: RecordedEvent
}

/** What is asked of a grant. */
export type GrantQuestion = {
  /** The grant's stream, whole. */
  readonly events: readonly RecordedEvent[]
  readonly request: SigningRequest
  /** The request's first event. */
  readonly submitted: RecordedEvent
  /** When the grant is used, or was. */
  readonly at: Instant
  /** The approval, when it was given already: policy and giver are judged as they were then. */
  readonly used?: RecordedEvent
}

/**
 * Finds out from the log whether a grant covers a request: that its giver gave it by their own hand, before the request was
 * submitted, and has been active since; that it was not revoked until now; and that its terms, and the policy since then, allow it.
 *
 * @returns the grant, or what is wrong with it, as the end of a sentence about it
 */
export async function coveringGrant(
  log: Pick<EventLog, 'readStream'>,
  { events, request, submitted, at, used }: GrantQuestion,
): Promise<CoveringGrant | string> {
  const grant: GrantState = fold(grantDecider, events)
  const [given] = events
  if (grant.status === 'none' || given === undefined) return 'was never given'
  if (actingUser(given.metadata.actor) !== grant.giver) return 'was given in the name of somebody who did not do it'
  if (given.metadata.actor.kind === 'user' && isFromBuild(given.metadata.actor))
    return 'was given by a call that came from a build'
  if (given.metadata.organizationId !== request.organizationId) return 'is of another organization'
  if (given.position > submitted.position) return 'was given after the request was submitted'
  const until = (history: readonly RecordedEvent[]) =>
    used === undefined ? history : history.filter(({ position }) => position < used.position)
  const { events: ofGiver } = await readWholeStream(log, streams.user(grant.giver))
  const left = until(ofGiver).some(({ type, position }) => endsAccount(type) && position > given.position)
  if (left) return 'is of somebody who was deactivated since'
  const { events: ofPolicy } = await readNamedStream(log, streams.signingPolicy(request.signingPolicyId))
  const fault = grantFault(grant, { request, policy: fold(signingPolicyDecider, until(ofPolicy)), at })
  return fault ?? { grant, given }
}

/**
 * The approval that a grant gave must be one of those that it is for: covered by its terms, reserved before among not more uses
 * than it allows, never for a submission of its giver, and not revoked by now.
 *
 * @throws Refusal `GRANT_REVOKED`, `APPROVAL_NOT_BY_GRANT`, `RULE_CHANGE_NOT_APPROVED`
 */
export async function checkGrantedApproval(
  log: GroundsLog,
  request: SigningRequest,
  approval: Approval & { readonly grantId: GrantId },
  { submitted, granted }: { readonly submitted: RecordedEvent; readonly granted: RecordedEvent },
): Promise<void> {
  const { approver, grantId, peopleBehind = [] } = approval
  const refuse = (why: string): never => {
    throw new Refusal('APPROVAL_NOT_BY_GRANT', `The grant ${grantId}, by which ${approver} approved, ${why}.`, {
      grantId,
    })
  }
  const { events } = await readWholeStream(log, streams.grant(grantId))
  const state = fold(grantDecider, events)
  if (state.status === 'revoked')
    throw new Refusal('GRANT_REVOKED', `The grant ${grantId}, by which ${approver} approved, was revoked.`, { grantId })
  const at = granted.metadata.occurredAt
  const covering = await coveringGrant(log, { events, request, submitted, at, used: granted })
  if (typeof covering === 'string') return refuse(covering)
  const { grant, given } = covering
  if (grant.giver !== approver) return refuse('is of somebody else')
  const uses = events.filter(({ type }) => type === 'GrantUseReserved')
  const use = uses.findIndex(({ data }) => data.signingRequestId === request.signingRequestId)
  const reserved = uses[use]
  if (reserved === undefined || reserved.position > granted.position) return refuse('was not used for this request')
  if (use >= grant.maximumRequests) return refuse(`is for ${grant.maximumRequests} requests, and this is one more`)
  if (!(await namesPeopleBehind(log, approver, peopleBehind, given)))
    return refuse('does not name all people who are behind its giver')
  if (isBySubmitter(approval, request)) return refuse("never approves its giver's own submissions")
  const { events: history } = await readWholeStream(log, streams.user(approver))
  const before = history.filter(({ position }) => position <= given.position)
  await requireApprovedAccount(log, request.organizationId, before, given)
}

function endsAccount(type: string): boolean {
  return type === 'UserDeactivated' || type === 'UserErased'
}
