import type { DomainEvent } from '../event.ts'
import type { KeyId, OrganizationId } from '../ids.ts'

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

/**
 * Statements of where something comes from are signed by this key from now on; with `null`, by the key of the policy's certificate
 * as they are in the beginning.
 */
export type StatementKeyChanged = DomainEvent<'StatementKeyChanged', { readonly keyId: KeyId | null }>

/** Everything that happens to an organization. */
export type OrganizationEvent = OrganizationCreated | ChangeControlChanged | StatementKeyChanged
