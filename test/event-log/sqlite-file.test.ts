import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteEventLog, type UnreadableEvent } from '../../event-log/index.ts'
import { collect, newEvent, newEvents, newStream } from '../support/event-log/events.ts'

describe('the file of an SQLite event log', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-event-log-'))
    path = join(folder, 'events.db')
  })
  afterEach(() => rm(folder, { recursive: true }))

  function edit(sql: string): void {
    const database = new DatabaseSync(path)
    database.exec(sql)
    database.close()
  }

  test('keeps events from one opening to the next', async () => {
    const [stream, events] = [newStream(), newEvents(3)]
    const first = openSqliteEventLog({ path })
    const appended = await first.append(stream, events, 'noStream')
    await first.close()
    const second = openSqliteEventLog({ path })
    expect(await second.head()).toBe(appended.position)
    expect(await second.append(stream, events, 'noStream')).toEqual(appended)
    await second.close()
  })

  test('takes an empty file for a new log', async () => {
    await writeFile(path, '')
    const log = openSqliteEventLog({ path })
    expect(await log.append(newStream(), [newEvent()], 'noStream')).toMatchObject({ revision: 0 })
    await log.close()
  })

  test.each([
    ['another SQLite database', 'CREATE TABLE notes (text TEXT)', 'EVENT_LOG_NOT_A_LOG'],
    ['the database of another program', 'PRAGMA application_id = 7', 'EVENT_LOG_NOT_A_LOG'],
    [
      'a log of a newer release',
      'PRAGMA application_id = 0x4353454c; PRAGMA user_version = 2',
      'EVENT_LOG_SCHEMA_UNKNOWN',
    ],
  ])('%s is refused and left as it is', async (_, sql, code) => {
    edit(sql)
    const before = await readFile(path)
    expect(() => openSqliteEventLog({ path })).toThrow(expect.objectContaining({ code }))
    expect(await readFile(path)).toEqual(before)
  })

  test('a file that is no database is refused and left as it is', async () => {
    await writeFile(path, 'Dear diary, '.repeat(1_000))
    expect(() => openSqliteEventLog({ path })).toThrow(expect.objectContaining({ code: 'EVENT_LOG_NOT_A_LOG' }))
    expect(await readFile(path, 'utf8')).toBe('Dear diary, '.repeat(1_000))
  })

  test('a folder that does not exist, and a path that is a folder, are named', () => {
    for (const wrong of [join(folder, 'missing', 'events.db'), folder])
      expect(() => openSqliteEventLog({ path: wrong })).toThrow(
        expect.objectContaining({ code: 'EVENT_LOG_UNAVAILABLE', message: expect.stringContaining(wrong) }),
      )
  })

  test.each(['', ':memory:'])('%j would not last and is refused', (wrong) => {
    expect(() => openSqliteEventLog({ path: wrong })).toThrow(
      expect.objectContaining({ code: 'EVENT_LOG_ARGUMENT_INVALID' }),
    )
  })

  test('refuses to change or delete an event, whoever asks', async () => {
    const log = openSqliteEventLog({ path })
    await log.append(newStream(), [newEvent()], 'noStream')
    await log.close()
    expect(() => edit("UPDATE events SET data = '{}'")).toThrow('append-only')
    expect(() => edit('DELETE FROM events')).toThrow('append-only')
  })

  test.each([
    ['data', '{"broken'],
    ['data', '[]'],
    ['metadata', 'null'],
    ['metadata', ''],
  ])('an event with %s %j is corrupt, and its position is named', async (column, text) => {
    const stream = newStream()
    const log = openSqliteEventLog({ path })
    await log.append(stream, newEvents(3), 'noStream')
    edit(`DROP TRIGGER events_are_never_changed; UPDATE events SET ${column} = '${text}' WHERE position = 2`)
    const corrupt = {
      code: 'EVENT_LOG_CORRUPT',
      message: expect.stringContaining(
        `position 0000000000000002 (${stream}, revision 1) cannot be read. Its ${column} is not a JSON object.`,
      ),
    }
    await expect(collect(log.readAll())).rejects.toMatchObject(corrupt)
    await expect(collect(log.readStream(stream))).rejects.toMatchObject(corrupt)
    const expected = { streamId: stream, revision: 1, reason: `Its ${column} is not a JSON object.` }
    const named: UnreadableEvent[] = []
    const seen: number[] = []
    for await (const batch of log.readAll({ onUnreadable: (event) => named.push({ ...event, id: String(seen) }) }))
      seen.push(...batch.map(({ revision }) => revision))
    expect(seen).toEqual([0, 2])
    expect(named).toEqual([expect.objectContaining({ ...expected, id: '0' })])
    for await (const batch of log.subscribe({ signal: AbortSignal.timeout(60_000) })) {
      expect(batch.events.map(({ revision }) => revision)).toEqual([0, 2])
      expect(batch.unreadable).toEqual([expect.objectContaining(expected)])
      break
    }
    await log.close()
  })

  test('bytes are given as they stand in the file, also where JSON would write them otherwise', async () => {
    const stream = newStream()
    const log = openSqliteEventLog({ path })
    await log.append(stream, [newEvent()], 'noStream')
    const [data, metadata] = ['{ "schemaVersion" : 1.0, "schemaVersion":2,"text":"\ufffd\\u00e9" }', '{"a":1 }\n']
    edit(`DROP TRIGGER events_are_never_changed; UPDATE events SET data = '${data}', metadata = '${metadata}'`)
    const [event] = await collect(log.readStream(stream))
    expect(event).toMatchObject({ data: { schemaVersion: 2, text: '\ufffdé' }, metadata: { a: 1 } })
    expect(Buffer.from(event?.stored.data.bytes ?? [])).toEqual(Buffer.from(data))
    expect(Buffer.from(event?.stored.metadata.bytes ?? [])).toEqual(Buffer.from(metadata))
    expect(event?.stored.data.jsonOf(event.data)).toBe(data)
    await log.close()
  })

  test.each(['data', 'metadata'] as const)('an event with %s that is no UTF-8 is corrupt', async (column) => {
    const stream = newStream()
    const log = openSqliteEventLog({ path })
    await log.append(stream, newEvents(2), 'noStream')
    const bytes = Buffer.from('7b2261223a22ff227d', 'hex')
    edit(
      `DROP TRIGGER events_are_never_changed;
       UPDATE events SET ${column} = CAST(x'${bytes.toString('hex')}' AS TEXT) WHERE position = 1`,
    )
    await expect(collect(log.readStream(stream))).rejects.toMatchObject({ code: 'EVENT_LOG_CORRUPT' })
    const named: UnreadableEvent[] = []
    expect(await collect(log.readAll({ onUnreadable: (event) => named.push(event) }))).toHaveLength(1)
    expect(named).toMatchObject([{ streamId: stream, revision: 0, reason: `Its ${column} is not UTF-8.` }])
    expect(Buffer.from(named[0]?.stored[column].bytes ?? [])).toEqual(bytes)
    await log.close()
  })

  test('that lacks an event of a stream is corrupt for whoever reads that stream from before it', async () => {
    const stream = newStream()
    const log = openSqliteEventLog({ path })
    await log.append(stream, newEvents(5), 'noStream')
    edit('DROP TRIGGER events_are_never_deleted; DELETE FROM events WHERE revision IN (0, 2, 3)')
    const missing = (range: string) => ({
      code: 'EVENT_LOG_CORRUPT',
      message: expect.stringContaining(`${stream} does not show its ${range}.`),
    })
    await expect(collect(log.readStream(stream))).rejects.toMatchObject(missing('revision 0'))
    await expect(collect(log.readStream(stream, { fromRevision: 1 }))).rejects.toMatchObject(
      missing('revisions 2 to 3'),
    )
    await expect(collect(log.readStream(stream, { direction: 'backwards' }))).rejects.toMatchObject(
      missing('revisions 2 to 3'),
    )
    await expect(collect(log.readStream(stream, { direction: 'backwards', fromRevision: 1 }))).rejects.toMatchObject(
      missing('revision 0'),
    )
    expect(await collect(log.readStream(stream, { fromRevision: 4 }))).toHaveLength(1)
    expect(await collect(log.readStream(stream, { direction: 'backwards', maxCount: 1 }))).toHaveLength(1)
    expect(await collect(log.readAll())).toHaveLength(2)
    await log.close()
  })

  test('that is damaged is said to be corrupt', async () => {
    const log = openSqliteEventLog({ path })
    await log.append(newStream(), newEvents(500), 'noStream')
    await log.close()
    const file = await open(path, 'r+')
    const { size } = await file.stat()
    // The first page, with the header and the schema, stays whole.
    await file.write(Buffer.alloc(size - 8_192, 0xa5), 0, size - 8_192, 8_192)
    await file.close()
    const damaged = openSqliteEventLog({ path })
    await expect(collect(damaged.readAll())).rejects.toMatchObject({ code: 'EVENT_LOG_CORRUPT' })
    await damaged.close()
  })

  test('takes appends that wait at the same time in few transactions, each flushed to the disk', async () => {
    const log = openSqliteEventLog({ path })
    const before = await commits()
    await Promise.all(Array.from({ length: 200 }, () => log.append(newStream(), newEvents(2), 'noStream')))
    const together = (await commits()) - before
    expect(together).toBeGreaterThan(0)
    expect(together).toBeLessThanOrEqual(5)
    await log.append(newStream(), [newEvent()], 'noStream')
    await log.append(newStream(), [newEvent()], 'noStream')
    expect((await commits()) - before).toBe(together + 2)
    expect(await collect(log.readAll())).toHaveLength(402)
    await log.close()
  })

  /** Transactions in the write-ahead log: frames that give the size of the database (SQLite file format §4.1). */
  async function commits(): Promise<number> {
    const wal = await readFile(`${path}-wal`)
    const frame = 24 + wal.readUInt32BE(8)
    let found = 0
    for (let at = 32; at + frame <= wal.length; at += frame) if (wal.readUInt32BE(at + 4) !== 0) found += 1
    return found
  }
})
