import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { OrganizationId } from '../../domain/index.ts'
import type { LogPosition } from '../../event-log/index.ts'
import { type Notification, openSqliteNotificationStore, startDispatch } from '../../notifications/index.ts'
import { fixedUuid } from '../support/submission.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

async function outbox(count: number) {
  const store = openSqliteNotificationStore(join(temporaryFolder(), 'notifications.db'))
  onTestFinished(() => store.close())
  const at = '2026-11-29T12:00:00.000Z'
  await store.progress('webHooks', at)
  const notifications = Array.from({ length: count }, (_, number) => ({
    id: fixedUuid(String(number)),
    organizationId: fixedUuid<OrganizationId>('a'),
    lane: 'one',
    content: '{}',
    createdAt: at,
  }))
  const checkpoint = { position: '1' as LogPosition, eventId: '1' }
  const step = { channel: 'webHooks', after: undefined, checkpoint, remembered: new Map(), again: [] } as const
  await store.save({ ...step, notifications })
  return { store, notifications, at }
}

test('the dispatcher starts again what it did not come to note, and nothing that it has', async () => {
  const { store, notifications, at } = await outbox(2)
  const begun: string[] = []
  let fails = true
  const flaky = {
    ...store,
    async started(...noted: Parameters<typeof store.started>) {
      if (fails) {
        fails = false
        throw new Error('The process ends.')
      }
      await store.started(...noted)
    },
  }
  const errors: unknown[] = []
  const dispatch = startDispatch({
    store: flaky,
    start: { webHooks: async ({ id }: Notification) => void begun.push(id) },
    now: () => at,
    onError: (error) => errors.push(error),
  })
  onTestFinished(() => dispatch.close())
  await until('both are under way', async () => (await store.startable('webHooks', 10)).length === 0)
  const [first, second] = notifications
  expect(begun).toEqual([first?.id, first?.id, second?.id])
  expect(errors).toHaveLength(1)
})

test('the dispatcher starts workflows again that are overdue, and leaves alone what is final', async () => {
  const { store, notifications, at } = await outbox(3)
  const [lost, late, done] = notifications.map(({ id }) => id) as [string, string, string]
  for (const id of [lost, late, done]) await store.started({ id, round: 0 }, at)
  const attempt = { round: 0, attempt: 1, at, durationMs: 1, facts: '{}' }
  await store.record(late, attempt, { status: 'underWay', nextAttemptAt: '2026-11-29T13:00:00.000Z' })
  await store.record(done, attempt, { status: 'delivered', finishedAt: at })
  const begun: string[] = []
  const dispatch = startDispatch({
    store,
    start: { webHooks: async ({ id }: Notification) => void begun.push(id) },
    now: () => '2026-11-29T12:10:00.000Z',
    onError: (error) => begun.push(String(error)),
  })
  onTestFinished(() => dispatch.close())
  await until('the lost one is started', () => begun.length > 0)
  expect(begun).toEqual([lost])
})

test('the dispatcher takes the word of a workflow that is over, where the store was lost', async () => {
  const { store, notifications, at } = await outbox(2)
  const [done, runs] = notifications.map(({ id }) => id) as [string, string]
  const dispatch = startDispatch({
    store,
    start: { webHooks: async ({ id }: Notification) => (id === done ? 'delivered' : undefined) },
    now: () => at,
    onError: () => undefined,
  })
  onTestFinished(() => dispatch.close())
  await until('nothing waits', async () => (await store.startable('webHooks', 10)).length === 0)
  await until('it is told', async () => (await store.find(runs))?.status === 'underWay')
  expect(await store.find(done)).toMatchObject({ status: 'delivered', finishedAt: at })
})

test('the dispatcher leaves what another channel has in the outbox', async () => {
  const { store, at } = await outbox(1)
  const dispatch = startDispatch({ store, start: {}, now: () => at, onError: () => undefined })
  await dispatch.close()
  expect(await store.startable('webHooks', 10)).toHaveLength(1)
})

test('the dispatcher deletes all that was over for long, and not a part of it each minute', async () => {
  const { store, at } = await outbox(0)
  let left = 1_200
  const prune = async (_before: string, most: number) => {
    const deleted = Math.min(left, most)
    left -= deleted
    return deleted
  }
  const dispatch = startDispatch({ store: { ...store, prune }, start: {}, now: () => at, onError: () => undefined })
  onTestFinished(() => dispatch.close())
  await until('nothing is left', () => left === 0)
})
