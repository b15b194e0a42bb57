import { describe, expect, it } from 'vitest'
import { openApiTokenUses } from '../../application/index.ts'
import { streams } from '../../domain/index.ts'
import { openSqliteEventLog, readWholeStream } from '../../event-log/index.ts'
import { type TestApplication, type TestCaller, testApplication } from '../support/test-application.ts'

async function usesOf({ dependencies: { log } }: TestApplication, { tokenId }: TestCaller) {
  const { events } = await readWholeStream(log, streams.apiTokenUse(tokenId))
  return events.map(({ data, metadata }) => ({ ...data, from: metadata.remoteAddress }))
}

describe('the use of an API token', () => {
  it('is recorded once a day, with where the first call came from, and changes nothing of the user', async () => {
    const test = await testApplication()
    const ada = await test.user('Ada')
    const before = await readWholeStream(test.dependencies.log, streams.user(ada.userId))
    const errors: unknown[] = []
    const { log, now } = test.dependencies
    const uses = openApiTokenUses({ log, now, onError: (error) => errors.push(error) })
    for (const remoteAddress of ['192.0.2.1', '192.0.2.2']) uses.note({ ...ada, remoteAddress })
    test.clock.now = '2026-03-01T23:59:59.999Z'
    uses.note(ada)
    test.clock.now = '2026-03-02T00:00:00.000Z'
    uses.note({ ...ada, remoteAddress: '192.0.2.3' })
    await uses.close()
    expect(await usesOf(test, ada)).toMatchObject([
      { userId: ada.userId, tokenId: ada.tokenId, day: '2026-03-01', from: '192.0.2.1' },
      { day: '2026-03-02', from: '192.0.2.3' },
    ])
    expect(errors).toEqual([])
    expect((await readWholeStream(log, streams.user(ada.userId))).revision).toBe(before.revision)
  })

  it('is recorded by one of two processes that see it at once', async () => {
    const test = await testApplication()
    const ada = await test.user('Ada')
    const other = openSqliteEventLog({ path: test.logPath })
    const onError = (error: unknown) => Promise.reject(error)
    const { log, now } = test.dependencies
    const processes = [log, other, log, other].map((each) => openApiTokenUses({ log: each, now, onError }))
    for (const process of processes) process.note(ada)
    await Promise.all(processes.map((process) => process.close()))
    await other.close()
    expect(await usesOf(test, ada)).toHaveLength(1)
  })

  it('that the log does not take holds up no call, and is recorded by a later one', async () => {
    const test = await testApplication()
    const ada = await test.user('Ada')
    const errors: unknown[] = []
    const { log, now } = test.dependencies
    const failing = { ...log, append: () => Promise.reject(new Error('no room')) }
    const uses = openApiTokenUses({ log: failing, now, onError: (error) => errors.push(error) })
    uses.note(ada)
    await uses.close()
    expect(errors).toHaveLength(1)
    const again = openApiTokenUses({ log, now, onError: (error) => errors.push(error) })
    again.note(ada)
    await again.close()
    expect(errors).toHaveLength(1)
    expect(await usesOf(test, ada)).toHaveLength(1)
  })
})
