import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { OrganizationId, UserId } from '../../domain/index.ts'
import { openPostgresPersonKeys, openSqlitePersonKeys, type PersonKeyStore } from '../../persons/index.ts'
import { newSecretKey } from '../../server/secret-keys.ts'
import { testPersons } from '../support/persons.ts'
import { postgresForTests } from '../support/postgres.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

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
const organizationId = randomUUID() as OrganizationId
const somebody = (organization = organizationId) => ({ organizationId: organization, userId: randomUUID() as UserId })

function open(store: PersonKeyStore, masters: string) {
  const persons = testPersons({ store, masters })
  onTestFinished(() => persons.close())
  return persons
}

describe.each(Object.entries(stores))('an address sealed with keys in %s', (_, make) => {
  test('is one user’s of an organization, in every process, until their key is destroyed', async () => {
    const store = await make()
    const masters = newSecretKey()
    const [one, other] = [open(store(), masters), open(store(), masters)]
    const [anna, bert] = [somebody(), somebody()]
    const details = { name: 'Anna', email: 'anna@example.org' }
    expect((await one.seal(anna, details)).userId).toBe(anna.userId)
    const again = await other.seal(bert, { name: 'Bert', email: 'ANNA@example.ORG' })
    expect(again.userId).toBe(anna.userId)
    // What was sealed for her opens for her, and nothing was kept for him.
    expect(await one.read([{ ...anna, ...again, erased: false }])).toEqual([
      { status: 'readable', name: 'Bert', email: 'ANNA@example.ORG' },
    ])
    expect((await other.seal(somebody(randomUUID() as OrganizationId), details)).userId).not.toBe(anna.userId)
    await one.erase(anna)
    expect((await other.seal(bert, details)).userId).toBe(bert.userId)
  })

  test('is one user’s of all who are added at once', async () => {
    const store = await make()
    const masters = newSecretKey()
    const processes = [open(store(), masters), open(store(), masters)]
    const sealed = await Promise.all(
      [0, 1, 0, 1, 0, 1].map((index) =>
        processes[index]?.seal(somebody(), { name: 'Anna', email: index === 0 ? 'anna@x.org' : 'Anna@x.org' }),
      ),
    )
    expect(new Set(sealed.map((each) => each?.userId)).size).toBe(1)
  })

  test('is the same when the master key was changed, and the old one taken away', async () => {
    const store = await make()
    const [old, next] = [newSecretKey(), newSecretKey()]
    const anna = somebody()
    const details = { name: 'Anna', email: 'anna@example.org' }
    await open(store(), old).seal(anna, details)
    await open(store(), `${next}\n${old}`).rewrap()
    expect((await open(store(), next).seal(somebody(), details)).userId).toBe(anna.userId)
  })
})

test('a file of an earlier release gets what makes addresses unique, and keeps its keys', async () => {
  const path = join(temporaryFolder(), 'person-keys.db')
  const masters = newSecretKey()
  const anna = somebody()
  const sealed = await open(openSqlitePersonKeys(path), masters).seal(anna, { name: 'Anna', email: null })
  const file = new DatabaseSync(path)
  file.exec('DROP INDEX person_addresses')
  file.exec('ALTER TABLE person_keys DROP COLUMN address_hash')
  file.exec('DROP TABLE address_key')
  file.close()
  const [one, other] = [open(openSqlitePersonKeys(path), masters), open(openSqlitePersonKeys(path), masters)]
  expect(await one.read([{ ...anna, ...sealed, erased: false }])).toMatchObject([{ name: 'Anna' }])
  const details = { name: 'Bert', email: 'bert@example.org' }
  const bert = somebody()
  expect((await one.seal(bert, details)).userId).toBe(bert.userId)
  expect((await other.seal(somebody(), details)).userId).toBe(bert.userId)
})
