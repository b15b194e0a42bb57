import type { ArtifactStore } from '../artifacts/index.ts'
import { Refusal } from '../domain/index.ts'
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
    requestStep(dependencies, step, async ({ artifact, source: { kind, isAtHand, fileName, sha256 } }) => {
      if (artifact !== null) return undefined
      if (!isAtHand || fileName === null || sha256 === null)
        throw new Refusal(
          'SOURCE_NOT_SUPPORTED',
          `This release has no way to retrieve an artifact by ${kind}. Use a release that has.`,
        )
      const { size } = await dependencies.store.open(sha256)
      return { type: 'RecordRetrieval', artifact: { fileName, sha256, size } }
    })
}
