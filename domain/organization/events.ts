import type { DomainEvent } from '../event.ts'
import type { OrganizationId, ProjectId } from '../ids.ts'

/** The organization came to be. */
export type OrganizationCreated = DomainEvent<
  'OrganizationCreated',
  { readonly organizationId: OrganizationId; readonly name: string }
>

/** A slug is taken by a project, which exists or is about to. Keeps slugs unique without asking a read model. */
export type ProjectSlugReserved = DomainEvent<
  'ProjectSlugReserved',
  { readonly slug: string; readonly projectId: ProjectId }
>

/** Everything that happens to an organization. */
export type OrganizationEvent = OrganizationCreated | ProjectSlugReserved
