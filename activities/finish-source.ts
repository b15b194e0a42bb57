import { fold, isFinalStatus, signingRequestDecider, streams } from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import type { Sources } from '../sources/index.ts'
import { type BuildSystemSecrets, removeBuildSecrets } from './ask-build-system.ts'
import type { SourceActivities } from './contract.ts'

/**
 * Removes what was kept for retrieving a request's artifact, if the log has the artifact or the request's end, and for asking about
 * its build, if the request is over.
 */
export function finishSource({
  log,
  sources,
  secrets,
}: {
  readonly log: EventLog
  readonly sources: Pick<Sources, 'finished'>
  readonly secrets: Pick<BuildSystemSecrets, 'remove'>
}): SourceActivities['finishSource'] {
  return async ({ signingRequestId }) => {
    const { events } = await readWholeStream(log, streams.signingRequest(signingRequestId))
    const request = fold(signingRequestDecider, events)
    if (request.workflowStatus === 'none') return
    const isOver = isFinalStatus(request.workflowStatus)
    if (isOver) await removeBuildSecrets({ secrets }, request)
    if (request.artifact !== null || isOver) await sources.finished(request)
  }
}
