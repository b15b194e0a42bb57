import type { Instant } from '../domain/index.ts'
import {
  type EventLog,
  type LogEntry,
  type LogPosition,
  openSpillingMap,
  readEverything,
  type SpillingMap,
} from '../event-log/index.ts'
import { type BrokenStream, breakageOf } from './broken-streams.ts'
import { destinationOf } from './catalogue.ts'
import { type AnyEntity, addEvent, checkKnown } from './entity.ts'
import { entityText, stateOf } from './entity-text.ts'

/** An entity as the log says it is. */
export type ReplayedState = {
  readonly streamId: string
  /** Revision of the last event that was folded. */
  readonly revision: number
  /** The domain's state, as JSON. Hashes of API tokens are left out. */
  readonly stateJson: string
}

/** Entities by their streams' names. */
export type EntityMap = Pick<SpillingMap<AnyEntity>, 'get' | 'textOf' | 'size' | 'entries'>

/** Which part of the history to replay. */
export type ReplayOptions = {
  /** Only what happened at this moment or before. */
  readonly until?: Instant | undefined
  /** Only this stream. */
  readonly streamId?: string | undefined
  /** Only what stands up to here. */
  readonly upTo?: LogPosition | undefined
  /** Is given each batch that was folded, in the order of the log, and waited for. */
  readonly also?: ((events: readonly LogEntry[]) => Promise<void>) | undefined
}

/** What a replay came to; streams in the order of their first events. */
export type Replay = {
  readonly events: number
  /** How many have a state. */
  readonly streams: number
  /** Read one by one from where the replay keeps them, until it is closed. */
  readonly states: Iterable<ReplayedState>
  /** The same by their streams' names, with all that the read model knows of them. */
  readonly entities: EntityMap
  /** Streams that cannot be folded to their ends; their states are those before. */
  readonly brokenStreams: readonly BrokenStream[]
  /** Gives up the states, and the temporary file in which most of many are. */
  readonly close: () => void
}

/**
 * Folds the log into states with the domain's own code, without any read model. The whole log is read even for one stream:
 * what an administrator of the event store hides of a stream is there. Memory does not grow with the log:
 * states that no recent event changed are in a temporary file.
 *
 * @throws ReadModelError with a `PROJECTION_` code for events that this release does not know
 */
export async function replayLog(
  log: Pick<EventLog, 'readAll'>,
  { until, streamId, upTo, also }: ReplayOptions = {},
): Promise<Replay> {
  const fold = startFold()
  // A stream's later events build on its earlier ones: what comes after one that is left out is left out too.
  const ended = openSpillingMap<true>()
  for await (const all of upTo === undefined ? readEverything(log) : readUpTo(log, upTo)) {
    const events = streamId === undefined ? all : all.filter((event) => event.streamId === streamId)
    for (const event of events) {
      if (until !== undefined && !('reason' in event) && event.metadata.occurredAt > until)
        ended.update(event.streamId, () => true)
      if (ended.size() === 0 || ended.get(event.streamId) === undefined) fold.add(event)
    }
    await also?.(events)
  }
  ended.close()
  const { entities, broken } = fold
  return {
    events: fold.count(),
    streams: entities.size(),
    states: { [Symbol.iterator]: () => statesOf(entities) },
    entities,
    brokenStreams: [...broken.values()],
    close: entities.close,
  }
}

function* statesOf(entities: SpillingMap<AnyEntity>): Generator<ReplayedState> {
  for (const [streamId, text] of entities.texts()) yield { streamId, ...stateOf(text) }
}

/** Entities that grow by events. */
export type Fold = {
  readonly add: (event: LogEntry) => void
  /** By their streams' names. */
  readonly entities: SpillingMap<AnyEntity>
  /** What could not be folded, by the streams' names. */
  readonly broken: ReadonlyMap<string, BrokenStream>
  readonly count: () => number
}

/** Half of how many entities are in memory at the most. */
const entitiesInMemory = 512

/** Begins with nothing. Events are added in the order of the log. */
export function startFold(): Fold {
  const entities = openSpillingMap<AnyEntity>(entitiesInMemory, entityText)
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
      const entity = destination.kind === 'entity' ? entities.get(streamId) : undefined
      let next: AnyEntity | undefined
      const breakage = breakageOf(event, (readable) => {
        if (destination.kind === 'events') checkKnown(destination.known, readable)
        else next = addEvent(destination.projection, destination.id, entity, readable)
      })
      const changed = next
      if (changed !== undefined) entities.update(streamId, () => changed)
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
