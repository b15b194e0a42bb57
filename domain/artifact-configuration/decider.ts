import type { Decider } from '../decider.ts'
import type { ArtifactConfigurationId, OrganizationId, ProjectId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseSlug } from '../slug.ts'
import { parseName, parseText } from '../text.ts'
import {
  type ArtifactConfigurationEvent,
  type ConfigurationDescription,
  type ConfigurationDocument,
  largestConfiguration,
} from './events.ts'

/** A version of a configuration's text. */
export type ConfigurationVersion = ConfigurationDocument & {
  /** Why it was made, as its author says it; `null` for the first one, and where nothing was said. */
  readonly reason: string | null
}

/** An artifact configuration that exists. */
export type ArtifactConfiguration = ConfigurationDescription & {
  readonly status: 'active' | 'inactive'
  readonly artifactConfigurationId: ArtifactConfigurationId
  readonly organizationId: OrganizationId
  readonly projectId: ProjectId
  readonly slug: string
  /** Every version of the text; version n stands at index n − 1, the last one is in force. */
  readonly versions: readonly [ConfigurationVersion, ...ConfigurationVersion[]]
}

/** Before and after the configuration was created. */
export type ArtifactConfigurationState = { readonly status: 'none' } | ArtifactConfiguration

/** What can be asked of an artifact configuration. That its text can be read is for the caller to see to. */
export type ArtifactConfigurationCommand =
  | ({
      readonly type: 'CreateArtifactConfiguration'
      readonly artifactConfigurationId: ArtifactConfigurationId
      readonly organizationId: OrganizationId
      readonly projectId: ProjectId
      readonly slug: string
    } & ConfigurationDescription &
      ConfigurationDocument)
  | ({ readonly type: 'ChangeArtifactConfiguration'; readonly reason: string | null } & ConfigurationDocument)
  | ({ readonly type: 'DescribeArtifactConfiguration' } & ConfigurationDescription)
  | { readonly type: 'DeactivateArtifactConfiguration'; readonly reason: string | null }
  | { readonly type: 'ReactivateArtifactConfiguration' }

