import type { EventMetadata } from '../domain/index.ts'
import { type EventLog, EventLogError, type RecordedEvent } from './event-log.ts'
import { deliver, isReadable, isUnreadable, type LogEntry } from './log-entries.ts'

/** What an event says, as JSON: everything but where it stands. Metadata may be of any version. */
export type EventContent = {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly metadata: Readonly<Record<string, unknown>>
}

/**
 * A pure function: same event, same result, and the event that it is given stays as it is. Of its result, the
 * `schemaVersion` that the step is about is set by itself.
 */
export type UpcastStep = (event: EventContent) => EventContent

/**
 * One step from a schema version to the next: of the data of one type of event, or of the metadata of all. It takes
 * `fromVersion` and makes `fromVersion + 1`. A step of data may also rename its type: what follows is then steps of the new name.
 */
export type Upcaster =
  | { readonly of: 'data'; readonly type: string; readonly fromVersion: number; readonly upcast: UpcastStep }
  | { readonly of: 'metadata'; readonly fromVersion: number; readonly upcast: UpcastStep }

/**
 * Wraps a log so that old events are read in the newest form that is known: first the metadata, then the data. What was
 * recorded is never rewritten: id, revision and position stay, and an append passes through unchanged.
 *
 * Steps of one type, and those of metadata, are applied one after the other, and must follow on each other without a gap.
 *
 * @throws RangeError when two steps take the same version, or a step between two is missing
 */
export function withUpcasters(log: EventLog, upcasters: readonly Upcaster[]): EventLog {
  if (upcasters.length === 0) return log
  const { upcastAll, upcastOrName } = upcasting(upcasters)
  return {
    append: (streamId, events, expectedRevision) => log.append(streamId, events, expectedRevision),
    async *readStream(streamId, options) {
      for await (const events of log.readStream(streamId, options)) yield upcastAll(events)
    },
    lastRevisions: (streamIds) => log.lastRevisions(streamIds),
    readAll: upcastingReads(log, upcasters).readAll,
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

/** Does for reads of the whole log what {@link withUpcasters} does. @throws RangeError as that does */
export function upcastingReads(
  log: Pick<EventLog, 'readAll'>,
  upcasters: readonly Upcaster[],
): Pick<EventLog, 'readAll'> {
  if (upcasters.length === 0) return log
  const { upcastAll, upcastOrName } = upcasting(upcasters)
  return {
    async *readAll(options) {
      const { onUnreadable } = options ?? {}
      for await (const events of log.readAll(options))
        if (onUnreadable === undefined) yield upcastAll(events)
        else yield* deliver(events.map(upcastOrName), onUnreadable)
    },
  }
}

function upcasting(upcasters: readonly Upcaster[]): {
  readonly upcastAll: (events: readonly RecordedEvent[]) => readonly RecordedEvent[]
  /** One that cannot be upcast cannot be read. */
  readonly upcastOrName: (event: RecordedEvent) => LogEntry
} {
  const steps = orderedSteps(upcasters)
  return {
    upcastAll: (events) => events.map((event) => upcastEvent(event, steps)),
    upcastOrName(event) {
      try {
        return upcastEvent(event, steps)
      } catch (error) {
        const { data: _data, metadata: _metadata, ...place } = event
        return { ...place, reason: (error as EventLogError).message }
      }
    },
  }
}

/** Steps by the version that each takes. */
type VersionSteps = ReadonlyMap<number, UpcastStep>
type Steps = { readonly metadata: VersionSteps; readonly data: ReadonlyMap<string, VersionSteps> }

function orderedSteps(upcasters: readonly Upcaster[]): Steps {
  const metadata = new Map<number, UpcastStep>()
  const data = new Map<string, Map<number, UpcastStep>>()
  for (const upcaster of upcasters.toSorted((a, b) => a.fromVersion - b.fromVersion)) {
    const { fromVersion, upcast } = upcaster
    const [what, steps] =
      upcaster.of === 'metadata'
        ? ['the metadata', metadata]
        : [upcaster.type, data.get(upcaster.type) ?? new Map<number, UpcastStep>()]
    if (steps.has(fromVersion)) throw new RangeError(`Two upcasters take version ${fromVersion} of ${what}.`)
    if (steps.size > 0 && !steps.has(fromVersion - 1))
      throw new RangeError(`No upcaster takes version ${fromVersion - 1} of ${what}, but one takes ${fromVersion}.`)
    steps.set(fromVersion, upcast)
    if (upcaster.of === 'data') data.set(upcaster.type, steps)
  }
  return { metadata, data }
}

function upcastEvent(event: RecordedEvent, steps: Steps): RecordedEvent {
  if (steps.metadata.size === 0 && !steps.data.has(event.type)) return event
  let content: EventContent = event
  for (const part of ['metadata', 'data'] as const)
    for (;;) {
      const ofPart = part === 'metadata' ? steps.metadata : steps.data.get(content.type)
      if (ofPart === undefined || ofPart.size === 0) break
      const version = versionOf(event, content, part)
      const step = ofPart.get(version)
      if (step === undefined) break
      content = applied(event, content, { part, version, step })
    }
  if (content === event) return event
  const { type, data, metadata } = content
  return { ...event, type, data, metadata: metadata as EventMetadata }
}

function versionOf(event: RecordedEvent, content: EventContent, part: 'data' | 'metadata'): number {
  const { schemaVersion } = content[part]
  if (Number.isSafeInteger(schemaVersion)) return schemaVersion as number
  throw corrupt(event, `has no whole number as schemaVersion of its ${part}, but ${JSON.stringify(schemaVersion)}`)
}

function applied(
  event: RecordedEvent,
  content: EventContent,
  { part, version, step }: { readonly part: 'data' | 'metadata'; readonly version: number; readonly step: UpcastStep },
): EventContent {
  try {
    const { type, data, metadata } = step(content)
    const upcast = { type, data, metadata }
    return { ...upcast, [part]: { ...upcast[part], schemaVersion: version + 1 } }
  } catch (cause) {
    throw corrupt(event, `cannot be upcast from schemaVersion ${version} of its ${part}`, cause)
  }
}

function corrupt({ type, position, streamId, revision }: RecordedEvent, what: string, cause?: unknown): EventLogError {
  return new EventLogError(
    'EVENT_LOG_CORRUPT',
    `${type} at position ${position} (${streamId}, revision ${revision}) ${what}.`,
    { cause },
  )
}
