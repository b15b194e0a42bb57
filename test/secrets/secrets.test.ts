import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { OrganizationId } from '../../domain/index.ts'
import {
  createSecrets,
  openPostgresSecretStore,
  openSqliteSecretStore,
  type SecretPlace,
  type SecretStore,
} from '../../secrets/index.ts'
import { newSecretKey } from '../../server/secret-keys.ts'
import { parseSecretStoreKeys } from '../../server/secrets.ts'
import { postgresForTests } from '../support/postgres.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const postgres = postgresForTests()
const stores: Readonly<Record<string, () => Promise<() => SecretStore>>> = {
  SQLite: async () => {
    const path = join(temporaryFolder(), 'secrets.db')
    return () => openSqliteSecretStore(path)
  },
  PostgreSQL: async () => {
    const connectionString = await postgres.newDatabase()
    return () => openPostgresSecretStore({ connectionString })
  },
}

const place = (purpose = 'link'): SecretPlace => ({
  organizationId: randomUUID() as OrganizationId,
  purpose,
  id: randomUUID(),
})
const canary = Buffer.from('canary-4711')

function open(store: SecretStore, keys: string | undefined, now = '2026-03-01T12:00:00.000Z') {
  const secrets = createSecrets({ store, keys: keys === undefined ? [] : parseSecretStoreKeys(keys), now: () => now })
  onTestFinished(() => secrets.close())
  return secrets
}

describe.each(Object.entries(stores))('secrets in %s', (_, make) => {
  test('are read by another process with the key, and are no longer when they were removed', async () => {
    const store = await make()
    const keys = newSecretKey()
    const [one, other] = [place(), place()]
    await open(store(), keys).put(one, canary)
    const reader = open(store(), keys)
    expect(await reader.get(one)).toEqual(canary)
    expect(await reader.get(other)).toBeUndefined()
    await reader.put(one, Buffer.from('another'))
    expect(await reader.get(one)).toEqual(Buffer.from('another'))
    await reader.remove(one)
    await reader.remove(one)
    expect(await reader.get(one)).toBeUndefined()
  })

  test('are those of their organization, purpose and id alone, also where somebody moved them', async () => {
    const store = (await make())()
    const secrets = open(store, newSecretKey())
    const one = place()
    await secrets.put(one, canary)
    const elsewhere = { ...one, organizationId: randomUUID() as OrganizationId }
    expect(await secrets.get(elsewhere)).toBeUndefined()
    await secrets.remove(elsewhere)
    expect(await secrets.get(one)).toEqual(canary)
    const row = await store.find(one)
    if (row === undefined) throw new Error('no row')
    for (const moved of [elsewhere, place(), { ...one, purpose: 'webHook' }]) {
      await store.put({ ...row, ...moved })
      await expect(secrets.get(moved)).rejects.toMatchObject({ code: 'SECRET_UNOPENABLE' })
    }
  })

  test('stand in the database neither as they are nor by their length', async () => {
    const store = (await make())()
    const secrets = open(store, newSecretKey())
    const [short, long] = [place(), place()]
    await secrets.put(short, Buffer.from(''))
    await secrets.put(long, Buffer.alloc(63, 'x'))
    const [one, other] = [await store.find(short), await store.find(long)]
    expect(one?.sealed.length).toBe(other?.sealed.length)
    expect(Buffer.from(other?.sealed ?? '', 'base64').includes('xxxx')).toBe(false)
    expect([await secrets.get(short), await secrets.get(long)]).toEqual([Buffer.alloc(0), Buffer.alloc(63, 'x')])
  })

  test('are sealed anew with the first key, so that the others can be taken away', async () => {
    const store = await make()
    const [older, newer] = [newSecretKey(), newSecretKey()]
    const one = place()
    await open(store(), older).put(one, canary)
    await expect(open(store(), newer).get(one)).rejects.toMatchObject({ code: 'SECRET_UNOPENABLE' })
    const both = open(store(), `${newer}${older}`)
    expect([await both.reseal(), await both.reseal()]).toEqual([1, 0])
    expect(await open(store(), newer).get(one)).toEqual(canary)
  })

  test('that no key opens keep no other from being sealed anew, and are told', async () => {
    const store = await make()
    const [lost, older, newer] = [newSecretKey(), newSecretKey(), newSecretKey()]
    const opened = Array.from({ length: 3 }, () => place())
    // More than are sealed anew at once, before and behind the others.
    const [losing, keeping] = [open(store(), lost), open(store(), older)]
    const putLost = () => Promise.all(Array.from({ length: 150 }, () => losing.put(place(), canary)))
    await putLost()
    for (const each of opened) await keeping.put(each, canary)
    await putLost()
    await expect(open(store(), `${newer}${older}`).reseal()).rejects.toMatchObject({
      code: 'SECRET_UNOPENABLE',
      message: expect.stringContaining('300 of the secrets; 3 others'),
    })
    const resealed = open(store(), newer)
    for (const each of opened) expect(await resealed.get(each)).toEqual(canary)
  })

  test('that were replaced or removed while they were sealed anew stay as they are', async () => {
    const store = (await make())()
    const secrets = open(store, newSecretKey())
    const one = place()
    await secrets.put(one, canary)
    const before = await store.find(one)
    if (before === undefined) throw new Error('no row')
    await secrets.put(one, Buffer.from('another'))
    await store.replace(before, { ...before, keyId: 'f'.repeat(16) })
    expect(await secrets.get(one)).toEqual(Buffer.from('another'))
    await secrets.remove(one)
    await store.replace(before, before)
    expect(await secrets.get(one)).toBeUndefined()
  })

  test('that have expired are removed with the next one that will, and when a process starts', async () => {
    const store = await make()
    const keys = newSecretKey()
    const [first, second, kept] = [place(), place(), place('webHook')]
    const early = open(store(), keys)
    await early.put(first, canary, { expiresAt: '2026-03-02T00:00:00.000Z' })
    await early.put(kept, canary)
    const later = open(store(), keys, '2026-03-02T00:00:00.001Z')
    await later.put(second, canary, { expiresAt: '2026-03-03T00:00:00.000Z' })
    expect([await early.get(first), await early.get(second), await early.get(kept)]).toEqual([
      undefined,
      canary,
      canary,
    ])
    await open(store(), keys, '2026-03-04T00:00:00.000Z').reseal()
    expect([await early.get(second), await early.get(kept)]).toEqual([undefined, canary])
  })

  test('are neither kept nor read without a key', async () => {
    const secrets = open((await make())(), undefined)
    const missing = { code: 'SECRETS_KEY_MISSING', transient: true }
    await expect(secrets.put(place(), canary)).rejects.toMatchObject(missing)
    await expect(secrets.get(place())).rejects.toMatchObject(missing)
    await expect(secrets.check()).rejects.toMatchObject(missing)
  })

  test('are asked for no more when the service has stopped', async () => {
    const secrets = open((await make())(), newSecretKey())
    await secrets.check()
    await secrets.close()
    await expect(secrets.get(place())).rejects.toMatchObject({ code: 'SECRETS_UNAVAILABLE' })
  })
})