/**
 * Artifact configuration: what is signed inside of an artifact, and how. Every change of its text makes a version.
 *
 * Refuses with `ARTIFACT_CONFIGURATION_EXISTS`, `ARTIFACT_CONFIGURATION_NOT_FOUND`, `ARTIFACT_CONFIGURATION_INACTIVE`,
 * `ARTIFACT_CONFIGURATION_ACTIVE`, `ARTIFACT_CONFIGURATION_UNCHANGED`, `ARTIFACT_CONFIGURATION_TOO_LARGE`, `SLUG_MALFORMED`,
 * `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const artifactConfigurationDecider: Decider<
  ArtifactConfigurationState,
  ArtifactConfigurationCommand,
  ArtifactConfigurationEvent
> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: [
    'ArtifactConfigurationCreated',
    'ArtifactConfigurationChanged',
    'ArtifactConfigurationDescribed',
    'ArtifactConfigurationDeactivated',
    'ArtifactConfigurationReactivated',
  ],

  decide(command, state) {
    if (command.type === 'CreateArtifactConfiguration') {
      if (state.status !== 'none')
        throw new Refusal('ARTIFACT_CONFIGURATION_EXISTS', 'An artifact configuration with this id exists already.')
      const { artifactConfigurationId, organizationId, projectId } = command
      const slug = parseSlug(command.slug, "The artifact configuration's slug")
      const facts = { artifactConfigurationId, organizationId, projectId, slug, ...checkedDescription(command) }
      return [
        { type: 'ArtifactConfigurationCreated', data: { schemaVersion: 1, ...facts, ...checkedDocument(command) } },
      ]
    }
    const configuration = existingArtifactConfiguration(state)
    const { slug } = configuration
    switch (command.type) {
      case 'ChangeArtifactConfiguration': {
        const document = checkedDocument(command)
        // A version that changes nothing would have people compare what is the same.
        if (document.documentDigest === currentDocument(configuration).documentDigest)
          throw unchanged(`The artifact configuration ${slug} has just this text already.`)
        const version = configuration.versions.length + 1
        const reason = parseText(command.reason, 'The reason')
        return [{ type: 'ArtifactConfigurationChanged', data: { schemaVersion: 1, version, ...document, reason } }]
      }
      case 'DescribeArtifactConfiguration': {
        const { name, description } = checkedDescription(command)
        if (name === configuration.name && description === configuration.description)
          throw unchanged(`The artifact configuration ${slug} has just this name and description already.`)
        return [{ type: 'ArtifactConfigurationDescribed', data: { schemaVersion: 1, name, description } }]
      }
      case 'DeactivateArtifactConfiguration': {
        activeArtifactConfiguration(configuration)
        const reason = parseText(command.reason, 'The reason')
        return [{ type: 'ArtifactConfigurationDeactivated', data: { schemaVersion: 1, reason } }]
      }
      case 'ReactivateArtifactConfiguration':
        if (configuration.status === 'active')
          throw new Refusal('ARTIFACT_CONFIGURATION_ACTIVE', `The artifact configuration ${slug} is active already.`)
        return [{ type: 'ArtifactConfigurationReactivated', data: { schemaVersion: 1 } }]
    }
  },

  evolve(state, event) {
    if (event.type === 'ArtifactConfigurationCreated') {
      if (state.status !== 'none') return state
      const { schemaVersion: _, documentDigest, size, ...facts } = event.data
      return { status: 'active', ...facts, versions: [{ documentDigest, size, reason: null }] }
    }
    if (state.status === 'none') return state
    switch (event.type) {
      case 'ArtifactConfigurationChanged': {
        const { documentDigest, size, reason } = event.data
        return { ...state, versions: [...state.versions, { documentDigest, size, reason }] }
      }
      case 'ArtifactConfigurationDescribed': {
        const { name, description } = event.data
        return { ...state, name, description }
      }
      case 'ArtifactConfigurationDeactivated':
        return { ...state, status: 'inactive' }
      case 'ArtifactConfigurationReactivated':
        return { ...state, status: 'active' }
    }
  },
}

function checkedDescription({ name, description }: ConfigurationDescription): ConfigurationDescription {
  return {
    name: parseName(name, "The artifact configuration's name"),
    description: parseText(description, "The artifact configuration's description"),
  }
}

function checkedDocument({ documentDigest, size }: ConfigurationDocument): ConfigurationDocument {
  refuseTooLarge(size)
  return { documentDigest, size }
}

/** @throws Refusal `ARTIFACT_CONFIGURATION_TOO_LARGE` for more bytes than {@link largestConfiguration} */
export function refuseTooLarge(size: number): void {
  if (size <= largestConfiguration) return
  throw new Refusal(
    'ARTIFACT_CONFIGURATION_TOO_LARGE',
    `The text of an artifact configuration must have no more than ${largestConfiguration} bytes; it has ${size}.`,
    { size, maximumSize: largestConfiguration },
  )
}

function unchanged(message: string): Refusal {
  return new Refusal('ARTIFACT_CONFIGURATION_UNCHANGED', message)
}

/** @throws Refusal `ARTIFACT_CONFIGURATION_NOT_FOUND` */
export function existingArtifactConfiguration(state: ArtifactConfigurationState): ArtifactConfiguration {
  if (state.status === 'none')
    throw new Refusal('ARTIFACT_CONFIGURATION_NOT_FOUND', 'There is no such artifact configuration.')
  return state
}

/**
 * The configuration, if something may be signed by it.
 *
 * @throws Refusal `ARTIFACT_CONFIGURATION_NOT_FOUND` or `ARTIFACT_CONFIGURATION_INACTIVE`
 */
export function activeArtifactConfiguration(state: ArtifactConfigurationState): ArtifactConfiguration {
  const configuration = existingArtifactConfiguration(state)
  if (configuration.status === 'inactive')
    throw new Refusal(
      'ARTIFACT_CONFIGURATION_INACTIVE',
      `The artifact configuration ${configuration.slug} is inactive, and nothing is signed by it.`,
      { artifactConfiguration: configuration.slug },
    )
  return configuration
}

/** The version in force, and its text. */
export function currentDocument({
  versions,
}: Pick<ArtifactConfiguration, 'versions'>): ConfigurationVersion & { readonly version: number } {
  const version = versions.length
  return { version, ...(versions[version - 1] ?? versions[0]) }
}
