import type { ArtifactConfiguration, ArtifactConfigurationState } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { artifactConfigurationDecider } from './folds.ts'
import type { ArtifactConfigurationView, VersionMade } from './views.ts'

/** Who made each version, and when; version n stands at index n − 1. */
type ArtifactConfigurationFacts = { readonly versionsMade: readonly VersionMade[] }

/** `artifactConfiguration-<id>` → `artifact_configurations`. */
export const artifactConfigurations: EntityProjection<
  ArtifactConfigurationState,
  ArtifactConfigurationFacts,
  ArtifactConfigurationView
> = {
  kind: 'artifactConfiguration',
  table: 'artifact_configurations',
  decider: artifactConfigurationDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: { versionsMade: [] },
  observe: ({ versionsMade }, { type, metadata: { occurredAt, actor } }) => {
    const made = { at: occurredAt, by: actor }
    if (type === 'ArtifactConfigurationCreated') return { versionsMade: [made] }
    return { versionsMade: type === 'ArtifactConfigurationChanged' ? [...versionsMade, made] : versionsMade }
  },
  columns: (state) => {
    const { projectId, slug } = state as ArtifactConfiguration
    return { project_id: projectId, slug }
  },
  compared: ({ state }) => {
    const { versions, ...configuration } = state as ArtifactConfiguration
    const { documentDigest, size } = versions.at(-1) ?? versions[0]
    return { ...configuration, version: versions.length, documentDigest, size }
  },
  view: ({ state, facts, createdAt }, recorded) => {
    const configuration = state as ArtifactConfiguration
    const versions = configuration.versions.map((document, index) => {
      const made = facts.versionsMade[index] ?? { at: createdAt, by: { kind: 'anonymous' } }
      return { ...made, ...document, version: index + 1 }
    })
    return { ...configuration, versions, ...recorded }
  },
}
