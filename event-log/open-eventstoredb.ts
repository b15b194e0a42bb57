import type { EventLog } from './event-log.ts'
import type { EventStoreDbOptions } from './eventstoredb.ts'

/**
 * Opens the log of an EventStoreDB server, as `createEventStoreDbLog` of its adapter says. Its client is read when the first is
 * opened: an installation with the embedded log has no use for it, nor for the memory that it takes.
 *
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID`
 */
export async function openEventStoreDb(options: EventStoreDbOptions): Promise<EventLog> {
  const { createEventStoreDbLog } = await import('./eventstoredb.ts')
  return createEventStoreDbLog(options)
}
