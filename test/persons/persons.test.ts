import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
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
  EventLogError,
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

  test('that cannot be opened are reported once, however often they are read', async () => {
    const store = await make()
    const [older, newer] = [newSecretKey(), newSecretKey()]
    const one = person()
    const sealed = await open(store(), older).seal(one, anna)
    const failures: unknown[] = []
    const reader = open(store(), newer, failures)
    const read = () => reader.read([{ ...one, ...sealed, erased: false }])
    for (let time = 0; time < 3; time += 1) await read()
    expect(failures).toMatchObject([{ code: 'PERSON_KEY_UNOPENABLE' }])
    await open(store(), `${newer}${older}`).rewrap()
    expect(await read()).toMatchObject([{ status: 'readable' }])
  })

  test('are asked for no more when the service has stopped', async () => {
    const store = (await make())()
    await store.find([])
    await store.close()
    await expect(store.find([])).rejects.toMatchObject({ code: 'PERSON_KEYS_UNAVAILABLE' })
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

test.each([true, false])(
  'a backup of the keys that is put back, with the service running: %s, is without whom it erased',
  async (isRunning) => {
    const path = join(temporaryFolder(), 'person-keys.db')
    const log = openSqliteEventLog({ path: join(temporaryFolder(), 'log.db') })
    onTestFinished(() => log.close())
    const masters = newSecretKey()
    const [erased, other] = [person(), person()]
    const before = createPersons({
      store: openSqlitePersonKeys(path),
      masters: parseMasterKeys(masters),
      now: () => '2026-03-01T12:00:00.000Z',
      onFailure: () => undefined,
    })
    const sealed = [await before.seal(erased, anna), await before.seal(other, { name: 'Bert', email: null })] as const
    await before.close()
    const backup = readFileSync(path)
    const append = (one: ReturnType<typeof person>, event: DomainEvent, revision: number | 'noStream') => {
      const initiator = { actor: { kind: 'system', component: 'test' }, callId: randomUUID() } as const
      const metadata = eventMetadata(initiator, { ...one, occurredAt: '2026-03-01T12:00:00.000Z' })
      const streamId = streams.user(one.userId)
      return log.append(streamId, prepareEvents(streamId, revision, [event], metadata), revision)
    }
    for (const [index, one] of [erased, other].entries())
      await append(
        one,
        { type: 'UserCreated', data: { schemaVersion: 1, ...one, ...sealed[index], kind: 'ci' } } as DomainEvent,
        'noStream',
      )
    await append(erased, { type: 'UserErased', data: { schemaVersion: 1 } } as DomainEvent, 0)

    let keys = open(openSqlitePersonKeys(path), masters)
    // What reads names uses whatever keys there are now.
    const follow = () =>
      followErasures({
        log,
        verified: log,
        persons: {
          erase: (one) => keys.erase(one),
          erasuresDoneTo: () => keys.erasuresDoneTo(),
          markErasuresDone: (position) => keys.markErasuresDone(position),
        },
        logger: pino({ level: 'silent' }),
        lookMs: 0,
      })
    const statuses = async () =>
      (
        await keys.read([
          { ...erased, ...sealed[0], erased: false },
          { ...other, ...sealed[1], erased: false },
        ])
      ).map(({ status }) => status)
    let consumer = follow()
    await until('the key is destroyed', async () => (await statuses())[0] === 'unavailable')
    await until('it is kept', async () => (await keys.erasuresDoneTo()) !== undefined)
    if (!isRunning) await consumer.close()
    await keys.close()
    writeFileSync(path, backup)
    keys = open(openSqlitePersonKeys(path), masters)
    expect(await statuses()).toEqual(['readable', 'readable'])
    if (isRunning)
      await append(other, { type: 'UserDeactivated', data: { schemaVersion: 1, reason: null } } as DomainEvent, 0)
    else consumer = follow()
    onTestFinished(() => consumer.close())
    await until('the key is destroyed again', async () => (await statuses())[0] === 'unavailable')
    expect(await statuses()).toEqual(['unavailable', 'readable'])
  },
)

test('a database of the keys that takes connections and answers nothing leaves names out after a moment, and hangs nobody', async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const failures: unknown[] = []
  const keys = open(
    openPostgresPersonKeys({ connectionString: `postgres://nobody@127.0.0.1:${port}/none` }),
    newSecretKey(),
    failures,
  )
  const sealed = await open(openSqlitePersonKeys(':memory:')).seal(person(), anna)
  const read = () => keys.read([{ ...person(), ...sealed, erased: false }])
  expect(await Promise.all([read(), read()])).toEqual([[{ status: 'unavailable' }], [{ status: 'unavailable' }]])
  expect(failures).toMatchObject([{ code: 'PERSON_KEYS_UNAVAILABLE' }])
  await expect(keys.seal(person(), anna)).rejects.toMatchObject({ code: 'PERSON_KEYS_UNAVAILABLE' })
  await expect(keys.check()).rejects.toMatchObject({ code: 'PERSON_KEYS_UNAVAILABLE' })
})

describe('erasure', () => {
  test('destroys the key by whoever follows the log, where the process that recorded it did not', async () => {
    const service = await testApplication()
    const { dependencies, setup } = service
    const { log } = dependencies
    const caller = await service.user('Anna Somebody')
    const persons = { ...dependencies.persons, erase: () => Promise.reject(new Error('the process ended here')) }
    const { userId } = caller
    expect(await eraseUser({ ...dependencies, persons }, setup, { userId })).toMatchObject({ keyDestroyed: false })
    await expect(authenticate(dependencies, { apiToken: caller.token }, undefined)).rejects.toMatchObject({
      code: 'TOKEN_REVOKED',
    })
    const keys = open(openSqlitePersonKeys(':memory:'))
    const sealed = await keys.seal({ organizationId: setup.organizationId, userId }, anna)
    const consumer = followErasures({ log, verified: log, persons: keys, logger: pino({ level: 'silent' }) })
    onTestFinished(consumer.close)
    await until('the key is gone', async () => {
      const [read] = await keys.read([{ organizationId: setup.organizationId, ...sealed, erased: false }])
      return read?.status === 'unavailable'
    })
    await until('it is kept how far the log was followed', async () => (await keys.erasuresDoneTo()) !== undefined)
    expect(fold(userDecider, (await readWholeStream(log, streams.user(userId))).events)).toMatchObject({
      status: 'deactivated',
      erased: true,
    })
    expect(readFileSync(service.logPath).includes('Somebody')).toBe(false)
  })

  test.each(['forged', 'damaged'])('that is %s destroys nothing, and holds up nobody', async (fault) => {
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
        return {
          ...one,
          ...sealed,
          erased: false,
          erase: () => append(why === 'erased' || fault === 'damaged' ? signed : stored, erasure, 0),
        }
      }),
    )
    for (const { erase } of people) await erase()
    const [first] = people
    const trusted = withVerification(signed, installation.ring(stored))
    const verified: Pick<EventLog, 'readStream'> = {
      readStream(streamId, options) {
        if (fault === 'damaged' && first !== undefined && streamId === streams.user(first.userId))
          throw new EventLogError('EVENT_LOG_CORRUPT', 'An event of the stream is not there.')
        return trusted.readStream(streamId, options)
      },
    }
    const consumer = followErasures({ log: stored, verified, persons: keys, logger: pino({ level: 'silent' }) })
    onTestFinished(consumer.close)
    const statuses = async () => (await keys.read(people)).map(({ status }) => status)
    await until('the erased one is', async () => (await statuses())[1] === 'unavailable')
    expect(await statuses()).toEqual(['readable', 'unavailable'])
  })
})
