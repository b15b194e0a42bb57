import type { EventLog } from '../event-log/index.ts'
import type { Sources } from '../sources/index.ts'
import type { LongStepActivities, StepActivities } from './contract.ts'
import { type LongWork, withHeartbeat } from './heartbeat.ts'
import { recordResubmission } from './record-resubmission.ts'
import { requestStep } from './request-step.ts'

type Dependencies = {
  readonly log: EventLog
  readonly sources: Pick<Sources, 'retrieve'>
  readonly now: () => string
}

/** Finds an artifact that is at hand. */
export function retrieveArtifact(dependencies: Dependencies): StepActivities['retrieveArtifact'] {
  return retrieving(dependencies)
}

/** Fetches an artifact from wherever its source says, which may take long. */
export function fetchArtifact(dependencies: Dependencies): LongStepActivities['fetchArtifact'] {
  return (step) => withHeartbeat((work) => retrieving(dependencies, work)(step))
}

function retrieving(dependencies: Dependencies, work?: LongWork): StepActivities['retrieveArtifact'] {
  return (step) =>
    requestStep(dependencies, step, async (request) => {
      if (request.artifact !== null) return undefined
      const artifact = await dependencies.sources.retrieve(request, work)
      await recordResubmission(dependencies, request)
      return { type: 'RecordRetrieval', artifact }
    })
}
