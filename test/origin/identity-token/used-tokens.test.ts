import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  openPostgresUsedTokens,
  openSqliteUsedTokens,
  type UsedTokens,
  useOnce,
} from '../../../origin/identity-token/index.ts'
import { freePort } from '../../support/free-port.ts'
import { postgresForTests } from '../../support/postgres.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const postgres = postgresForTests()
const stores: Readonly<Record<string, () => Promise<() => UsedTokens>>> = {
  SQLite: async () => {
    const path = join(temporaryFolder(), 'used-tokens.db')
    return () => openSqliteUsedTokens(path)
  },
  PostgreSQL: async () => {
    const connectionString = await postgres.newDatabase()
    return () => openPostgresUsedTokens({ connectionString })
  },
}

const token = (tokenId: string = randomUUID(), issuer = 'https://issuer.example.com') => ({
  issuer,
  tokenId,
  expiresAt: '2026-03-01T12:00:00.000Z',
})

function opened(store: () => UsedTokens): UsedTokens {
  const used = store()
  onTestFinished(() => used.close())
  return used
}

describe.each(Object.entries(stores))('tokens that are remembered in %s', (_, make) => {
  test('are used for one thing, whoever asks', async () => {
    const store = await make()
    const [one, other] = [opened(store), opened(store)]
    const shown = token()
    await useOnce(one, shown, 'request 1')
    await useOnce(other, shown, 'request 1')
    for (const used of [one, other])
      await expect(useOnce(used, shown, 'request 2')).rejects.toMatchObject({
        code: 'IDENTITY_TOKEN_USED',
        isPassing: false,
      })
    await useOnce(one, token(shown.tokenId, 'https://other.example.com'), 'request 2')
  })

  test('have one winner of those who come at the same time', async () => {
    const store = await make()
    const [one, other] = [opened(store), opened(store)]
    const shown = token()
    const uses = Array.from({ length: 8 }, (_, index) => useOnce(index % 2 ? one : other, shown, `request ${index}`))
    const outcomes = (await Promise.allSettled(uses)).map(({ status }) => status)
    expect(outcomes.filter((status) => status === 'fulfilled')).toHaveLength(1)
  })

  test('are forgotten when they can be shown no more, and no earlier', async () => {
    const used = opened(await make())
    const shown = token()
    await useOnce(used, shown, 'request 1')
    await used.removeExpired('2026-03-01T12:30:00.000Z')
    await expect(useOnce(used, shown, 'request 2')).rejects.toMatchObject({ code: 'IDENTITY_TOKEN_USED' })
    await used.removeExpired('2026-03-01T13:30:00.000Z')
    await useOnce(used, shown, 'request 2')
  })
})

test('a store that is away is a fault that passes', async () => {
  const connectionString = `postgres://nobody:canary@127.0.0.1:${await freePort()}/none`
  const error = await useOnce(
    opened(() => openPostgresUsedTokens({ connectionString })),
    token(),
    'request',
  ).catch((reason) => reason)
  expect(error).toMatchObject({ code: 'IDENTITY_TOKEN_STORE_UNAVAILABLE', isPassing: true })
  expect(error.message).not.toContain('canary')
})

test('a file that is no such store is left as it is', async () => {
  const path = join(temporaryFolder(), 'other.db')
  writeFileSync(path, 'no database')
  const used = opened(() => openSqliteUsedTokens(path))
  await expect(useOnce(used, token(), 'request')).rejects.toMatchObject({ code: 'IDENTITY_TOKEN_STORE_UNAVAILABLE' })
  const { DatabaseSync } = await import('node:sqlite')
  const foreign = join(temporaryFolder(), 'foreign.db')
  const database = new DatabaseSync(foreign)
  database.exec('CREATE TABLE mine (id TEXT)')
  database.close()
  await expect(
    useOnce(
      opened(() => openSqliteUsedTokens(foreign)),
      token(),
      'request',
    ),
  ).rejects.toMatchObject({
    code: 'IDENTITY_TOKEN_STORE_FOREIGN',
    isPassing: true,
  })
})
