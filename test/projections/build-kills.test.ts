import { once } from 'node:events'
import { join } from 'node:path'
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openSqliteEventLog } from '../../event-log/index.ts'
import {
  compareReadModel,
  openPostgresReadModel,
  openReadModel,
  openSqliteReadModel,
  type ReadModelDatabase,
  rebuildReadModel,
  startProjector,
} from '../../projections/index.ts'
import { readCheckpoint } from '../../projections/read-checkpoint.ts'
import { tableForms } from '../../projections/table-forms.ts'
import { projectedTables, readModelVersion } from '../../projections/tables.ts'
import { postgresForTests } from '../support/postgres.ts'
import { anyMoves, type Move, play } from '../support/random-history/index.ts'
import { allRows } from '../support/read-model-rows.ts'
import { spawnProjector } from '../support/spawn-projector.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const postgres = postgresForTests()
const dialects = [
  ['SQLite', async () => join(temporaryFolder(), 'read-model.db')],
  ['PostgreSQL', () => postgres.newDatabase()],
] as const
const moves: readonly Move[] = fc.sample(anyMoves(150), { numRuns: 1, seed: 22 })[0] ?? []
const indexes = projectedTables.flatMap((table) => tableForms[table].indexes.map(() => table))

/** Statements after which a builder is killed, within their transaction. */
const moments = [
  ['tables are made', { statement: '^create table "v', time: projectedTables.length }],
  ['rows are written', { statement: '^insert into "\\w+signing_requests"', time: 1 }],
  ['the first index is made', { statement: '^create index', time: 1 }],
  ['indexes are made', { statement: '^create index', time: Math.floor(indexes.length / 2) }],
  ['the last index is made', { statement: '^create index', time: indexes.length }],
  ['the tables get their names', { statement: '^alter table', time: Math.floor(projectedTables.length / 2) }],
] as const

function open(address: string): ReadModelDatabase {
  const database = address.startsWith('postgres://')
    ? openPostgresReadModel({ connectionString: address })
    : openSqliteReadModel({ path: address })
  onTestFinished(() => database.close())
  return database
}

/** Which indexes the tables have that are read: their columns, by table. */
async function indexesOf({ kind, reads }: ReadModelDatabase): Promise<readonly string[]> {
  const prefix = `v${readModelVersion}_`
  const query =
    kind === 'sqlite'
      ? "select tbl_name as name, sql from sqlite_schema where type = 'index' and sql is not null"
      : "select tablename as name, indexdef as sql from pg_indexes where indexdef not like 'CREATE UNIQUE%'"
  const { rows } = await sql.raw<{ name: string; sql: string }>(query).execute(reads)
  return rows
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, sql: text }) => `${name.slice(prefix.length)} ${text.replace(/^.*\(|[")]/g, '')}`)
    .sort()
}

describe.each(dialects)('a build in %s that is killed', { timeout: 120_000 }, (_kind, newAddress) => {
  it.each(moments)('while %s ends as one that was not', async (_when, killAfter) => {
    const path = join(temporaryFolder(), 'log.db')
    const log = openSqliteEventLog({ path })
    onTestFinished(() => log.close())
    await play(log, moves)
    const address = await newAddress()
    const child = spawnProjector({ log: path, readModel: address, killAfter })
    const [, signal] = await once(child, 'exit')
    expect(signal).toBe('SIGKILL')
    const database = open(address)
    expect(await readCheckpoint(database, 'live')).toBeUndefined()
    await database.writes.updateTable('read_models').set({ alive_at: 0 }).execute()

    const { progress } = openReadModel(database)
    const projector = startProjector({ log, database, progress })
    await until('the tables are built', () => projector.status().state === 'running')
    await projector.stop()
    expect((await compareReadModel(log, database)).differences).toEqual([])
    expect(await indexesOf(database)).toEqual(
      projectedTables.flatMap((table) => tableForms[table].indexes.map((each) => `${table} ${each.join(', ')}`)).sort(),
    )
    const unbroken = open(await newAddress())
    await rebuildReadModel({ log, database: unbroken })
    expect(await allRows(database)).toBe(await allRows(unbroken))
  })
})
