import type { ArtifactStore } from '../artifacts/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { StepActivities } from './contract.ts'
import { requestStep } from './request-step.ts'

/** Finds an uploaded artifact in the store. Planning reads and hashes every byte of it; this only looks. */
export function retrieveArtifact(dependencies: {
  readonly log: EventLog
  readonly store: ArtifactStore
  readonly now: () => string
}): StepActivities['retrieveArtifact'] {
  return (step) =>
    requestStep(dependencies, step, async ({ retrieved, artifact }) => {
      if (retrieved) return undefined
      const { sha256, size } = await dependencies.store.open(artifact.sha256)
      return { type: 'RecordRetrieval', sha256, size }
    })
}
