import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openSqliteEventLog } from '../../event-log/index.ts'
import { collect, newEvent, newEvents, newStream } from '../support/event-log/events.ts'
import { writeFaults } from '../support/write-faults/index.ts'

const appendProcess = join(import.meta.dirname, '../support/event-log/append-process.ts')

describe('the thread that writes the file of an SQLite event log', () => {
  let folder: string
  let path: string
  const threads: Worker[] = []
  const remember = (worker: Worker) => threads.push(worker)

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-event-log-'))
    path = join(folder, 'events.db')
    threads.length = 0
    process.on('worker', remember)
  })
  afterEach(async () => {
    process.off('worker', remember)
    await rm(folder, { recursive: true })
  })

  /** The only thread that there is. */
  function thread(): Worker {
    expect(threads).toHaveLength(1)
    return threads[0] as Worker
  }

  test('starts with the first append, and ends with the log', async () => {
    const log = openSqliteEventLog({ path })
    expect(await log.head()).toBeUndefined()
    expect(threads).toEqual([])
    await log.append(newStream(), [newEvent()], 'noStream')
    await log.append(newStream(), [newEvent()], 'noStream')
    const ended = once(thread(), 'exit')
    await log.close()
    expect(await ended).toEqual([0])
  })

  test('keeps the process until its append is answered, and no longer', async () => {
    const child = spawn(process.execPath, [appendProcess, path, 'open'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // One that does not end by itself is killed, and has no status.
      timeout: 20_000,
    })
    const [answered, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    expect(status).toBe(0)
    expect(answered.trim().split('\n')).toHaveLength(1)
  })

  test('that ends refuses what was given to it with a code, and the next append starts another', async () => {
    const log = openSqliteEventLog({ path })
    await log.append(newStream(), [newEvent()], 'noStream')
    const first = thread()
    // It ends in the moment in which it is given the appends.
    vi.spyOn(first, 'postMessage').mockImplementationOnce(() => void first.terminate())
    const [stream, events] = [newStream(), newEvents(2)]
    const outcomes = await Promise.allSettled([
      log.append(stream, events, 'noStream'),
      log.append(newStream(), [newEvent()], 'noStream'),
    ])
    const refused = {
      status: 'rejected',
      reason: expect.objectContaining({
        code: 'EVENT_LOG_UNAVAILABLE',
        message: expect.stringContaining(`Cannot append to ${path}: the thread that writes it ended`),
      }),
    }
    expect(outcomes).toEqual([refused, refused])

    expect(await log.append(stream, events, 'noStream')).toMatchObject({ revision: 1 })
    expect(threads).toHaveLength(2)
    expect(await collect(log.readAll())).toHaveLength(3)
    await log.close()
  })

  test('reports what SQLite refused with its code, and goes on', async () => {
    const log = openSqliteEventLog({ path })
    await log.append(newStream(), [newEvent()], 'noStream')
    const other = new DatabaseSync(path)
    other.exec(`CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no room'); END`)
    await expect(log.append(newStream(), [newEvent()], 'noStream')).rejects.toMatchObject({
      code: 'EVENT_LOG_UNAVAILABLE',
      message: `Cannot append to ${path}: no room.`,
    })
    other.exec('DROP TRIGGER full')
    other.close()
    expect(await log.append(newStream(), [newEvent()], 'noStream')).toMatchObject({ revision: 0 })
    thread()
    await log.close()
  })

  test.each([
    ['before the first append', 0],
    ['later', 1],
  ])('writes again when the disk takes something again that took nothing %s', async (_, appendsBefore) => {
    const outside = await mkdtemp(join(tmpdir(), 'countersign-write-faults-'))
    const faults = writeFaults(folder, outside)
    const child = spawn(process.execPath, [appendProcess, path, 'by-line'], {
      env: { ...process.env, ...faults.environment },
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 20_000,
    })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const next = async () => (await lines.next()).value as string
    const append = () => {
      child.stdin.write('\n')
      return next()
    }
    expect(await next()).toBe('open')
    for (let appended = 0; appended < appendsBefore; appended += 1) expect(await append()).toContain('-')
    for (const fault of ['EROFS', 'ENOSPC', 'EIO'] as const) {
      faults.begin(fault)
      expect([await append(), await append()]).toEqual(['EVENT_LOG_UNAVAILABLE', 'EVENT_LOG_UNAVAILABLE'])
      faults.end()
      expect(await append()).toContain('-')
    }
    child.stdin.end()
    expect(await once(child, 'exit')).toEqual([0, null])
    const log = openSqliteEventLog({ path })
    expect(await collect(log.readAll())).toHaveLength(3 * (appendsBefore + 3))
    await log.close()
    await rm(outside, { recursive: true })
  })
})
