import type { DomainEvent } from '../event.ts'
import type { OrganizationId } from '../ids.ts'

/** The organization came to be. */
export type OrganizationCreated = DomainEvent<
  'OrganizationCreated',
  { readonly organizationId: OrganizationId; readonly name: string }
>

/** Everything that happens to an organization. */
export type OrganizationEvent = OrganizationCreated
