import type { Actor } from '../actor.ts'
import type { Instant } from '../event.ts'
import type { EventMetadata } from '../event-metadata.ts'
import type { ApiTokenId, OrganizationId, SigningPolicyId, SigningRequestId, UserId } from '../ids.ts'
import { siteNetworkOf } from '../network.ts'
import { type SecurityEvent, securityEventTypes } from '../security.ts'
import type { SigningPolicyEvent } from '../signing-policy/events.ts'
import type { SigningRequestSubmitted, Submission } from '../signing-request/events.ts'
import { parseStreamName } from '../streams.ts'
import type { UserEvent } from '../user/events.ts'
import type { Evidence } from './events.ts'

/** An event of the log, as far as rules look at it. */
export type ObservedEvent = {
  readonly id: string
  readonly streamId: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly metadata: EventMetadata
}

/** The request that somebody did something with. */
export type ObservedRequest = Pick<Submission, 'signingRequestId' | 'signingPolicyId' | 'submitter'>

/** Somebody did something that left an event. */
export type Observation = {
  readonly organizationId: OrganizationId
  readonly at: Instant
  readonly evidence: Evidence
  /** What the event belongs to. */
  readonly correlationId: string
  readonly userId: UserId
  /** The API token by which they did it, if it was one. */
  readonly tokenId: ApiTokenId | null
  readonly remoteAddress: string | null
  /** The network that the call came from; `null` where no address is known. */
  readonly network: string | null
  /** What they did with a request; `null` when it was something else. */
  readonly use: { readonly kind: 'submission' | 'approval' | 'denial'; readonly request: ObservedRequest } | null
}

/** What rules learn from an event besides: of a policy whether it is one for releases, of a user that they are erased. */
export type Learned =
  | { readonly signingPolicyId: SigningPolicyId; readonly release: boolean }
  | { readonly erased: UserId }

/** What an event says to rules. */
export type Observed = { readonly observations: readonly Observation[]; readonly learned: Learned | null }

const uses: Readonly<Record<string, 'submission' | 'approval' | 'denial'>> = {
  SigningRequestSubmitted: 'submission',
  ApprovalGranted: 'approval',
  ApprovalDenied: 'denial',
}

/** Whether the submission of the request must be known to say what an event means. */
export function needsSubmission({ type }: Pick<ObservedEvent, 'type'>): boolean {
  return Object.hasOwn(uses, type) && type !== 'SigningRequestSubmitted'
}

/** What an event says to rules; most say nothing. */
export function observe(event: ObservedEvent, submission: ObservedRequest | undefined): Observed {
  const { type, data, metadata } = event
  if ((securityEventTypes as readonly string[]).includes(type))
    return { observations: refusedCalls(event, { type, data } as unknown as SecurityEvent), learned: null }
  const request = type === 'SigningRequestSubmitted' ? (data as SigningRequestSubmitted['data']) : submission
  const use = Object.hasOwn(uses, type) ? uses[type] : undefined
  const known = use === undefined || request === undefined ? null : { kind: use, request: requestOf(request) }
  const observation = observationOf(event, metadata.actor, metadata.remoteAddress, metadata.occurredAt)
  return {
    observations: observation === undefined ? [] : [{ ...observation, use: known }],
    learned: learnedFrom(event),
  }
}

function learnedFrom({ type, data, streamId }: ObservedEvent): Learned | null {
  const event = { type, data } as unknown as SigningPolicyEvent | UserEvent
  const id = parseStreamName(streamId)?.id
  switch (event.type) {
    case 'SigningPolicyCreated':
    case 'SigningPolicyChanged':
      return { signingPolicyId: id as SigningPolicyId, release: event.data.settings.release }
    case 'UserErased':
      return { erased: id as UserId }
    default:
      return null
  }
}

/** Who was refused something with their own credentials has used these. What several addresses share is not known. */
function refusedCalls(event: ObservedEvent, refused: SecurityEvent): readonly Observation[] {
  if (refused.type === 'RefusalEventsReserved') return []
  const { lastAt } = refused.data
  const calls =
    refused.type === 'CommandRefused'
      ? [{ actor: event.metadata.actor, remoteAddress: event.metadata.remoteAddress ?? null }]
      : refused.data.kinds
  return calls
    .map(({ actor, remoteAddress }) => observationOf(event, actor, remoteAddress ?? undefined, lastAt))
    .filter((observation) => observation !== undefined)
}

function observationOf(
  { id, streamId, metadata }: ObservedEvent,
  actor: Actor,
  remoteAddress: string | undefined,
  at: Instant,
): Observation | undefined {
  if (actor.kind !== 'user') return undefined
  const { userId, authentication } = actor
  return {
    organizationId: metadata.organizationId,
    at,
    evidence: { eventId: id, streamId },
    correlationId: metadata.correlationId,
    userId,
    tokenId: authentication.method === 'apiToken' ? authentication.tokenId : null,
    remoteAddress: remoteAddress ?? null,
    network: remoteAddress === undefined ? null : siteNetworkOf(remoteAddress),
    use: null,
  }
}

function requestOf({ signingRequestId, signingPolicyId, submitter }: ObservedRequest): ObservedRequest {
  return { signingRequestId, signingPolicyId, submitter }
}

/** The request that the observation is about. */
export function requestOfUse({ use }: Pick<Observation, 'use'>): SigningRequestId | null {
  return use?.request.signingRequestId ?? null
}
