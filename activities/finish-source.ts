import { fold, isFinalStatus, signingRequestDecider, streams } from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import type { Sources } from '../sources/index.ts'
import type { SourceActivities } from './contract.ts'

/** Removes what was kept for retrieving a request's artifact, if the log has the artifact or the request's end. */
export function finishSource({
  log,
  sources,
}: {
  readonly log: EventLog
  readonly sources: Pick<Sources, 'finished'>
}): SourceActivities['finishSource'] {
  return async ({ signingRequestId }) => {
    const { events } = await readWholeStream(log, streams.signingRequest(signingRequestId))
    const request = fold(signingRequestDecider, events)
    if (request.workflowStatus === 'none') return
    if (request.artifact !== null || isFinalStatus(request.workflowStatus)) await sources.finished(request)
  }
}
