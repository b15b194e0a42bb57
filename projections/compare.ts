import { parseStreamName } from '../domain/index.ts'
import type { EventLog, LogEntry, LogPosition, SpillingMap } from '../event-log/index.ts'
import { isShown } from './apply-events.ts'
import { projections } from './catalogue.ts'
import type { ReadModelDatabase } from './database.ts'
import { differences } from './differences.ts'
import { type AnyEntity, type AnyProjection, asEntity, asRow } from './entity.ts'
import { asEventRow } from './events.ts'
import { requireReadModel } from './read-checkpoint.ts'
import { readUpTo, startFold } from './replay.ts'
import type { EntityRow, NamedPrincipalRow } from './tables.ts'

/** A place where the read model says something else than the log. */
export type Difference = {
  readonly streamId: string
  /** Where in the state, e.g. `approvals[0].comment`; empty for the whole entity or event. */
  readonly path: string
  /** What the log says; `undefined`: nothing. */
  readonly log: unknown
  /** What the read model says; `undefined`: nothing. */
  readonly readModel: unknown
}

/** What a comparison came to. */
export type Comparison = {
  /** Up to where the read model was when the comparison began; later events are not in it. */
  readonly position: LogPosition | undefined
  readonly events: number
  readonly differences: readonly Difference[]
}

const rowsAtOnce = 500

/**
 * Folds every stream of the log anew and holds the result against every row of the read model, field by field, and every
 * event against its copy. The read model may be in use and move on meanwhile.
 *
 * @param streamId only this stream
 * @throws ReadModelError with a `PROJECTION_` code for events that this release does not know; `READ_MODEL_NOT_READY`,
 *   `READ_MODEL_UNAVAILABLE`
 */
export async function compareReadModel(
  log: Pick<EventLog, 'readAll' | 'readStream'>,
  database: ReadModelDatabase,
  streamId?: string,
): Promise<Comparison> {
  const { position } = await requireReadModel(database)
  const fold = startFold()
  const found: Difference[] = []
  let after = '' as LogPosition
  for await (const all of readUpTo(log, position)) {
    const events = streamId === undefined ? all : all.filter((event) => event.streamId === streamId)
    for (const event of events) fold.add(event)
    const last = all.at(-1)?.position ?? after
    found.push(...(await compareEvents(database, events, { after, upTo: last, streamId })))
    after = last
  }
  let compared = 0
  for (const projection of Object.values(projections))
    for await (const rows of rowsOf(database, projection, streamId)) {
      for (const row of rows) {
        const stream = `${projection.kind}-${row.id}`
        const folded = fold.entities.get(stream)
        if (folded !== undefined) compared += 1
        // Rows that changed since are held against their own part of the history.
        const entity =
          row.position === folded?.position ? folded : await foldAsFarAs(log, stream, row, position, folded)
        found.push(...compareRow(projection, stream, entity, row))
      }
      if (projection.named !== undefined) found.push(...(await compareNamed(database, projection, rows)))
    }
  if (compared < fold.entities.size()) found.push(...(await missingRows(database, fold.entities)))
  fold.entities.close()
  return { position, events: fold.count(), differences: found }
}

/** Names the entities of the log that have no row. */
async function missingRows(
  { reads }: ReadModelDatabase,
  entities: SpillingMap<AnyEntity>,
): Promise<readonly Difference[]> {
  const missing: Difference[] = []
  async function look(part: readonly (readonly [string, AnyEntity])[]): Promise<void> {
    const ofKind = Map.groupBy(part, ([stream]) => parseStreamName(stream)?.kind as keyof typeof projections)
    for (const [kind, entries] of ofKind) {
      const ids = entries.map(([, { id }]) => id)
      const rows = await reads.selectFrom(projections[kind].table).select('id').where('id', 'in', ids).execute()
      const there = new Set(rows.map(({ id }) => id))
      for (const [streamId, { id, state }] of entries)
        if (!there.has(id)) missing.push({ streamId, path: '', log: state, readModel: undefined })
    }
  }
  let part: (readonly [string, AnyEntity])[] = []
  for (const entry of entities.entries()) {
    part.push(entry)
    if (part.length < rowsAtOnce) continue
    await look(part)
    part = []
  }
  if (part.length > 0) await look(part)
  return missing
}

