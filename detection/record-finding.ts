import { eventMetadata, type Instant, streams } from '../domain/index.ts'
import { type EventLog, isOvertaken, prepareEvents } from '../event-log/index.ts'
import type { StoredFinding } from './activity-store.ts'

/**
 * Appends a finding to the log, in a stream of its own that is named by its id: it is there once, whoever appends it and
 * however often.
 *
 * @throws EventLogError
 */
export async function recordFinding(
  log: Pick<EventLog, 'append'>,
  { id, event, cause }: StoredFinding,
  occurredAt: Instant,
): Promise<void> {
  const { organizationId, correlationId, evidence, remoteAddress } = cause
  const initiator = {
    actor: { kind: 'system', component: 'detection' },
    ...(remoteAddress === null ? {} : { remoteAddress }),
    callId: evidence.eventId,
  } as const
  const streamId = streams.unusualActivity(id)
  const metadata = eventMetadata(initiator, { organizationId, correlationId, occurredAt })
  try {
    await log.append(streamId, prepareEvents(streamId, 'noStream', [event], metadata), 'noStream')
  } catch (error) {
    // It is there, as another process or an earlier release wrote it.
    if (!isOvertaken(error)) throw error
  }
}
