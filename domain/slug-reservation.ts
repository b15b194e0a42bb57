import type { Decider } from './decider.ts'
import type { DomainEvent } from './event.ts'
import type {
  ArtifactConfigurationId,
  OrganizationId,
  ProjectId,
  SigningPolicyId,
  TrustedBuildSystemId,
} from './ids.ts'
import { Refusal } from './refusal.ts'
import { parseSlug } from './slug.ts'

/** A slug of an organization belongs to a project, which exists or is about to. */
export type ProjectSlugReserved = DomainEvent<
  'ProjectSlugReserved',
  { readonly organizationId: OrganizationId; readonly slug: string; readonly projectId: ProjectId }
>

/** A slug of a project belongs to a signing policy, which exists or is about to. */
export type SigningPolicySlugReserved = DomainEvent<
  'SigningPolicySlugReserved',
  { readonly projectId: ProjectId; readonly slug: string; readonly signingPolicyId: SigningPolicyId }
>

/** A slug of an organization belongs to a trusted build system, which exists or is about to. */
export type TrustedBuildSystemSlugReserved = DomainEvent<
  'TrustedBuildSystemSlugReserved',
  {
    readonly organizationId: OrganizationId
    readonly slug: string
    readonly trustedBuildSystemId: TrustedBuildSystemId
  }
>

/** A slug of a project belongs to an artifact configuration, which exists or is about to. */
export type ArtifactConfigurationSlugReserved = DomainEvent<
  'ArtifactConfigurationSlugReserved',
  {
    readonly projectId: ProjectId
    readonly slug: string
    readonly artifactConfigurationId: ArtifactConfigurationId
  }
>

/** Everything that happens to slugs. */
export type SlugEvent =
  | ProjectSlugReserved
  | SigningPolicySlugReserved
  | TrustedBuildSystemSlugReserved
  | ArtifactConfigurationSlugReserved

/** Whose a slug is; `null` as long as nobody wanted it. */
export type SlugState<Id> = { readonly holder: Id | null }

/** What can be asked of a slug of an organization. */
export type ProjectSlugCommand = {
  readonly type: 'ReserveProjectSlug'
  readonly organizationId: OrganizationId
  readonly slug: string
  readonly projectId: ProjectId
}

/** What can be asked of a slug of a project. */
export type SigningPolicySlugCommand = {
  readonly type: 'ReserveSigningPolicySlug'
  readonly projectId: ProjectId
  readonly slug: string
  readonly signingPolicyId: SigningPolicyId
}

/** What can be asked of a slug of an organization for a trusted build system. */
export type TrustedBuildSystemSlugCommand = {
  readonly type: 'ReserveTrustedBuildSystemSlug'
  readonly organizationId: OrganizationId
  readonly slug: string
  readonly trustedBuildSystemId: TrustedBuildSystemId
}

/** What can be asked of a slug of a project for an artifact configuration. */
export type ArtifactConfigurationSlugCommand = {
  readonly type: 'ReserveArtifactConfigurationSlug'
  readonly projectId: ProjectId
  readonly slug: string
  readonly artifactConfigurationId: ArtifactConfigurationId
}

/**
 * A project's slug, in a stream of its own: it says for good which project has it.
 *
 * Refuses with `PROJECT_SLUG_TAKEN`, `SLUG_MALFORMED`.
 */
export const projectSlugDecider: Decider<SlugState<ProjectId>, ProjectSlugCommand, ProjectSlugReserved> = {
  initialState: () => ({ holder: null }),
  eventTypes: ['ProjectSlugReserved'],
  decide({ organizationId, slug: text, projectId }, { holder }) {
    const slug = parseSlug(text, "The project's slug")
    if (holder !== null) throw projectSlugTaken(slug)
    return [{ type: 'ProjectSlugReserved', data: { schemaVersion: 1, organizationId, slug, projectId } }]
  },
  evolve: ({ holder }, { data }) => ({ holder: holder ?? data.projectId }),
}

/**
 * A signing policy's slug, in a stream of its own: it says for good which policy of the project has it.
 *
 * Refuses with `SIGNING_POLICY_SLUG_TAKEN`, `SLUG_MALFORMED`.
 */