async function foldAsFarAs(
  log: Pick<EventLog, 'readStream'>,
  streamId: string,
  row: EntityRow,
  position: LogPosition | undefined,
  folded: AnyEntity | undefined,
): Promise<AnyEntity | undefined> {
  if (position !== undefined && row.position <= position) return folded
  const fold = startFold()
  for await (const events of log.readStream(streamId, { maxCount: Math.max(row.revision + 1, 1) }))
    for (const event of events) fold.add(event)
  return fold.entities.get(streamId)
}

function compareRow(
  projection: AnyProjection,
  streamId: string,
  entity: AnyEntity | undefined,
  row: EntityRow,
): readonly Difference[] {
  if (entity === undefined) return [{ streamId, path: '', log: undefined, readModel: parsed(row.state) }]
  const expected = asRow(projection, entity)
  const readable = ({ state, facts, ...columns }: Readonly<Record<string, unknown>>) => ({
    ...(parsed(state) as object),
    facts: parsed(facts),
    columns,
  })
  return differences(readable(expected), readable(row)).map(({ path, expected, actual }) => ({
    streamId,
    path,
    log: expected,
    readModel: actual,
  }))
}

/** Holds the rows of who is named where against the rows of what names them, which are held against the log. */
async function compareNamed(
  { reads }: ReadModelDatabase,
  projection: AnyProjection,
  entities: readonly EntityRow[],
): Promise<readonly Difference[]> {
  const ids = entities.map(({ id }) => id)
  const rows = await reads.selectFrom('named_principals').selectAll().where('entity_id', 'in', ids).execute()
  const ofEntity = Map.groupBy(rows, (row) => row.entity_id)
  const readable = (named: readonly NamedPrincipalRow[]) =>
    named
      .filter(({ holds }) => holds === 'yes')
      .map(({ organization_id, role, principal }) => `${organization_id} ${role} ${principal}`)
      .sort()
  return entities.flatMap((row) => {
    const { id, state, facts } = asEntity<object, object>(row)
    const expected = readable(projection.named?.(state, facts, id) ?? [])
    return differences(expected, readable(ofEntity.get(id) ?? []), 'named').map(({ path, expected, actual }) => ({
      streamId: `${projection.kind}-${id}`,
      path,
      log: expected,
      readModel: actual,
    }))
  })
}

async function compareEvents(
  database: ReadModelDatabase,
  events: readonly LogEntry[],
  range: { readonly after: LogPosition; readonly upTo: LogPosition; readonly streamId: string | undefined },
): Promise<readonly Difference[]> {
  let query = database.reads
    .selectFrom('events')
    .selectAll()
    .where('position', '>', range.after)
    .where('position', '<=', range.upTo)
  if (range.streamId !== undefined) query = query.where('stream_id', '=', range.streamId)
  const copies = new Map((await query.execute()).map((row) => [row.position, row]))
  const different = events.filter(isShown).flatMap((event) => {
    const copy = copies.get(event.position)
    copies.delete(event.position)
    return differences(asEventRow(event), copy, `events[${event.revision}]`).map(({ path, expected, actual }) => ({
      streamId: event.streamId,
      path,
      log: expected,
      readModel: actual,
    }))
  })
  const added = [...copies.values()].map((row) => ({
    streamId: row.stream_id,
    path: `events[${row.revision}]`,
    log: undefined,
    readModel: row,
  }))
  return [...different, ...added]
}

async function* rowsOf(
  { reads }: ReadModelDatabase,
  { table, kind }: AnyProjection,
  streamId: string | undefined,
): AsyncGenerator<readonly EntityRow[]> {
  const only = streamId === undefined ? undefined : parseStreamName(streamId)
  if (streamId !== undefined && only?.kind !== kind) return
  for (let after = ''; ; ) {
    let query = reads.selectFrom(table).selectAll().where('id', '>', after)
    if (only !== undefined) query = query.where('id', '=', only.id)
    const rows: EntityRow[] = await query.orderBy('id').limit(rowsAtOnce).execute()
    if (rows.length > 0) yield rows
    if (rows.length < rowsAtOnce) return
    after = rows.at(-1)?.id ?? after
  }
}

function parsed(json: unknown): unknown {
  try {
    return JSON.parse(String(json))
  } catch {
    return json
  }
}
