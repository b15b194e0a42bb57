import type { Sha256Digest } from '../digest.ts'
import type { DomainEvent } from '../event.ts'
import type { ArtifactConfigurationId, OrganizationId, ProjectId } from '../ids.ts'

/** The most bytes that the text of a configuration may have: 1 MiB. */
export const largestConfiguration = 1024 * 1024

/** The text of a version: a document in the artifact store. */
export type ConfigurationDocument = {
  /** SHA-256 of its bytes, by which the artifact store has it. */
  readonly documentDigest: Sha256Digest
  /** Bytes. */
  readonly size: number
}

/** What people call a configuration. It decides nothing. */
export type ConfigurationDescription = { readonly name: string; readonly description: string | null }

/** A configuration came to be, with version 1 of its text. */
export type ArtifactConfigurationCreated = DomainEvent<
  'ArtifactConfigurationCreated',
  ConfigurationDescription &
    ConfigurationDocument & {
      readonly artifactConfigurationId: ArtifactConfigurationId
      readonly organizationId: OrganizationId
      readonly projectId: ProjectId
      /** For good: tools name the configuration by it. */
      readonly slug: string
    }
>

/** The configuration has a new version of its text. Requests submitted before keep theirs. */
export type ArtifactConfigurationChanged = DomainEvent<
  'ArtifactConfigurationChanged',
  ConfigurationDocument & {
    /** 2 for the first change, and so on. */
    readonly version: number
    /** Why, as its author says it. */
    readonly reason: string | null
  }
>

/** The configuration has another name or description. Its text is the same. */
export type ArtifactConfigurationDescribed = DomainEvent<'ArtifactConfigurationDescribed', ConfigurationDescription>

/** Nothing is signed by the configuration until it is reactivated. */
export type ArtifactConfigurationDeactivated = DomainEvent<
  'ArtifactConfigurationDeactivated',
  { readonly reason: string | null }
>

/** The configuration is in use again. */
export type ArtifactConfigurationReactivated = DomainEvent<'ArtifactConfigurationReactivated'>

/** Everything that happens to an artifact configuration. */
export type ArtifactConfigurationEvent =
  | ArtifactConfigurationCreated
  | ArtifactConfigurationChanged
  | ArtifactConfigurationDescribed
  | ArtifactConfigurationDeactivated
  | ArtifactConfigurationReactivated
