import { type EventLog, EventLogError, type RecordedEvent } from './event-log.ts'
import { deliver, isReadable, isUnreadable, type LogEntry } from './unreadable-events.ts'

/** The data of an event, as JSON. */
export type EventData = Readonly<Record<string, unknown>>

/** One step from a schema version to the next, for one type of event. */
export type Upcaster = {
  readonly type: string
  /** The `schemaVersion` that the step takes; it makes `fromVersion + 1`, which is set by itself. */
  readonly fromVersion: number
  /** A pure function: same data, same result, and the data that it is given stays as it is. */
  readonly upcast: (data: EventData) => EventData
}

/**
 * Wraps a log so that old events are read in the newest form that is known. What was recorded is never rewritten: id,
 * revision, position and metadata stay, and an append passes through unchanged.
 *
 * Steps of one type are applied one after the other, and must follow on each other without a gap.
 *
 * @throws RangeError when two steps take the same version of a type, or a step between two is missing
 */
export function withUpcasters(log: EventLog, upcasters: readonly Upcaster[]): EventLog {
  if (upcasters.length === 0) return log
  const steps = stepsByType(upcasters)
  const upcastAll = (events: readonly RecordedEvent[]) =>
    events.map((event) => upcastEvent(event, steps.get(event.type)))
  const upcastOrName = (event: RecordedEvent): LogEntry => {
    try {
      return upcastEvent(event, steps.get(event.type))
    } catch (error) {
      const { data: _data, metadata: _metadata, ...place } = event
      return { ...place, reason: (error as EventLogError).message }
    }
  }
  return {
    append: (streamId, events, expectedRevision) => log.append(streamId, events, expectedRevision),
    async *readStream(streamId, options) {
      for await (const events of log.readStream(streamId, options)) yield upcastAll(events)
    },
    async *readAll(options) {
      const { onUnreadable } = options ?? {}
      for await (const events of log.readAll(options))
        if (onUnreadable === undefined) yield upcastAll(events)
        else yield* deliver(events.map(upcastOrName), onUnreadable)
    },
    async *subscribe(options) {
      for await (const batch of log.subscribe(options)) {
        const entries = batch.events.map(upcastOrName)
        const unreadable = entries.filter(isUnreadable)
        yield { ...batch, events: entries.filter(isReadable), unreadable: [...batch.unreadable, ...unreadable] }
      }
    },
    head: () => log.head(),
    close: () => log.close(),
  }
}

/** The steps of one type, by the version that each takes. */
type Steps = ReadonlyMap<number, Upcaster['upcast']>

function stepsByType(upcasters: readonly Upcaster[]): ReadonlyMap<string, Steps> {
  const types = new Map<string, Map<number, Upcaster['upcast']>>()
  for (const { type, fromVersion, upcast } of upcasters.toSorted((a, b) => a.fromVersion - b.fromVersion)) {
    const steps = types.get(type) ?? new Map<number, Upcaster['upcast']>()
    if (steps.has(fromVersion)) throw new RangeError(`Two upcasters take version ${fromVersion} of ${type}.`)
    if (steps.size > 0 && !steps.has(fromVersion - 1))
      throw new RangeError(`No upcaster takes version ${fromVersion - 1} of ${type}, but one takes ${fromVersion}.`)
    types.set(type, steps.set(fromVersion, upcast))
  }
  return types
}

function upcastEvent(event: RecordedEvent, steps: Steps | undefined): RecordedEvent {
  if (steps === undefined) return event
  let { data } = event
  let version = data.schemaVersion
  if (!Number.isSafeInteger(version))
    throw corrupt(event, `has no whole number as schemaVersion, but ${JSON.stringify(version)}`)
  for (let step = steps.get(version as number); step !== undefined; step = steps.get(version as number)) {
    try {
      data = { ...step(data), schemaVersion: (version as number) + 1 }
    } catch (cause) {
      throw corrupt(event, `cannot be upcast from schemaVersion ${version}`, cause)
    }
    version = data.schemaVersion
  }
  return data === event.data ? event : { ...event, data }
}

function corrupt({ type, position, streamId, revision }: RecordedEvent, what: string, cause?: unknown): EventLogError {
  return new EventLogError(
    'EVENT_LOG_CORRUPT',
    `${type} at position ${position} (${streamId}, revision ${revision}) ${what}.`,
    { cause },
  )
}
