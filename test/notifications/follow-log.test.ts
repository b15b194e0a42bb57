import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { OrganizationId } from '../../domain/index.ts'
import { type NewEvent, openSqliteEventLog } from '../../event-log/index.ts'
import { type ChannelOfLog, followLog, openSqliteNotificationStore } from '../../notifications/index.ts'
import { newEvent } from '../support/event-log/events.ts'
import { fixedUuid } from '../support/submission.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const at = '2026-11-29T12:00:00.000Z'

/** A log and a store, and a channel that tells of events of the type `Told` only. */
function followed() {
  const folder = temporaryFolder()
  const log = openSqliteEventLog({ path: join(folder, 'log.db') })
  const store = openSqliteNotificationStore(join(folder, 'notifications.db'))
  onTestFinished(async () => {
    await log.close()
    await store.close()
  })
  const looked: string[] = []
  const channel: ChannelOfLog = {
    channel: 'webHooks',
    async collect(entries) {
      looked.push(...entries.map(({ streamId, revision }) => `${streamId}@${revision}`))
      const told = entries.filter(({ type }) => type === 'Told')
      const common = { organizationId: fixedUuid<OrganizationId>('a'), lane: 'one', content: '{}', createdAt: at }
      return { remembered: new Map(), notifications: told.map(({ id }) => ({ id, ...common })), again: [] }
    },
  }
  const save = vi.spyOn(store, 'save')
  /** Follows to the end of the log, as one life of a process. */
  async function follow(): Promise<void> {
    const following = followLog({ log, store, now: () => at }, channel)
    await following.drain()
    await following.close()
  }
  let streams = 0
  const append = (...events: NewEvent[]) => log.append(`stream-${streams++}`, events, 'noStream')
  return { store, append, follow, save, looked }
}

test('what nothing comes of is not told the store, and read again by whoever follows next', async () => {
  const { store, append, follow, save, looked } = followed()
  await append(newEvent({}, 'Untold'))
  await follow()
  expect(save).not.toHaveBeenCalled()
  await append(newEvent({}, 'Told'))
  await follow()
  await follow()
  expect(looked).toEqual(['stream-0@0', 'stream-0@0', 'stream-1@0'])
  expect(save).toHaveBeenCalledTimes(1)
  expect(await store.startable('webHooks', 10)).toHaveLength(1)
})

test('after many events of which nothing came the store is told how far it is', async () => {
  const { store, append, follow, save } = followed()
  await append(...Array.from({ length: 1_200 }, () => newEvent({}, 'Untold')))
  await follow()
  expect(save).toHaveBeenCalledTimes(1)
  expect((await store.progress('webHooks', at)).checkpoint).toBeDefined()
})
