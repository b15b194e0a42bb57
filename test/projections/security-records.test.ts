import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { CompiledQuery } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { recordFinding } from '../../detection/record-finding.ts'
import {
  type Actor,
  type ApiTokenId,
  eventMetadata,
  type OrganizationId,
  type SigningPolicyId,
  streams,
  type UserId,
} from '../../domain/index.ts'
import { openSqliteEventLog, prepareEvents } from '../../event-log/index.ts'
import {
  compareReadModel,
  openPostgresReadModel,
  openReadModel,
  openSqliteReadModel,
  type Page,
  type ReadModelDatabase,
  rebuildReadModel,
  type SecurityRecordFilter,
  type SecurityRefusalView,
} from '../../projections/index.ts'
import { postgresForTests } from '../support/postgres.ts'
import { tamper } from '../support/tamper.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { recordUnusualFinding } from '../support/unusual-finding.ts'

const postgres = postgresForTests()
type Options = { readonly onQuery: (sql: string) => void }
const dialects: Readonly<Record<string, (options: Options) => Promise<ReadModelDatabase>>> = {
  SQLite: async (options) => openSqliteReadModel({ path: join(temporaryFolder(), 'read-model.db'), ...options }),
  PostgreSQL: async (options) => openPostgresReadModel({ connectionString: await postgres.newDatabase(), ...options }),
}

const organizationId = randomUUID() as OrganizationId
const [anna, bert] = [randomUUID(), randomUUID()] as [UserId, UserId]
const policy = randomUUID() as SigningPolicyId
const by = (userId: UserId): Actor => ({
  kind: 'user',
  userId,
  authentication: { method: 'apiToken', tokenId: randomUUID() as ApiTokenId },
})
const nobody: Actor = { kind: 'anonymous' }
const at = (minute: number) => `2026-03-01T12:${String(minute).padStart(2, '0')}:00.000Z`

/** A log with refusals and findings of one organization, and of another one. */
async function recorded(kind: string) {
  const path = join(temporaryFolder(), 'event-log.db')
  const log = openSqliteEventLog({ path })
  const queries: string[] = []
  const database = (await dialects[kind]?.({ onQuery: (sql) => queries.push(sql) })) as ReadModelDatabase
  const { readModel } = openReadModel(database)
  onTestFinished(async () => {
    await readModel.close()
    await log.close()
  })
  let revision = -1
  const append = async (type: string, data: object, actor: Actor, minute: number, of = organizationId) => {
    const streamId = streams.security(of, at(0))
    const metadata = eventMetadata({ actor, callId: randomUUID() }, { organizationId: of, occurredAt: at(minute) })
    const expected = of !== organizationId || revision < 0 ? 'noStream' : revision
    const event = { type, data: { schemaVersion: 1, ...data } } as never
    await log.append(streamId, prepareEvents(streamId, expected, [event], metadata), expected)
    if (of === organizationId) revision += 1
  }
  const refuse = (code: string, actor: Actor, minute: number, of?: OrganizationId) =>
    append(
      'CommandRefused',
      { code, commands: ['x'], subject: null, count: 1, firstAt: at(minute), lastAt: at(minute) },
      actor,
      minute,
      of,
    )
  await refuse('FORBIDDEN', by(anna), 1)
  await refuse('TOKEN_INVALID', nobody, 2)
  await refuse('FORBIDDEN', by(bert), 3, randomUUID() as OrganizationId)
  const kinds = [
    { actor: by(anna), remoteAddress: null, commands: ['x'], code: 'FORBIDDEN', count: 2 },
    { actor: by(bert), remoteAddress: null, commands: ['x'], code: 'ALREADY_APPROVED', count: 1 },
    { actor: by(bert), remoteAddress: null, commands: ['x'], code: 'FORBIDDEN', count: 1 },
  ]
  await append('FurtherCommandsRefused', { count: 4, kinds, unnamed: 0, firstAt: at(4), lastAt: at(4) }, nobody, 4)
  await refuse('ALREADY_APPROVED', by(bert), 5)
  const finding = { organizationId, signingPolicyId: policy }
  await recordUnusualFinding(log, { ...finding, userId: anna, at: at(6) })
  await recordUnusualFinding(log, { ...finding, userId: bert, at: at(7), facts: { rule: 'newNetwork' } as never })
  const subjects = [anna, bert].map((userId) => ({ about: 'user', userId, signingPolicyId: null }) as const)
  const further = { rule: 'newNetwork', count: 2, subjects, unnamed: 0, firstAt: at(8), lastAt: at(8) } as const
  const evidence = { eventId: randomUUID(), streamId: 'user-1' }
  await recordFinding(
    log,
    {
      id: randomUUID(),
      event: { type: 'FurtherUnusualActivityDetected', data: { schemaVersion: 1, ...further } },
      cause: { organizationId, evidence, correlationId: randomUUID(), remoteAddress: null },
    },
    at(8),
  )
  await rebuildReadModel({ log, database })
  queries.length = 0
  const first = { direction: 'forward', size: 100 } as const
  const minutes = ({ items }: Page<Pick<SecurityRefusalView, 'occurredAt'>>) =>
    items.map(({ item }) => Number(item.occurredAt.slice(14, 16)))
  return {
    path,
    log,
    database,
    readModel,
    queries,
    refusals: async (filter: SecurityRecordFilter) =>
      minutes(await readModel.listSecurityRefusals(organizationId, filter, first)),
    findings: async (filter: SecurityRecordFilter) =>
      minutes(await readModel.listUnusualActivity(organizationId, filter, first)),
    minutes,
  }
}