test('say what failed without the words of the driver, which name users, addresses and folders', async () => {
  const folder = temporaryFolder()
  const away = openPostgresSecretStore({ connectionString: 'postgres://canary:canary@127.0.0.1:1/canary' })
  const unusable = openSqliteSecretStore(folder)
  for (const [store, code] of [
    [away, 'ECONNREFUSED'],
    [unusable, 'unable to open database file'],
  ] as const) {
    const failure = await open(store, newSecretKey())
      .get(place())
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'SECRETS_UNAVAILABLE', transient: true })
    expect(String(failure)).toContain(code)
    for (const told of ['canary', '127.0.0.1', folder]) expect(String(failure)).not.toContain(told)
  }
})

test('nothing of a removed secret stays in the file, and a foreign file is not touched', async () => {
  const path = join(temporaryFolder(), 'secrets.db')
  const store = openSqliteSecretStore(path)
  const secrets = open(store, newSecretKey())
  const one = place()
  await secrets.put(one, canary)
  const sealed = (await store.find(one))?.sealed ?? ''
  expect(readFileSync(path).includes(sealed)).toBe(true)
  await secrets.remove(one)
  expect(readFileSync(path).includes(sealed)).toBe(false)

  const foreign = join(temporaryFolder(), 'foreign.db')
  const database = new DatabaseSync(foreign)
  database.exec('CREATE TABLE theirs (x)')
  database.close()
  const before = readFileSync(foreign)
  await expect(open(openSqliteSecretStore(foreign), newSecretKey()).check()).rejects.toMatchObject({
    code: 'SECRETS_FOREIGN',
  })
  expect(readFileSync(foreign)).toEqual(before)
  const damaged = join(temporaryFolder(), 'damaged.db')
  writeFileSync(damaged, 'no database, but long enough to be looked at as one'.repeat(10))
  await expect(open(openSqliteSecretStore(damaged), newSecretKey()).check()).rejects.toMatchObject({
    code: 'SECRETS_UNAVAILABLE',
  })
})
