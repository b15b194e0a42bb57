import type { Instant } from '../domain/index.ts'
import { type EventLog, type LogEntry, type LogPosition, readEverything } from '../event-log/index.ts'
import { type BrokenStream, breakageOf } from './broken-streams.ts'
import { destinationOf } from './catalogue.ts'
import { type AnyEntity, addEvent, checkKnown } from './entity.ts'

/** An entity as the log says it is. */
export type ReplayedState = {
  readonly streamId: string
  /** Revision of the last event that was folded. */
  readonly revision: number
  /** The domain's state. Hashes of API tokens are left out. */
  readonly state: unknown
}

/** Which part of the history to replay. */
export type ReplayOptions = {
  /** Only what happened at this moment or before. */
  readonly until?: Instant | undefined
  /** Only this stream. */
  readonly streamId?: string | undefined
}

/** What a replay came to; streams in the order of their first events. */
export type Replay = {
  readonly events: number
  readonly states: readonly ReplayedState[]
  /** Streams that cannot be folded to their ends; their states are those before. */
  readonly brokenStreams: readonly BrokenStream[]
}

/**
 * Folds the log into states with the domain's own code, without any read model. The whole log is read even for one stream:
 * what an administrator of the event store hides of a stream is there. Memory is bounded by the number of
 * entities, not of events.
 *
 * @throws ReadModelError with a `PROJECTION_` code for events that this release does not know
 */
export async function replayLog(
  log: Pick<EventLog, 'readAll'>,
  { until, streamId }: ReplayOptions = {},
): Promise<Replay> {
  const fold = startFold()
  // A stream's later events build on its earlier ones: what comes after one that is left out is left out too.
  const ended = new Set<string>()
  for await (const events of readEverything(log))
    for (const event of events) {
      if (streamId !== undefined && event.streamId !== streamId) continue
      if (until !== undefined && !('reason' in event) && event.metadata.occurredAt > until) ended.add(event.streamId)
      if (!ended.has(event.streamId)) fold.add(event)
    }
  const states = [...fold.entities].map(([streamId, { revision, state }]) => ({ streamId, revision, state }))
  return { events: fold.count(), states, brokenStreams: [...fold.broken.values()] }
}

/** Entities that grow by events. */
export type Fold = {
  readonly add: (event: LogEntry) => void
  /** By their streams' names. */
  readonly entities: Map<string, AnyEntity>
  /** What could not be folded, by the streams' names. */
  readonly broken: ReadonlyMap<string, BrokenStream>
  readonly count: () => number
}

/** Begins with nothing. Events are added in the order of the log. */
export function startFold(): Fold {
  const entities = new Map<string, AnyEntity>()
  const broken = new Map<string, BrokenStream>()
  let count = 0
  return {
    entities,
    broken,
    count: () => count,
    add(event) {
      count += 1
      const { streamId } = event
      const destination = destinationOf(event)
      if (destination.kind === 'entity' && broken.has(streamId)) return
      const breakage = breakageOf(event, (readable) => {
        if (destination.kind === 'events') checkKnown(destination.known, readable)
        else entities.set(streamId, addEvent(destination.projection, destination.id, entities.get(streamId), readable))
      })
      if (breakage !== undefined && !broken.has(streamId)) broken.set(streamId, breakage)
    },
  }
}

/** Reads the log up to a position, in batches. */
export async function* readUpTo(
  log: Pick<EventLog, 'readAll'>,
  position: LogPosition | undefined,
): AsyncGenerator<readonly LogEntry[]> {
  if (position === undefined) return
  for await (const events of readEverything(log)) {
    const within = events.filter((event) => event.position <= position)
    if (within.length > 0) yield within
    if (within.length < events.length) return
  }
}
