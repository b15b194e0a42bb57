import type { DomainEvent } from '../event.ts'
import type { ArtifactConfigurationId, OrganizationId, ProjectId } from '../ids.ts'
import type { PrincipalReference } from '../principal-reference.ts'

/** Who may read everything of a project, its artifacts included. */
export type ProjectMembers = {
  readonly readers: readonly PrincipalReference[]
  /** Those who also look after artifact configurations and web hooks. */
  readonly configurators: readonly PrincipalReference[]
}

/** What of a project can be changed. */
export type ProjectSettings = ProjectMembers & {
  readonly name: string
  readonly description: string | null
  readonly repositoryUrl: string | null
}

/** What a project is. */
export type ProjectFacts = ProjectSettings & {
  readonly projectId: ProjectId
  readonly organizationId: OrganizationId
  /** For good: tools name the project by it. */
  readonly slug: string
}

/** A project came to be. Readers and configurators are left out where there are none. */
export type ProjectCreated = DomainEvent<
  'ProjectCreated',
  Omit<ProjectFacts, keyof ProjectMembers> & Partial<ProjectMembers>
>

/** The project has a new version of its settings, in which the repository is the one that it was. */
export type ProjectChanged = DomainEvent<'ProjectChanged', Omit<ProjectSettings, 'repositoryUrl'>>

/**
 * The project has a new version of its settings, with another repository. Signatures name it, and origins are verified
 * against it: it is a rule, and the rest is not.
 */
export type ProjectRepositoryChanged = DomainEvent<'ProjectRepositoryChanged', ProjectSettings>

/**
 * What is signed of an artifact whose submission names no artifact configuration, this one says from now on; with `null` it follows
 * from the artifact, as it does in the beginning.
 */
export type DefaultArtifactConfigurationChanged = DomainEvent<
  'DefaultArtifactConfigurationChanged',
  { readonly artifactConfigurationId: ArtifactConfigurationId | null }
>

/** Nothing of the project can be signed until it is reactivated. */
export type ProjectDeactivated = DomainEvent<'ProjectDeactivated', { readonly reason: string | null }>

/** The project is in use again. */
export type ProjectReactivated = DomainEvent<'ProjectReactivated'>

/** Everything that happens to a project. */
export type ProjectEvent =
  | ProjectCreated
  | ProjectChanged
  | ProjectRepositoryChanged
  | DefaultArtifactConfigurationChanged
  | ProjectDeactivated
  | ProjectReactivated
