import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteEventLog } from '../../event-log/index.ts'
import { collect, collectUntil, ids, newEvent, newEvents, newStream } from '../support/event-log/events.ts'

const script = join(import.meta.dirname, '../support/event-log/append-process.ts')

describe('several processes on one SQLite event log', () => {
  let folder: string
  let path: string
  const children: ChildProcess[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-event-log-'))
    path = join(folder, 'events.db')
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  })

  /** Starts a writer; `answered` grows with the streams whose appends were answered. */
  function startWriter(kind: string) {
    const child = spawn(process.execPath, [script, path, kind], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    const answered: string[] = []
    const lines = createInterface(child.stdout)
    lines.on('line', (line) => answered.push(line))
    // All lines were read and the process is gone.
    const exit = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(([[code]]) => code as number | null)
    return { child, answered, lines, exit }
  }

  test('a subscriber sees every event of every process once, in the order of positions', async () => {
    const writers = [1, 2, 3].map(() => startWriter('40'))
    const log = openSqliteEventLog({ path })
    const own = newStream('own')
    for (let revision = 0; revision < 40; revision += 1)
      await log.append(own, [newEvent()], revision === 0 ? 'noStream' : revision - 1)
    const subscription = log.subscribe({ signal: AbortSignal.timeout(25_000) })
    const seen = await collectUntil(subscription, (events) => events.length >= 3 * 40 * 3 + 40)
    expect(await Promise.all(writers.map(({ exit }) => exit))).toEqual([0, 0, 0])

    expect(ids(seen)).toEqual(ids(await collect(log.readAll())))
    const positions = seen.map(({ position }) => position)
    expect(positions).toEqual(positions.toSorted())
    expect(new Set(positions).size).toBe(400)
    const expected = writers.flatMap(({ answered }) => answered)
    expect(new Set(seen.map(({ streamId }) => streamId))).toEqual(new Set([own, ...expected]))
    await log.close()
  })

  test('processes that make the file at the same time agree on one', async () => {
    const writers = Array.from({ length: 8 }, () => startWriter('5'))
    expect(await Promise.all(writers.map(({ exit }) => exit))).toEqual(Array.from({ length: 8 }, () => 0))
    const log = openSqliteEventLog({ path })
    expect(await collect(log.readAll())).toHaveLength(8 * 5 * 3)
    await log.close()
  })

  test('a subscriber that waits hears of another process', async () => {
    const log = openSqliteEventLog({ path })
    let isStarted = false
    const seen = await collectUntil(log.subscribe({ signal: AbortSignal.timeout(25_000) }), (events, { caughtUp }) => {
      if (caughtUp && !isStarted) {
        isStarted = true
        startWriter('5')
      }
      return events.length === 15
    })
    expect(new Set(seen.map(({ streamId }) => streamId)).size).toBe(5)
    await log.close()
  })

  test('writers that expect a revision never both win', async () => {
    const stream = newStream('counter')
    const writers = [1, 2, 3].map(() => startWriter(`counter:${stream}`))
    expect(await Promise.all(writers.map(({ exit }) => exit))).toEqual([0, 0, 0])
    const log = openSqliteEventLog({ path })
    const revisions = (await collect(log.readStream(stream))).map(({ revision }) => revision)
    expect(revisions).toEqual(Array.from({ length: 75 }, (_, revision) => revision))
    await log.close()
  })

  test('kill -9 in the middle of appends leaves whole appends, and every one that was answered', async () => {
    for (let round = 1; round <= 3; round += 1) {
      const { child, answered, lines, exit } = startWriter('forever')
      await new Promise<void>((resolve) => lines.on('line', () => answered.length >= 20 * round && resolve()))
      child.kill('SIGKILL')
      expect(await exit).toBeNull()

      const log = openSqliteEventLog({ path })
      const events = await collect(log.readAll())
      const streams = Map.groupBy(events, ({ streamId }) => streamId)
      for (const appended of streams.values()) expect(appended.map(({ revision }) => revision)).toEqual([0, 1, 2])
      expect(answered.filter((stream) => !streams.has(stream))).toEqual([])
      await log.append(newStream(), newEvents(3), 'noStream')
      await log.close()
    }
  })

  describe('while one of them holds the write lock', () => {
    function lock(): DatabaseSync {
      const other = new DatabaseSync(path)
      other.exec('BEGIN IMMEDIATE')
      return other
    }

    test('an append waits without holding up the process, and is written when the lock is gone', async () => {
      const log = openSqliteEventLog({ path })
      const other = lock()
      const stream = newStream()
      const appending = log.append(stream, [newEvent()], 'noStream')
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      expect(await collect(log.readStream(stream))).toEqual([])
      other.exec('ROLLBACK')
      expect(await appending).toMatchObject({ revision: 0 })
      other.close()
      await log.close()
    })

    test('an append waits for a while only, and then nothing of it is written', async () => {
      const log = openSqliteEventLog({ path, timeoutMs: 100 })
      const other = lock()
      const appends = Array.from({ length: 3 }, () => log.append(newStream(), [newEvent()], 'noStream'))
      const outcomes = await Promise.allSettled(appends)
      expect(outcomes).toEqual(
        Array.from({ length: 3 }, () => ({
          status: 'rejected',
          reason: expect.objectContaining({ code: 'EVENT_LOG_UNAVAILABLE', message: expect.stringContaining(path) }),
        })),
      )
      other.exec('ROLLBACK')
      other.close()
      expect(await collect(log.readAll())).toEqual([])
      expect(await log.append(newStream(), [newEvent()], 'noStream')).toMatchObject({ revision: 0 })
      await log.close()
    })
  })
})
