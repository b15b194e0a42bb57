import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { authenticate } from '../../application/authenticate.ts'
import { eraseUser } from '../../application/erase-user.ts'
import {
  type DomainEvent,
  displayName,
  eventMetadata,
  fold,
  type OrganizationId,
  streams,
  type UserId,
  userDecider,
} from '../../domain/index.ts'
import {
  type EventLog,
  openSqliteEventLog,
  prepareEvents,
  readWholeStream,
  withSignatures,
  withVerification,
} from '../../event-log/index.ts'
import {
  createPersons,
  openPostgresPersonKeys,
  openSqlitePersonKeys,
  type PersonKeyStore,
} from '../../persons/index.ts'
import { followErasures } from '../../server/erasures.ts'
import { parseMasterKeys } from '../../server/persons.ts'
import { newSecretKey } from '../../server/secret-keys.ts'
import { testInstallation } from '../support/event-keys.ts'
import { postgresForTests } from '../support/postgres.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { testApplication } from '../support/test-application.ts'
import { until } from '../support/until.ts'

const postgres = postgresForTests()
const stores: Readonly<Record<string, () => Promise<() => PersonKeyStore>>> = {
  SQLite: async () => {
    const path = join(temporaryFolder(), 'person-keys.db')
    return () => openSqlitePersonKeys(path)
  },
  PostgreSQL: async () => {
    const connectionString = await postgres.newDatabase()
    return () => openPostgresPersonKeys({ connectionString })
  },
}
const person = () => ({ organizationId: randomUUID() as OrganizationId, userId: randomUUID() as UserId })
const anna = { name: 'Anna Ängström', email: 'anna@example.org' }

function open(store: PersonKeyStore, masters = newSecretKey(), failures: unknown[] = []) {
  const persons = createPersons({
    store,
    masters: parseMasterKeys(masters),
    now: () => '2026-03-01T12:00:00.000Z',
    onFailure: (error) => failures.push(error),
  })
  onTestFinished(() => persons.close())
  return persons
}

describe.each(Object.entries(stores))('names sealed with keys in %s', (_, make) => {
  test('are read by another process with the master key, and by nobody in another place or without it', async () => {
    const store = await make()
    const masters = newSecretKey()
    const [one, other] = [person(), person()]
    const sealed = await open(store(), masters).seal(one, anna)
    await open(store(), masters).seal(other, { name: 'Bert', email: null })
    const reader = open(store(), masters)
    expect(await reader.read([{ ...one, ...sealed, erased: false }])).toEqual([{ status: 'readable', ...anna }])
    const moved = [
      { ...other, ...sealed, erased: false },
      { ...one, name: sealed.email ?? sealed.name, email: null, erased: false },
      { ...one, organizationId: other.organizationId, ...sealed, erased: false },
    ]
    expect((await reader.read(moved)).map(({ status }) => status)).toEqual(Array(3).fill('unavailable'))
    const [stranger] = await open(store()).read([{ ...one, ...sealed, erased: false }])
    expect(stranger).toEqual({ status: 'unavailable' })
  })

  test('are gone with the key, also where an older key of the master wrapped it', async () => {
    const store = await make()
    const [older, newer] = [newSecretKey(), newSecretKey()]
    const one = person()
    const sealed = await open(store(), older).seal(one, anna)
    const both = open(store(), `${newer}${older}`)
    expect(await both.rewrap()).toBe(1)
    expect(await both.rewrap()).toBe(0)
    const onlyNewer = open(store(), newer)
    expect(await onlyNewer.read([{ ...one, ...sealed, erased: false }])).toEqual([{ status: 'readable', ...anna }])
    await both.erase(one)
    await both.erase(one)
    expect(await onlyNewer.read([{ ...one, ...sealed, erased: false }])).toEqual([{ status: 'unavailable' }])
    const [erased] = await onlyNewer.read([{ ...one, ...sealed, erased: true }])
    expect(erased && displayName(one.userId, erased)).toBe(`erased user ${one.userId}`)
  })
})

describe('erasure', () => {
  test('destroys the key by whoever follows the log, where the process that recorded it did not', async () => {
    const service = await testApplication()
    const { dependencies, setup } = service
    const { log } = dependencies
    const caller = await service.user('Anna Somebody')
    const persons = { ...dependencies.persons, erase: () => Promise.reject(new Error('the process ended here')) }
    const { userId } = caller
    expect(await eraseUser({ ...dependencies, persons }, setup, { userId })).toEqual({ keyDestroyed: false })
    await expect(authenticate(dependencies, { apiToken: caller.token }, undefined)).rejects.toMatchObject({
      code: 'TOKEN_REVOKED',
    })
    const keys = open(openSqlitePersonKeys(':memory:'))
    const sealed = await keys.seal({ organizationId: setup.organizationId, userId }, anna)
    const consumer = followErasures({ log, verified: log, persons: keys, logger: pino({ level: 'silent' }) })
    onTestFinished(consumer.close)
    await until('the key is gone', async () => {
      const [read] = await keys.read([{ organizationId: setup.organizationId, userId, ...sealed, erased: false }])
      return read?.status === 'unavailable'
    })
    await until('it is kept how far the log was followed', async () => (await keys.erasuresDoneTo()) !== undefined)
    expect(fold(userDecider, (await readWholeStream(log, streams.user(userId))).events)).toMatchObject({
      status: 'deactivated',
      erased: true,
    })
    expect(readFileSync(service.logPath).includes('Somebody')).toBe(false)
  })

  test('of an event that no process of the service wrote destroys nothing, and holds up nobody', async () => {
    const installation = testInstallation()
    const stored = openSqliteEventLog({ path: join(temporaryFolder(), 'log.db') })
    onTestFinished(() => stored.close())
    const signed = withSignatures(stored, installation.eventKey(['api']))
    const keys = open(openSqlitePersonKeys(':memory:'))
    const people = await Promise.all(
      ['pretended', 'erased'].map(async (why) => {
        const one = person()
        const sealed = await keys.seal(one, anna)
        const kind = 'ci' as const
        const created = { type: 'UserCreated', data: { schemaVersion: 1, ...one, ...sealed, kind } } as const
        const erasure = { type: 'UserErased', data: { schemaVersion: 1 } } as const
        const append = (log: EventLog, event: DomainEvent, revision: number | 'noStream') => {
          const initiator = { actor: { kind: 'system', component: 'test' }, callId: randomUUID() } as const
          const metadata = eventMetadata(initiator, { ...one, occurredAt: new Date().toISOString() })
          const streamId = streams.user(one.userId)
          return log.append(streamId, prepareEvents(streamId, revision, [event], metadata), revision)
        }
        await append(signed, created, 'noStream')
        return { ...one, ...sealed, erased: false, erase: () => append(why === 'erased' ? signed : stored, erasure, 0) }
      }),
    )
    for (const { erase } of people) await erase()
    const verified = withVerification(signed, installation.ring(stored))
    const consumer = followErasures({ log: stored, verified, persons: keys, logger: pino({ level: 'silent' }) })
    onTestFinished(consumer.close)
    const statuses = async () => (await keys.read(people)).map(({ status }) => status)
    await until('the erased one is', async () => (await statuses())[1] === 'unavailable')
    expect(await statuses()).toEqual(['readable', 'unavailable'])
  })
})
