import { randomUUID } from 'node:crypto'
import {
  createArtifactConfiguration,
  deactivateArtifactConfiguration,
} from '../../../application/artifact-configurations.ts'
import type { ApplicationDependencies } from '../../../application/index.ts'
import type { Setup } from '../../../application/setup.ts'
import type { ArtifactConfigurationId, ProjectId } from '../../../domain/index.ts'
import { programConfiguration } from '../configurations.ts'

/** Artifact configurations that an operation is asked about. */
export type ConfigurationThings = {
  /** One of the project that names everybody who can be named. */
  readonly artifactConfiguration: () => Promise<string>
  /** One of the same project that was put out of use. */
  readonly inactiveArtifactConfiguration: () => Promise<string>
}

/** Makes them in a project. */
export function configurationThings(
  dependencies: ApplicationDependencies,
  setup: Setup,
  projectId: ProjectId,
): ConfigurationThings {
  const made = async (): Promise<ArtifactConfigurationId> => {
    const facts = { projectId, slug: `c-${randomUUID()}`, name: 'Another', description: null }
    const document = programConfiguration()
    return (await createArtifactConfiguration(dependencies, setup, { ...facts, document })).artifactConfigurationId
  }
  return {
    artifactConfiguration: made,
    async inactiveArtifactConfiguration() {
      const artifactConfigurationId = await made()
      await deactivateArtifactConfiguration(dependencies, setup, { artifactConfigurationId, reason: null })
      return artifactConfigurationId
    },
  }
}

/** Ids in the form of each that nothing has. */
export const nobodysConfigurations: ConfigurationThings = {
  artifactConfiguration: async () => randomUUID(),
  inactiveArtifactConfiguration: async () => randomUUID(),
}
