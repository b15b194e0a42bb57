import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { OrganizationId } from '../../domain/index.ts'
import { type LogPosition, openSqliteEventLog } from '../../event-log/index.ts'
import {
  type NewNotification,
  type NotificationStore,
  openPostgresNotificationStore,
  openSqliteNotificationStore,
} from '../../notifications/index.ts'
import { postgresForTests } from '../support/postgres.ts'
import { fixedUuid } from '../support/submission.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const postgres = postgresForTests()
const stores = {
  SQLite: async () => {
    const path = join(temporaryFolder(), 'notifications.db')
    return openSqliteNotificationStore(path)
  },
  PostgreSQL: async () => {
    const connectionString = await postgres.newDatabase()
    return openPostgresNotificationStore({ connectionString })
  },
}

const organizationId = fixedUuid<OrganizationId>('1')
const at = (second: number) => new Date(Date.UTC(2026, 10, 29, 12, 0, second)).toISOString()
const notification = (number: number, lane = 'a'): NewNotification => ({
  id: `00000000-0000-8000-8000-${String(number).padStart(12, '0')}`,
  organizationId,
  lane,
  content: `{"number":${number}}`,
  createdAt: at(number),
})
const checkpoint = (number: number) => ({
  position: String(number).padStart(16, '0') as LogPosition,
  eventId: `${number}`,
})
const step = (number: number, more: Partial<Parameters<NotificationStore['save']>[0]> = {}) => ({
  channel: 'webHooks' as const,
  after: number === 1 ? undefined : checkpoint(number - 1),
  checkpoint: checkpoint(number),
  remembered: new Map<string, string | null>(),
  notifications: [],
  again: [],
  ...more,
})

