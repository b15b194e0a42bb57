import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openPostgresPersonKeys } from '../../persons/index.ts'
import { compareReadModel, openPostgresReadModel } from '../../projections/index.ts'
import { followErasures } from '../../server/erasures.ts'
import { newSecretKey } from '../../server/secret-keys.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { testPersons } from '../support/persons.ts'
import { postgresForTests } from '../support/postgres.ts'
import { until } from '../support/until.ts'

const postgres = postgresForTests()

/** Does something on the server of a database, beside it. */
async function administer(database: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: new URL('/postgres', database).href })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

const nameOf = (database: string) => new URL(database).pathname.slice(1)

/** Ends all connections to a database, as a copy of it by the server's own means demands. */
const disconnectAll = (name: string) =>
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid()`

/** Copies a database; answers what puts the copy in its place, under whatever is connected. */
async function backUp(database: string): Promise<() => Promise<void>> {
  const name = nameOf(database)
  const copy = `backup_${randomUUID().replaceAll('-', '')}`
  // Whatever is connected comes back at any moment: then the copy is tried again.
  await until('the database is copied', () =>
    administer(database, disconnectAll(name), `CREATE DATABASE ${copy} TEMPLATE ${name}`).then(
      () => true,
      () => false,
    ),
  )
  return () => administer(database, `DROP DATABASE ${name} WITH (FORCE)`, `CREATE DATABASE ${name} TEMPLATE ${copy}`)
}

describe('a backup that is put back in PostgreSQL', { timeout: 60_000 }, () => {
  test.each([true, false])(
    'brings names back, but of nobody who was erased since, with the service running meanwhile: %s',
    async (isRunning) => {
      const [keys, tables] = [await postgres.newDatabase(), await postgres.newDatabase()]
      const masters = newSecretKey()
      const store = () => openPostgresPersonKeys({ connectionString: keys })
      // While the database is replaced, names are not to be had.
      const persons = testPersons({ store: store(), masters, onFailure: () => undefined })
      onTestFinished(() => persons.close())
      const database = openPostgresReadModel({ connectionString: tables })
      const server = await startGraphQLServer({ persons, database })
      const { log, setup, administrator } = server
      const [anna, bert, cora] = server.approvers
      const follow = () => followErasures({ log, verified: log, persons, logger: pino({ level: 'silent' }), lookMs: 0 })
      let erasures = follow()
      onTestFinished(() => erasures.close())
      const id = await server.submit()
      await server.caughtUp()
      const document = `query ($id: ID!) { viewer { name } signingRequest(id: $id) {
        submitter { name } approvalProcess { approvers { user { name email } } } } }`
      const answer = async () => {
        await server.caughtUp()
        return (await server.ask(administrator, document, { id })).data
      }
      const before = await answer()
      expect(before.signingRequest.approvalProcess.approvers[0]).toEqual({
        user: { name: 'Anna', email: 'anna@example.com' },
      })
      const restoreKeys = await backUp(keys)
      const restoreTables = await backUp(tables)

      const nina = await server.addUser('Nina')
      await until('the keys are at hand again', () =>
        server.application.eraseUser(setup, { userId: anna.userId }).then(({ keyDestroyed }) => keyDestroyed),
      )
      const erased = { user: { name: `erased user ${anna.userId}`, email: null } }
      const after = await answer()
      expect(after.signingRequest.approvalProcess.approvers[0]).toEqual(erased)
      await until('it is kept', async () => (await persons.erasuresDoneTo()) !== undefined)

      if (!isRunning) await erasures.close()
      await restoreKeys()
      await restoreTables()
      const wrapped = async (userId: string) => {
        const reader = store()
        try {
          return (await reader.find([userId as typeof anna.userId])).length > 0
        } finally {
          await reader.close()
        }
      }
      expect(await wrapped(anna.userId)).toBe(true)
      // Her name is nobody's to read even now, whatever keys and tables say. A running projector looks at its checkpoint
      // when the next event comes.
      await server.submit()
      await until('the read model has caught up', async () => {
        const { position, differences } = await compareReadModel(log, database)
        return position === (await log.head()) && differences.length === 0
      })
      await until('names can be read', async () => (await answer()).viewer.name === before.viewer.name)
      expect(await answer()).toEqual(after)

      if (!isRunning) erasures = follow()
      await until('the key is destroyed again', async () => !(await wrapped(anna.userId)))
      expect(await Promise.all([bert, cora].map(({ userId }) => wrapped(userId)))).toEqual([true, true])
      expect(await answer()).toEqual(after)
      // Whoever was added after the backup was made has no key in it.
      expect((await server.ask(nina, '{ viewer { name } }')).data.viewer.name).toBe(
        `user ${nina.userId} (name not available)`,
      )
    },
  )
})
