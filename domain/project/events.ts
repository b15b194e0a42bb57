import type { DomainEvent } from '../event.ts'
import type { OrganizationId, ProjectId, SigningPolicyId } from '../ids.ts'

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

/** A slug of the project is taken by a signing policy, which exists or is about to. */
export type SigningPolicySlugReserved = DomainEvent<
  'SigningPolicySlugReserved',
  { readonly slug: string; readonly signingPolicyId: SigningPolicyId }
>

/** Everything that happens to a project. */
export type ProjectEvent = ProjectCreated | ProjectDeactivated | ProjectReactivated | SigningPolicySlugReserved