describe.each(Object.entries(stores))('the store of notifications in %s', (_, open) => {
  async function newStore(): Promise<NotificationStore> {
    const store = await open()
    onTestFinished(() => store.close())
    await store.progress('webHooks', at(0))
    return store
  }

  test('keeps with the checkpoint what is to be sent, once, and nothing when another process was there before', async () => {
    const store = await newStore()
    expect(await store.progress('webHooks', at(9))).toEqual({ checkpoint: undefined, begunAt: at(0) })
    const first = step(1, { notifications: [notification(1)], remembered: new Map([['o', 'hooks']]) })
    expect(await store.save(first)).toBe('saved')
    expect(await store.save(step(1, { notifications: [notification(2)] }))).toBe('moved')
    expect(await store.save(step(2, { notifications: [notification(1)], remembered: new Map([['o', null]]) }))).toBe(
      'saved',
    )
    expect((await store.startable('webHooks', 10)).map(({ id }) => id)).toEqual([notification(1).id])
    expect(await store.recall('webHooks', ['o'])).toEqual(new Map())
    expect((await store.progress('webHooks', at(9))).checkpoint).toEqual(checkpoint(2))
    expect((await store.progress('mail', at(9))).checkpoint).toBeUndefined()
  })

  test('lets so many of one lane be under way, the oldest first, whatever waits in others', async () => {
    const store = await newStore()
    const many = [3, 1, 2, 4].map((number) => notification(number, 'slow'))
    await store.save(step(1, { notifications: [...many, notification(5, 'quick')] }))
    const startable = async () => (await store.startable('webHooks', 2)).map(({ id }) => Number(id.slice(-12)))
    expect(await startable()).toEqual([5, 1, 2])
    await store.started({ id: notification(1, 'slow').id, round: 0 }, at(10))
    expect(await startable()).toEqual([5, 2])
    await store.finish({ id: notification(1, 'slow').id, round: 0 }, 'canceled', at(11))
    expect(await startable()).toEqual([5, 2, 3])
  })

  test('takes a notification for started once, and for final when its last attempt is kept', async () => {
    const store = await newStore()
    await store.save(step(1, { notifications: [notification(1)] }))
    const { id } = notification(1)
    await store.started({ id, round: 0 }, at(1))
    expect(await store.startable('webHooks', 10)).toEqual([])
    const attempt = { round: 0, attempt: 1, at: at(2), durationMs: 3, facts: '{"first":true}' }
    await store.record(id, attempt, { status: 'underWay', nextAttemptAt: at(30) })
    await store.record(id, { ...attempt, facts: '{"second":true}' }, { status: 'delivered', finishedAt: at(3) })
    expect(await store.find(id)).toMatchObject({ status: 'underWay', attempts: 1, nextAttemptAt: at(30) })
    expect(await store.attempts(id)).toEqual([attempt])
    await store.record(id, { ...attempt, attempt: 2 }, { status: 'delivered', finishedAt: at(31) })
    // The process that started the workflow may be late to say so.
    await store.started({ id, round: 0 }, at(32))
    await store.finish({ id, round: 0 }, 'canceled', at(33))
    expect(await store.find(id)).toMatchObject({ status: 'delivered', attempts: 2, finishedAt: at(31) })
  })

  test('begins another round of what is final, and of nothing else', async () => {
    const store = await newStore()
    await store.save(step(1, { notifications: [notification(1), notification(2)] }))
    await store.finish({ id: notification(1).id, round: 0 }, 'abandoned', at(5))
    await store.save(step(2, { again: [1, 2, 3].map((number) => ({ id: notification(number).id, round: 1 })) }))
    const waiting = await store.startable('webHooks', 10)
    expect(waiting.map(({ id, round }) => [id, round])).toEqual([
      [notification(1).id, 1],
      [notification(2).id, 0],
    ])
    // A log that is followed anew asks for the same round.
    await store.finish({ id: notification(1).id, round: 1 }, 'abandoned', at(5))
    await store.save(step(3, { again: [{ id: notification(1).id, round: 1 }] }))
    expect(await store.find(notification(1).id)).toMatchObject({ status: 'abandoned', round: 1 })
    await store.save(step(4, { again: [{ id: notification(1).id, round: 2 }] }))
    // What a workflow of the round before says late changes nothing.
    await store.finish({ id: notification(1).id, round: 0 }, 'canceled', at(6))
    expect(await store.find(notification(1).id)).toMatchObject({ status: 'waiting', round: 2, finishedAt: null })
  })

  test('finds what is overdue, lists newest first, and prunes what is finished for long', async () => {
    const store = await newStore()
    await store.save(step(1, { notifications: [1, 2, 3].map((number) => notification(number)) }))
    await store.started({ id: notification(1).id, round: 0 }, at(10))
    await store.started({ id: notification(2).id, round: 0 }, at(20))
    await store.finish({ id: notification(3).id, round: 0 }, 'abandoned', at(30))
    expect((await store.overdue('webHooks', at(15), 10)).map(({ id }) => id)).toEqual([notification(1).id])
    expect(await store.overdue('mail', at(15), 10)).toEqual([])
    // Found and started again, it makes room for those that became due after it.
    await store.started({ id: notification(1).id, round: 0 }, at(40))
    expect((await store.overdue('webHooks', at(35), 1)).map(({ id }) => id)).toEqual([notification(2).id])
    const all = { organizationId, lane: 'a' }
    const [newest] = await store.list(all, 1)
    expect(newest?.id).toBe(notification(3).id)
    const after = { createdAt: at(3), id: notification(3).id }
    expect((await store.list({ ...all, after }, 10)).map(({ id }) => id)).toEqual(
      [2, 1].map((each) => notification(each).id),
    )
    expect((await store.list({ ...all, status: 'underWay' }, 10)).length).toBe(2)
    expect(await store.list({ ...all, organizationId: fixedUuid('2') }, 10)).toEqual([])
    expect(await store.prune(at(30), 10)).toBe(0)
    expect(await store.prune(at(31), 10)).toBe(1)
    expect(await store.find(notification(3).id)).toBeUndefined()
  })
})

describe('the store of notifications in a file', () => {
  test('says with a code that it cannot be used, and goes on when it can', async () => {
    const path = join(temporaryFolder(), 'notifications.db')
    writeFileSync(path, 'no database, but longer than an empty file'.repeat(10))
    const store = openSqliteNotificationStore(path)
    onTestFinished(() => store.close())
    await expect(store.progress('webHooks', at(0))).rejects.toMatchObject({ code: 'NOTIFICATION_STORE_UNAVAILABLE' })
    writeFileSync(path, '')
    expect((await store.progress('webHooks', at(1))).begunAt).toBe(at(1))
  })

  test('leaves a database alone that is another one', async () => {
    const path = join(temporaryFolder(), 'event-log.db')
    const log = openSqliteEventLog({ path })
    onTestFinished(() => log.close())
    const store = openSqliteNotificationStore(path)
    onTestFinished(() => store.close())
    await expect(store.find('x')).rejects.toMatchObject({ code: 'NOTIFICATION_STORE_FOREIGN' })
  })
})
