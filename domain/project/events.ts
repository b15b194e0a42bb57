import type { DomainEvent } from '../event.ts'
import type { OrganizationId, ProjectId } from '../ids.ts'

/** What a project is from its beginning. */
export type ProjectFacts = {
  readonly projectId: ProjectId
  readonly organizationId: OrganizationId
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly repositoryUrl: string | null
}

/** A project came to be. */
export type ProjectCreated = DomainEvent<'ProjectCreated', ProjectFacts>

/** Nothing of the project can be signed until it is reactivated. */
export type ProjectDeactivated = DomainEvent<'ProjectDeactivated', { readonly reason: string | null }>

/** The project is in use again. */
export type ProjectReactivated = DomainEvent<'ProjectReactivated'>

/** Everything that happens to a project. */
export type ProjectEvent = ProjectCreated | ProjectDeactivated | ProjectReactivated
