import {
  type ApiTokenScope,
  type Authentication,
  type EventMetadata,
  eventMetadata,
  type GlobalRole,
  type Initiator,
  type Instant,
  type OrganizationId,
  type ProjectId,
  parseText,
  type SealedDetails,
  type UserId,
  type Voucher,
} from '../domain/index.ts'
import type { JobLink, JobToken } from './build-ports.ts'
import { Setup } from './setup.ts'

/** A job of a build system that calls by its identity token alone. */
export type CallingJob = {
  readonly token: JobToken
  /** The text of the token: a function, so that whoever shows a caller does not show it. */
  readonly reveal: () => string
  /** The links that take the token, of one build system. */
  readonly links: readonly (JobLink & { readonly projectId: ProjectId })[]
}

/** A user who proved who they are, and how this call reached us. */
export type Caller = {
  readonly organizationId: OrganizationId
  readonly userId: UserId
  readonly kind: 'interactive' | 'ci'
  /** Name and address, which only an answer to this caller opens. */
  readonly person: SealedDetails
  readonly roles: readonly GlobalRole[]
  /** What the token of the call is limited to; `null`: nothing. */
  readonly scope: ApiTokenScope | null
  readonly authentication: Authentication
  /** The trusted build system that vouches for the call, if one does. */
  readonly vouchedBy?: Voucher
  /** The job that calls by its identity token alone, where one does: a submission uses that up. */
  readonly job?: CallingJob
  /** The client's IP address, where one is known. */
  readonly remoteAddress: string | undefined
  /** Why, as the caller says it to those who must approve what the call changes. */
  readonly changeReason?: string
  /** A UUID of this call; the causation id of what it makes happen. */
  readonly callId: string
}

/** Who asks for something: a user, or the service's own set-up. */
export type Requester = Caller | Setup

/**
 * A caller who says why what the call changes is to change. Whether the reason is one does not depend on what the organization
 * controls: it is refused also where the change is made at once.
 *
 * @throws Refusal `TEXT_TOO_LONG`, `TEXT_MALFORMED`
 */
export function withChangeReason(caller: Caller, text: string | null): Caller {
  const changeReason = parseText(text, 'The reason of the change')
  return changeReason === null ? caller : { ...caller, changeReason }
}

/** Whether it is the service's own set-up that asks, which may do everything. */
export function isSetup(requester: Requester): requester is Setup {
  return Setup.componentOf(requester) !== undefined
}

/** Who asks, as events record it. */
export function initiatorOf(requester: Requester): Initiator {
  const component = Setup.componentOf(requester)
  if (component !== undefined) return { actor: { kind: 'system', component }, callId: requester.callId }
  const { userId, authentication, vouchedBy, remoteAddress, callId } = requester as Caller
  return {
    actor: { kind: 'user', userId, authentication, ...(vouchedBy === undefined ? {} : { vouchedBy }) },
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    callId,
  }
}

/** The metadata of an event that somebody asked for. */
export function metadataFor(requester: Requester, occurredAt: Instant): EventMetadata {
  return eventMetadata(initiatorOf(requester), { organizationId: requester.organizationId, occurredAt })
}
