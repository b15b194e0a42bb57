import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type { LogEntry, RecordedEvent } from '../event-log/index.ts'
import { type BrokenStream, breakageOf, malformationOf } from './broken-streams.ts'
import { destinationOf } from './catalogue.ts'
import { type AnyEntity, type AnyProjection, addEvent, asEntity, asRow, checkKnown } from './entity.ts'
import { asEventRow } from './events.ts'
import type { Row, RowWriter } from './row-writer.ts'
import { securityRecordsOf } from './security-records.ts'
import type { Slot } from './table-names.ts'
import type { NamedPrincipalRow, ProjectedTable, Tables } from './tables.ts'

type Stream = { readonly id: string; readonly events: LogEntry[] }

/**
 * Writes what a run of events changes, inside a transaction: the rows of the entities that they are about are read once,
 * folded in memory and written once, however many of the events are theirs. An entity whose stream is broken stays as it
 * was before; its stream is named in a table of its own.
 *
 * @param events the events that follow on what the slot's tables hold, in log order
 * @throws ReadModelError with a `PROJECTION_` code for an event that this release does not know
 */
export async function applyEvents(
  writer: RowWriter,
  transaction: Kysely<Tables>,
  slot: Slot,
  events: readonly LogEntry[],
): Promise<void> {
  const broken = await writer.brokenStreams(transaction, slot)
  const newlyBroken = new Map<string, BrokenStream>()
  const note = (breakage: BrokenStream | undefined) => {
    if (breakage !== undefined && !newlyBroken.has(breakage.streamId)) newlyBroken.set(breakage.streamId, breakage)
    return breakage !== undefined
  }
  const loaded: Loaded[] = []
  for (const [projection, streams] of byProjection(events, broken, note))
    loaded.push({ projection, streams, entities: await loadEntities(writer, transaction, slot, projection, streams) })
  // The database writes while entities are folded: of a long run of events each of them takes about half of the time.
  const writing: Promise<void>[] = []
  const write = (table: ProjectedTable, rows: readonly Row[]) => {
    const written = writer.upsert(transaction, slot, table, rows)
    // Waited for below, also when folding fails before.
    written.catch(() => undefined)
    writing.push(written)
  }
  try {
    const shown = events.filter(isShown)
    write('events', shown.map(asEventRow) as Row[])
    write('security_records', shown.flatMap(securityRecordsOf))
    for (const each of loaded) {
      const { rows, named } = await fold(each, note)
      write(each.projection.table, rows)
      write('named_principals', named)
    }
    const found = [...newlyBroken.values()].map(({ streamId: stream_id, ...place }) => ({ stream_id, ...place }))
    write('broken_streams', found)
  } finally {
    await Promise.allSettled(writing)
  }
  await Promise.all(writing)
}

/** The entities of one projection that a run of events is about: as they were before it, and what the run has of each. */
type Loaded = {
  readonly projection: AnyProjection
  readonly streams: readonly Stream[]
  readonly entities: ReadonlyMap<string, AnyEntity>
}

/** So many events are folded until the event loop has its turn. */
const foldedAtOnce = 100

async function fold(
  { projection, streams, entities }: Loaded,
  note: (breakage: BrokenStream | undefined) => boolean,
): Promise<{ readonly rows: readonly Row[]; readonly named: readonly NamedPrincipalRow[] }> {
  const rows: Row[] = []
  const named: NamedPrincipalRow[] = []
  let untilTurn = foldedAtOnce
  for (const { id, events } of streams) {
    let entity = entities.get(id)
    const before = entity
    for (const event of events) {
      const breaks = breakageOf(event, (readable) => {
        entity = addEvent(projection, id, entity, readable)
      })
      if (note(breaks)) break
    }
    untilTurn -= events.length
    if (untilTurn <= 0) {
      await eventLoopTurn()
      untilTurn = foldedAtOnce
    }
    if (entity === undefined || entity === before) continue
    rows.push(asRow(projection, entity))
    named.push(...(projection.named?.(entity.state, entity.facts, id) ?? []))
  }
  return { rows, named }
}

/** Whether an event can stand in the time line of its stream. */
export function isShown(event: LogEntry): event is RecordedEvent {
  return !('reason' in event) && malformationOf(event) === undefined
}

function byProjection(
  events: readonly LogEntry[],
  broken: ReadonlySet<string>,
  note: (breakage: BrokenStream | undefined) => boolean,
): Iterable<[AnyProjection, Stream[]]> {
  const streams = new Map<string, Stream>()
  const byKind = new Map<AnyProjection, Stream[]>()
  for (const event of events) {
    if (broken.has(event.streamId)) continue
    const known = streams.get(event.streamId)
    if (known !== undefined) {
      known.events.push(event)
      continue
    }
    const destination = destinationOf(event)
    if (destination.kind === 'events') {
      note(breakageOf(event, (readable) => checkKnown(destination.known, readable)))
      continue
    }
    const stream = { id: destination.id, events: [event] }
    streams.set(event.streamId, stream)
    const ofKind = byKind.get(destination.projection) ?? []
    ofKind.push(stream)
    byKind.set(destination.projection, ofKind)
  }
  return byKind
}

// A stream that begins in this run has no row yet.
async function loadEntities(
  writer: RowWriter,
  transaction: Kysely<Tables>,
  slot: Slot,
  projection: AnyProjection,
  streams: readonly Stream[],
): Promise<ReadonlyMap<string, AnyEntity>> {
  const ids = streams.filter(({ events }) => events[0]?.revision !== 0).map(({ id }) => id)
  const rows = await writer.load(transaction, slot, projection.table, ids)
  return new Map(rows.map((row) => [row.id, asEntity<object, object>(row)]))
}