describe.each(Object.keys(dialects))('records of security in %s', (kind) => {
  test('are found by code, user and time, each event once, newest first', async () => {
    const { refusals } = await recorded(kind)
    expect(await refusals({})).toEqual([5, 4, 2, 1])
    expect(await refusals({ code: 'FORBIDDEN' })).toEqual([4, 1])
    expect(await refusals({ userId: bert })).toEqual([5, 4])
    expect(await refusals({ userId: anna, code: 'FORBIDDEN' })).toEqual([4, 1])
    expect(await refusals({ userId: anna, code: 'ALREADY_APPROVED' })).toEqual([])
    expect(await refusals({ occurredFrom: at(2), occurredBefore: at(5) })).toEqual([4, 2])
    for (const code of ['', 'forbidden', "' OR 1", 'X\0']) expect(await refusals({ code })).toEqual([])
  })

  test('are findings apart from refusals, by rule and by everybody whom they name', async () => {
    const { findings, readModel } = await recorded(kind)
    expect(await findings({})).toEqual([8, 7, 6])
    expect(await findings({ code: 'newNetwork' })).toEqual([8, 7])
    expect(await findings({ code: 'newNetwork', userId: anna })).toEqual([8])
    expect(await findings({ userId: randomUUID() as UserId })).toEqual([])
    const page = await readModel.listUnusualActivity(organizationId, {}, { direction: 'forward', size: 3 })
    expect(page.items.map(({ item }) => item)).toMatchObject([
      { rule: 'newNetwork', count: 2, subjects: [{ userId: anna }, { userId: bert }], finding: null },
      { rule: 'newNetwork', count: 1, remoteAddress: '192.0.2.7', subjects: [{ userId: bert }] },
      { rule: 'unusualHour', finding: { seen: { hour: 3 } } },
    ])
  })

  test('are paged by their place in the log, forwards and backwards', async () => {
    const { readModel, minutes } = await recorded(kind)
    const list = (page: object) =>
      readModel.listSecurityRefusals(organizationId, { code: 'FORBIDDEN' }, page as { direction: 'forward'; size: 1 })
    const one = await list({ direction: 'forward', size: 1 })
    expect([minutes(one), one.hasNextPage]).toEqual([[4], true])
    const two = await list({ direction: 'forward', size: 1, after: one.items[0]?.cursor })
    expect([minutes(two), two.hasNextPage, two.hasPreviousPage]).toEqual([[1], false, true])
    const back = await list({ direction: 'backward', size: 1, before: two.items[0]?.cursor })
    expect([minutes(back), back.hasPreviousPage]).toEqual([[4], false])
    const none = await list({ direction: 'forward', size: 0 })
    expect([minutes(none), none.hasNextPage]).toEqual([[], true])
    await expect(list({ direction: 'forward', size: 1, after: 'x' })).rejects.toMatchObject({
      code: 'CURSOR_MALFORMED',
    })
  })

  test('are compared with the log', async () => {
    const { log, database } = await recorded(kind)
    expect((await compareReadModel(log, database)).differences).toEqual([])
    await database.writes.deleteFrom('security_records').where('code', '=', 'unusualHour').execute()
    await database.writes
      .updateTable('security_records')
      .set({ user_id: '' })
      .where('code', '=', 'TOKEN_INVALID')
      .execute()
    const { differences } = await compareReadModel(log, database)
    expect(differences.length).toBeGreaterThan(0)
    expect(differences.every(({ path }) => path.includes('securityRecords'))).toBe(true)
  })
})

test('records that somebody wrote into the store in another form stop nothing', async () => {
  const { path, log, database } = await recorded('SQLite')
  tamper(path, [
    `UPDATE events SET data = '{"schemaVersion":1,"code":7,"kinds":[null,1,{"code":"\\u0000"}],"subjects":3}'`,
  ])
  await rebuildReadModel({ log, database })
  const rows = await database.reads.selectFrom('security_records').select(['code']).execute()
  expect(rows.every(({ code }) => code === '')).toBe(true)
})

test('records are found by an index whatever restricts them', async () => {
  const { refusals, queries, database } = await recorded('SQLite')
  await refusals({ userId: anna, code: 'FORBIDDEN' })
  await refusals({ userId: anna })
  await refusals({ code: 'FORBIDDEN' })
  await refusals({})
  const lists = queries.filter((sql) => /distinct "position"/.test(sql))
  expect(lists).toHaveLength(4)
  for (const sql of lists) {
    const parameters = Array.from(sql.matchAll(/\?/g), () => 'x')
    const plan = CompiledQuery.raw(`EXPLAIN QUERY PLAN ${sql}`, parameters)
    const { rows } = await database.reads.executeQuery<{ readonly detail: string }>(plan as never)
    expect(rows.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SEARCH \S+ USING COVERING INDEX \S+ \(organization_id=\? AND kind=\?/),
    ])
  }
})
