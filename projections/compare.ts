import { parseStreamName } from '../domain/index.ts'
import type { EventLog, LogEntry, LogPosition } from '../event-log/index.ts'
import { projections } from './catalogue.ts'
import { compareEvents, type Difference, isSameRow } from './compare-events.ts'
import { compareSecurityRecords } from './compare-security-records.ts'
import type { ReadModelDatabase } from './database.ts'
import { differences } from './differences.ts'
import { type AnyEntity, type AnyProjection, asEntity, asRow } from './entity.ts'
import { rowText } from './entity-text.ts'
import { requireReadModel } from './read-checkpoint.ts'
import { type EntityMap, replayLog, startFold } from './replay.ts'
import type { EntityRow, NamedPrincipalRow } from './tables.ts'

/** What a comparison came to. */
export type Comparison = {
  /** Up to where the read model was when the comparison began; later events are not in it. */
  readonly position: LogPosition | undefined
  readonly events: number
} & Differences

/** Where the read model says something else than the log. */
export type Differences = {
  readonly differenceCount: number
  /** The first thousand at the most: a read model that has nothing right has millions. */
  readonly differences: readonly Difference[]
}

const rowsAtOnce = 500
const maximumDifferences = 1_000
const none: readonly Difference[] = []

/** A comparison of the read model with a log that is being replayed. */
export type RunningComparison = {
  /** Where the read model is, and the replay must end. */
  readonly position: LogPosition | undefined
  /** Holds the next events of the log against their copies. */
  readonly take: (events: readonly LogEntry[]) => Promise<void>
  /** Holds what they were folded to against the rows of the read model. */
  readonly finish: (entities: EntityMap) => Promise<Differences>
}

/**
 * Begins to hold what a replay folds against every row of the read model, field by field, and every event against its copy. The
 * read model may be in use and move on meanwhile.
 *
 * @param log where streams are read that moved on
 * @param streamId only this stream
 * @throws ReadModelError `READ_MODEL_NOT_READY`, `READ_MODEL_UNAVAILABLE`
 */
export async function startComparison(
  log: Pick<EventLog, 'readStream'>,
  database: ReadModelDatabase,
  streamId?: string,
): Promise<RunningComparison> {
  const { position } = await requireReadModel(database)
  const parts = [compareEvents(database, streamId), compareSecurityRecords(database, streamId)]
  const found: Difference[] = []
  let count = 0
  let after = '' as LogPosition

  function note(differences: readonly Difference[]): void {
    count += differences.length
    if (found.length < maximumDifferences) found.push(...differences.slice(0, maximumDifferences - found.length))
  }

  async function compareUpTo(upTo: LogPosition, events: readonly LogEntry[]): Promise<void> {
    for (const compare of parts) note(await compare(events, { after, upTo }))
    after = upTo
  }

  async function take(events: readonly LogEntry[]): Promise<void> {
    const upTo = events.at(-1)?.position
    if (upTo !== undefined) await compareUpTo(upTo, events)
  }

  async function finish(entities: EntityMap): Promise<Differences> {
    if (position !== undefined) await compareUpTo(position, [])
    let compared = 0
    for (const projection of Object.values(projections))
      for await (const rows of rowsOf(database, projection, streamId)) {
        for (const row of rows) {
          const stream = `${projection.kind}-${row.id}`
          const text = entities.textOf(stream)
          if (text !== undefined) compared += 1
          if (text === rowText(projection, row)) continue
          const folded = entities.get(stream)
          // Rows that changed since are held against their own part of the history.
          const entity =
            row.position === folded?.position ? folded : await foldAsFarAs(log, stream, row, position, folded)
          note(compareRow(projection, stream, entity, row))
        }
        if (projection.named !== undefined) note(await compareNamed(database, projection, rows))
      }
    if (compared < entities.size()) await missingRows(database, entities, (missing) => note([missing]))
    return { differenceCount: count, differences: found }
  }

  return { position, take, finish }
}

/**
 * Replays a log and compares the read model with it, as {@link startComparison} does.
 *
 * @throws ReadModelError with a `PROJECTION_` code for events that this release does not know; `READ_MODEL_NOT_READY`,
 *   `READ_MODEL_UNAVAILABLE`
 */
export async function compareReadModel(
  log: Pick<EventLog, 'readAll' | 'readStream'>,
  database: ReadModelDatabase,
  streamId?: string,
): Promise<Comparison> {
  const { position, take, finish } = await startComparison(log, database, streamId)
  const nothing = { async *readAll() {} }
  const replay = await replayLog(position === undefined ? nothing : log, { streamId, upTo: position, also: take })
  try {
    return { position, events: replay.events, ...(await finish(replay.entities)) }
  } finally {
    replay.close()
  }
}

/** Names the entities of the log that have no row. */
async function missingRows(
  { reads }: ReadModelDatabase,
  entities: EntityMap,
  note: (missing: Difference) => void,
): Promise<void> {
  async function look(part: readonly (readonly [string, AnyEntity])[]): Promise<void> {
    const ofKind = Map.groupBy(part, ([stream]) => parseStreamName(stream)?.kind as keyof typeof projections)
    for (const [kind, entries] of ofKind) {
      const ids = entries.map(([, { id }]) => id)
      const rows = await reads.selectFrom(projections[kind].table).select('id').where('id', 'in', ids).execute()
      const there = new Set(rows.map(({ id }) => id))
      for (const [streamId, { id, state }] of entries)
        if (!there.has(id)) note({ streamId, path: '', log: state, readModel: undefined })
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
  if (isSameRow(expected, row)) return none
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
