import { ArtifactError, type ArtifactStore } from '../artifacts/index.ts'
import { type SigningRequestSubmitted, type Source, streams } from '../domain/index.ts'
import { type EventLog, type ExpectedRevision, isOvertaken, type NewEvent, prepareEvents } from '../event-log/index.ts'
import type { AppendOutcome, ShortActivities } from './contract.ts'

/**
 * Appends to a request's stream for its workflow. An artifact that a submission names is held first, so that it is not
 * collected before the event holds it: the upload that it came by may expire while the append waits for the log.
 */
export function appendEvents(log: EventLog, store: Pick<ArtifactStore, 'hold'>): ShortActivities['appendEvents'] {
  return async ({ signingRequestId, expectedRevision, events, metadata }) => {
    const stream = streams.signingRequest(signingRequestId)
    for (const event of events)
      if (event.type === 'SigningRequestSubmitted') await hold(store, (event as SigningRequestSubmitted).data.source)
    return appended(log, stream, prepareEvents(stream, expectedRevision, events, metadata), expectedRevision)
  }
}

/** Appends to a stream; says so when it has moved on. */
export async function appended(
  log: Pick<EventLog, 'append'>,
  stream: string,
  prepared: readonly NewEvent[],
  expectedRevision: ExpectedRevision,
): Promise<AppendOutcome> {
  try {
    const { position } = await log.append(stream, prepared, expectedRevision)
    return { kind: 'appended', position }
  } catch (error) {
    // The workflow reads and decides anew: its decisions are made where they can be replayed.
    if (isOvertaken(error)) return { kind: 'conflict' }
    throw error
  }
}

/** What is not there is found by the request's first step, which says so. */
async function hold(store: Pick<ArtifactStore, 'hold'>, { isAtHand, sha256 }: Source): Promise<void> {
  if (!isAtHand || sha256 === null) return
  try {
    await store.hold(sha256)
  } catch (error) {
    if (!(error instanceof ArtifactError && error.code === 'ARTIFACT_NOT_FOUND')) throw error
  }
}
