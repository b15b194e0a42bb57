import { earlierRequestOf, fold, type SigningRequest, signingRequestDecider, streams } from '../domain/index.ts'
import { appendDecided, type EventLog, prepareEvents, readWholeStream } from '../event-log/index.ts'
import { stepMetadata } from './request-step.ts'

/**
 * Says in the stream of the request whose artifact this one takes again that it does, so that each of the two names the other.
 * Done before the artifact is recorded as retrieved, and as often as that is tried: it stands there once.
 *
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `EARLIER_REQUEST_NOT_USABLE`
 * @throws EventLogError when the log cannot be used
 */
export async function recordResubmission(
  { log, now }: { readonly log: EventLog; readonly now: () => string },
  resubmission: SigningRequest,
): Promise<void> {
  const earlier = earlierRequestOf(resubmission.source)
  if (earlier === undefined) return
  const streamId = streams.signingRequest(earlier)
  await appendDecided(
    log,
    async () => {
      const { events, revision } = await readWholeStream(log, streamId)
      return { streamId, revision, state: fold(signingRequestDecider, events) }
    },
    ({ state, revision }) => {
      const { signingRequestId } = resubmission
      if (state.workflowStatus !== 'none' && state.resubmissions.includes(signingRequestId)) return []
      const events = signingRequestDecider.decide({ type: 'RecordResubmission', resubmission }, state)
      return prepareEvents(streamId, revision, events, stepMetadata(resubmission, 'workflow', now()))
    },
  )
}
