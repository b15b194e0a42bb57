import type { Kysely } from 'kysely'
import type { RecordedEvent } from '../event-log/index.ts'
import { destinationOf } from './catalogue.ts'
import { type AnyEntity, type AnyProjection, addEvent, asEntity, asRow, checkKnown } from './entity.ts'
import { asEventRow } from './events.ts'
import type { Row, RowWriter } from './row-writer.ts'
import type { Slot } from './table-names.ts'
import type { SubmitterRow, Tables } from './tables.ts'

type Stream = { readonly id: string; readonly events: RecordedEvent[] }

/**
 * Writes what a run of events changes, inside a transaction: the rows of the entities that they are about are read once,
 * folded in memory and written once, however many of the events are theirs.
 *
 * @param events the events that follow on what the slot's tables hold, in log order
 * @throws ReadModelError with a `PROJECTION_` code for an event that cannot be projected
 */
export async function applyEvents(
  writer: RowWriter,
  transaction: Kysely<Tables>,
  slot: Slot,
  events: readonly RecordedEvent[],
): Promise<void> {
  for (const [projection, streams] of byProjection(events)) {
    const entities = await loadEntities(writer, transaction, slot, projection, streams)
    const submitters: SubmitterRow[] = []
    const rows = streams.map(({ id, events }) => {
      const entity = events.reduce<AnyEntity | undefined>(
        (entity, event) => addEvent(projection, id, entity, event),
        entities.get(id),
      )
      if (entity !== undefined) submitters.push(...(projection.submitters?.(entity.state, id) ?? []))
      return asRow(projection, entity as AnyEntity)
    })
    await writer.upsert(transaction, slot, projection.table, rows)
    if (submitters.length > 0) await writer.upsert(transaction, slot, 'submitters', submitters)
  }
  await writer.upsert(transaction, slot, 'events', events.map(asEventRow) as Row[])
}

function byProjection(events: readonly RecordedEvent[]): Iterable<[AnyProjection, Stream[]]> {
  const streams = new Map<string, Stream>()
  const byKind = new Map<AnyProjection, Stream[]>()
  for (const event of events) {
    const known = streams.get(event.streamId)
    if (known !== undefined) {
      known.events.push(event)
      continue
    }
    const destination = destinationOf(event)
    if (destination.kind === 'events') {
      checkKnown(destination.known, event)
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