export const signingPolicySlugDecider: Decider<
  SlugState<SigningPolicyId>,
  SigningPolicySlugCommand,
  SigningPolicySlugReserved
> = {
  initialState: () => ({ holder: null }),
  eventTypes: ['SigningPolicySlugReserved'],
  decide({ projectId, slug: text, signingPolicyId }, { holder }) {
    const slug = parseSlug(text, "The signing policy's slug")
    if (holder !== null) throw signingPolicySlugTaken(slug)
    return [{ type: 'SigningPolicySlugReserved', data: { schemaVersion: 1, projectId, slug, signingPolicyId } }]
  },
  evolve: ({ holder }, { data }) => ({ holder: holder ?? data.signingPolicyId }),
}

/**
 * A trusted build system's slug, in a stream of its own: it says for good which of the organization has it.
 *
 * Refuses with `TRUSTED_BUILD_SYSTEM_SLUG_TAKEN`, `SLUG_MALFORMED`.
 */
export const trustedBuildSystemSlugDecider: Decider<
  SlugState<TrustedBuildSystemId>,
  TrustedBuildSystemSlugCommand,
  TrustedBuildSystemSlugReserved
> = {
  initialState: () => ({ holder: null }),
  eventTypes: ['TrustedBuildSystemSlugReserved'],
  decide({ organizationId, slug: text, trustedBuildSystemId }, { holder }) {
    const slug = parseSlug(text, "The trusted build system's slug")
    if (holder !== null) throw trustedBuildSystemSlugTaken(slug)
    const data = { schemaVersion: 1, organizationId, slug, trustedBuildSystemId }
    return [{ type: 'TrustedBuildSystemSlugReserved', data }]
  },
  evolve: (_, { data }) => ({ holder: data.trustedBuildSystemId }),
}

/**
 * An artifact configuration's slug, in a stream of its own: it says for good which one of the project has it.
 *
 * Refuses with `ARTIFACT_CONFIGURATION_SLUG_TAKEN`, `SLUG_MALFORMED`.
 */
export const artifactConfigurationSlugDecider: Decider<
  SlugState<ArtifactConfigurationId>,
  ArtifactConfigurationSlugCommand,
  ArtifactConfigurationSlugReserved
> = {
  initialState: () => ({ holder: null }),
  eventTypes: ['ArtifactConfigurationSlugReserved'],
  decide({ projectId, slug: text, artifactConfigurationId }, { holder }) {
    const slug = parseSlug(text, "The artifact configuration's slug")
    if (holder !== null) throw artifactConfigurationSlugTaken(slug)
    const data = { schemaVersion: 1, projectId, slug, artifactConfigurationId }
    return [{ type: 'ArtifactConfigurationSlugReserved', data }]
  },
  evolve: ({ holder }, { data }) => ({ holder: holder ?? data.artifactConfigurationId }),
}

/** For a slug that a project has. */
export function projectSlugTaken(slug: string): Refusal {
  const message = `The slug ${slug} belongs to another project of this organization.`
  return new Refusal('PROJECT_SLUG_TAKEN', message, { slug })
}

/** For a slug that a signing policy has. */
export function signingPolicySlugTaken(slug: string): Refusal {
  const message = `The slug ${slug} belongs to another signing policy of this project.`
  return new Refusal('SIGNING_POLICY_SLUG_TAKEN', message, { slug })
}

/** For a slug that a trusted build system has. */
export function trustedBuildSystemSlugTaken(slug: string): Refusal {
  const message = `The slug ${slug} belongs to another trusted build system of this organization.`
  return new Refusal('TRUSTED_BUILD_SYSTEM_SLUG_TAKEN', message, { slug })
}

/** For a slug that an artifact configuration has. */
export function artifactConfigurationSlugTaken(slug: string): Refusal {
  const message = `The slug ${slug} belongs to another artifact configuration of this project.`
  return new Refusal('ARTIFACT_CONFIGURATION_SLUG_TAKEN', message, { slug })
}
