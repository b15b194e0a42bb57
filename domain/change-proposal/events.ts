import type { Permission } from '../authorization/index.ts'
import type { DomainEvent, Instant } from '../event.ts'
import type { ChangeProposalId, OrganizationId, UserId } from '../ids.ts'

/** An event as it is to be appended when the change is approved: nothing else is. */
export type ProposedEvent = {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What a change is, from its beginning. */
export type ChangeProposalFacts = {
  readonly changeProposalId: ChangeProposalId
  readonly organizationId: OrganizationId
  /** The stream of the entity that it changes. */
  readonly target: string
  /** The last revision of that stream that the change rests on; `null` for an entity that is not there yet. */
  readonly baseRevision: number | null
  /** What happens to the entity when the change is applied: exactly these events, 1 or more. */
  readonly events: readonly ProposedEvent[]
  /** Who proposed it; `null` for the operator of the machine. */
  readonly author: UserId | null
  /** What the change needs; whoever has it may approve, except the author. */
  readonly permission: Permission
  /** Approvals of different people that it takes, 1 or more; without an author one more than the rules say. */
  readonly requiredApprovals: number
  /** When it lapses, if it was not applied by then. */
  readonly expiresAt: Instant
  /** Why, as its author says it to those who must approve. */
  readonly reason: string | null
}

/** A change of a rule was proposed. It does not hold before it was approved and applied. */
export type ChangeProposed = DomainEvent<'ChangeProposed', ChangeProposalFacts>

/** Somebody else than its author agrees to the change. */
export type ChangeApproved = DomainEvent<
  'ChangeApproved',
  { readonly approver: UserId; readonly comment: string | null }
>

/** An approval does not count any more: who gave it was deactivated, or may not approve such changes any more. */
export type ChangeApprovalInvalidated = DomainEvent<'ChangeApprovalInvalidated', { readonly approver: UserId }>

/** Somebody who might have approved says no, which ends it; also its author, who takes it back. */
export type ChangeRejected = DomainEvent<
  'ChangeRejected',
  { readonly rejectedBy: UserId; readonly comment: string | null }
>

/** It was applied: its events stand in the target's stream. */
export type ChangeApplied = DomainEvent<
  'ChangeApplied',
  {
    /** Of its first event in the target's stream. */
    readonly revision: number
  }
>

/**
 * It cannot be applied any more: its time is over, the entity was changed meanwhile, it would have taken the last Global
 * Administrator, or more approvals were needed by then than it had.
 */
export type ChangeLapsed = DomainEvent<
  'ChangeLapsed',
  { readonly reason: 'expired' | 'baseMoved' | 'lastAdministrator' | 'tooFewApprovals' }
>

/** Everything that happens to a change. */
export type ChangeProposalEvent =
  | ChangeProposed
  | ChangeApproved
  | ChangeApprovalInvalidated
  | ChangeRejected
  | ChangeApplied
  | ChangeLapsed
