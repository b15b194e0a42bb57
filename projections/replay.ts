import type { Instant } from '../domain/index.ts'
import type { EventLog, LogPosition, RecordedEvent } from '../event-log/index.ts'
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
export type Replay = { readonly events: number; readonly states: readonly ReplayedState[] }

/**
 * Folds the log into states with the domain's own code, without any read model. Memory is bounded by the number of
 * entities, not of events.
 *
 * @throws ReadModelError with a `PROJECTION_` code for events that this release does not know
 */
export async function replayLog(
  log: Pick<EventLog, 'readAll' | 'readStream'>,
  { until, streamId }: ReplayOptions = {},
): Promise<Replay> {
  const fold = startFold()
  // A stream's later events build on its earlier ones: what comes after one that is left out is left out too.
  const ended = new Set<string>()
  for await (const events of streamId === undefined ? log.readAll() : log.readStream(streamId))
    for (const event of events) {
      if (until !== undefined && event.metadata.occurredAt > until) ended.add(event.streamId)
      if (!ended.has(event.streamId)) fold.add(event)
    }
  const states = [...fold.entities].map(([streamId, { revision, state }]) => ({ streamId, revision, state }))
  return { events: fold.count(), states }
}

/** Entities that grow by events. */
export type Fold = {
  readonly add: (event: RecordedEvent) => void
  /** By their streams' names. */
  readonly entities: Map<string, AnyEntity>
  readonly count: () => number
}

/** Begins with nothing. Events are added in the order of the log. */
export function startFold(): Fold {
  const entities = new Map<string, AnyEntity>()
  let count = 0
  return {
    entities,
    count: () => count,
    add(event) {
      count += 1
      const destination = destinationOf(event)
      if (destination.kind === 'events') checkKnown(destination.known, event)
      else {
        const { projection, id } = destination
        entities.set(event.streamId, addEvent(projection, id, entities.get(event.streamId), event))
      }
    },
  }
}

/** Reads the log up to a position, in batches. */
export async function* readUpTo(
  log: Pick<EventLog, 'readAll'>,
  position: LogPosition | undefined,
): AsyncGenerator<readonly RecordedEvent[]> {
  if (position === undefined) return
  for await (const events of log.readAll()) {
    const within = events.filter((event) => event.position <= position)
    if (within.length > 0) yield within
    if (within.length < events.length) return
  }
}
