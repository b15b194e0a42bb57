import type { Artifact, SigningRequest } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { Sources } from '../sources/index.ts'
import type { LongStepActivities, StepActivities } from './contract.ts'
import { type LongWork, withHeartbeat } from './heartbeat.ts'
import { recordResubmission } from './record-resubmission.ts'
import { requestStep } from './request-step.ts'

type Dependencies = {
  readonly log: EventLog
  readonly sources: Pick<Sources, 'retrieve' | 'finished'>
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
  const { sources } = dependencies
  return async (step) => {
    let retrieved: (SigningRequest & { readonly artifact: Artifact }) | undefined
    const answer = await requestStep(dependencies, step, async (request) => {
      const artifact = request.artifact ?? (await sources.retrieve(request, work))
      if (request.artifact === null) await recordResubmission(dependencies, request)
      retrieved = { ...request, artifact }
      return request.artifact === null ? { type: 'RecordRetrieval', artifact } : undefined
    })
    // The artifact is recorded, whatever becomes of this: the request's workflow tries it again at its end.
    if (retrieved !== undefined) await sources.finished(retrieved).catch(() => undefined)
    return answer
  }
}
