import {
  type EventLog,
  type ReadAllOptions,
  type RecordedEvent,
  type SubscriptionBatch,
  type UnreadableEvent,
  unreadableFailure,
} from './event-log.ts'

/** What stands in a place of a log: an event that can be read, or one that only its place is known of. */
export type LogEntry = RecordedEvent | UnreadableEvent

/** Whether it can be read. */
export function isReadable(entry: LogEntry): entry is RecordedEvent {
  return !('reason' in entry)
}

/** Whether it cannot be read. */
export function isUnreadable(entry: LogEntry): entry is UnreadableEvent {
  return !isReadable(entry)
}

/** @throws EventLogError `EVENT_LOG_CORRUPT` when it cannot be read */
export function requireReadable(entry: LogEntry): RecordedEvent {
  if (isReadable(entry)) return entry
  throw unreadableFailure(entry)
}

/**
 * Delivers what a read of the whole log came upon: runs of events that can be read, and in between, to `onUnreadable`, those
 * that cannot.
 *
 * @throws EventLogError `EVENT_LOG_CORRUPT` at one that cannot be read, when nobody wants to be given it
 */
export function* deliver(
  entries: readonly LogEntry[],
  onUnreadable: ((event: UnreadableEvent) => void) | undefined,
): Generator<readonly RecordedEvent[]> {
  let run: RecordedEvent[] = []
  for (const entry of entries)
    if (isReadable(entry)) run.push(entry)
    else {
      if (run.length > 0) yield run
      run = []
      if (onUnreadable === undefined) throw unreadableFailure(entry)
      onUnreadable(entry)
    }
  if (run.length > 0) yield run
}

/** Reads the whole log, what cannot be read in its place. */
export async function* readEverything(
  log: Pick<EventLog, 'readAll'>,
  options: Omit<ReadAllOptions, 'onUnreadable'> = {},
): AsyncGenerator<readonly LogEntry[]> {
  let unreadable: UnreadableEvent[] = []
  const onUnreadable = (event: UnreadableEvent) => void unreadable.push(event)
  for await (const events of log.readAll({ ...options, onUnreadable })) {
    yield [...unreadable, ...events]
    unreadable = []
  }
  if (unreadable.length > 0) yield unreadable
}

/** Everything of a part of a subscription, in the order of the log. */
export function inLogOrder({
  events,
  unreadable,
}: Pick<SubscriptionBatch, 'events' | 'unreadable'>): readonly LogEntry[] {
  if (unreadable.length === 0) return events
  return [...events, ...unreadable].sort((a, b) => (a.position < b.position ? -1 : 1))
}
