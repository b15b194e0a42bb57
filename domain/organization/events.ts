import type { DomainEvent } from '../event.ts'
import type { OrganizationId } from '../ids.ts'

/** That changes of rules need the approval of others than their author. */
export type ChangeControl = {
  /** Approvals of different administrators that a change takes besides its author, 1 or more. */
  readonly requiredApprovals: number
  /** Seconds after which a change that was not applied lapses. */
  readonly lifetimeSeconds: number
}

/** The organization came to be. */
export type OrganizationCreated = DomainEvent<
  'OrganizationCreated',
  { readonly organizationId: OrganizationId; readonly name: string }
>

/** From now on changes of rules need approvals, or other ones than before; none with `null`. */
export type ChangeControlChanged = DomainEvent<'ChangeControlChanged', { readonly changeControl: ChangeControl | null }>

/** Everything that happens to an organization. */
export type OrganizationEvent = OrganizationCreated | ChangeControlChanged
