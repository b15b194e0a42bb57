import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type ExportFault, exportLog, importExport, openSqliteEventLog } from '../../event-log/index.ts'
import { newStream } from '../support/event-log/events.ts'
import { approval } from '../support/event-log/signed-log.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const folder = suiteFolder()
/** A header, eight events, an end: lines 1 to 10. */
let lines: readonly string[] = []

beforeAll(async () => {
  const log = openSqliteEventLog({ path: join(folder, 'events.db') })
  const stream = newStream('signingRequest')
  const events = Array.from({ length: 8 }, (_, number) => approval(`comment ${number}`))
  await log.append(stream, events, 'noStream')
  const chunks: Uint8Array[] = []
  for await (const chunk of exportLog(log, { now: '2026-05-01T12:00:00.000Z' })) chunks.push(chunk)
  lines = Buffer.concat(chunks).toString().trimEnd().split('\n')
  await log.close()
})

/** Reads bytes in pieces of a few, so that lines are parted anywhere. */
async function read(...pieces: readonly (string | Uint8Array)[]) {
  const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece)))
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777)
  }
  const { log, file } = await importExport(chunks())
  await log.close()
  return file
}

const whole = (all: readonly string[]) => all.map((line) => `${line}\n`).join('')
const line = (number: number) => lines[number - 1] ?? ''
const changed = (number: number, change: (text: string) => string) =>
  whole(lines.map((text, index) => (index === number - 1 ? change(text) : text)))
const places = ({ faults }: { readonly faults: readonly ExportFault[] }) =>
  faults.map(({ line, code }) => `${line} ${code}`)

describe('an export that is not as it was made', () => {
  it('is right as it was made', async () => {
    expect(await read(whole(lines))).toMatchObject({ events: 8, faultCount: 0 })
  })

  it.each<[string, () => string, readonly string[], number]>([
    [
      'a comment is another',
      () => changed(5, (text) => text.replace('comment 3', 'comment 9')),
      ['5 EXPORT_LINE_CHANGED'],
      8,
    ],
    ['the header is another', () => changed(1, (text) => text.replace('12:00', '13:00')), ['1 EXPORT_LINE_CHANGED'], 8],
    [
      'a position is another',
      () => changed(9, (text) => text.replace(/"position":"0/, '"position":"1')),
      ['9 EXPORT_LINE_CHANGED'],
      8,
    ],
    [
      'the end counts otherwise',
      () => changed(10, (text) => text.replace('"events":8', '"events":7')),
      ['10 EXPORT_LINE_CHANGED'],
      8,
    ],
    ['a line is gone', () => whole(lines.toSpliced(4, 1)), ['5 EXPORT_LINES_MISSING'], 7],
    ['two lines are gone', () => whole(lines.toSpliced(4, 2)), ['5 EXPORT_LINES_MISSING'], 6],
    ['a line stands twice', () => whole(lines.toSpliced(5, 0, line(5))), ['6 EXPORT_LINE_MOVED'], 8],
    [
      'two lines are swapped',
      () => whole(lines.toSpliced(4, 2, line(6), line(5))),
      ['5 EXPORT_LINES_MISSING', '6 EXPORT_LINE_MOVED'],
      7,
    ],
    ['the end is gone', () => whole(lines.slice(0, -1)), ['9 EXPORT_CUT'], 8],
    [
      'the file is cut within a line',
      () => whole(lines.slice(0, 6)) + line(7).slice(0, 200),
      ['7 EXPORT_LINE_MALFORMED', '7 EXPORT_CUT'],
      5,
    ],
    ['something stands behind the end', () => `${whole(lines)}${line(5)}\n`, ['11 EXPORT_LINE_MALFORMED'], 8],
    ['a line is empty', () => whole(lines.toSpliced(4, 0, '')), ['5 EXPORT_LINE_MALFORMED'], 8],
    [
      'a line has a space',
      () => changed(5, (text) => text.replace(',"revision"', ', "revision"')),
      ['5 EXPORT_LINE_MALFORMED'],
      7,
    ],
    [
      'a member stands twice',
      () => changed(5, (text) => text.replace('{"line":5', '{"line":5,"line":5')),
      ['5 EXPORT_LINE_MALFORMED'],
      7,
    ],
    [
      'a member is the prototype',
      () => changed(5, (text) => text.replace('{"line":5', '{"__proto__":{},"line":5')),
      ['5 EXPORT_LINE_MALFORMED'],
      7,
    ],
    [
      'a length is wrong',
      () => changed(5, (text) => text.replace(/"dataBytes":\d+/, '"dataBytes":1')),
      ['5 EXPORT_LINE_MALFORMED'],
      7,
    ],
    [
      'a length is past the line',
      () => changed(5, (text) => text.replace(/"dataBytes":\d+/, '"dataBytes":900000000')),
      ['5 EXPORT_LINE_MALFORMED'],
      7,
    ],
    [
      'data is no object',
      () =>
        changed(5, (text) =>
          text.replace(/"dataBytes":\d+(.*),"data":.*,"metadata":/, '"dataBytes":2$1,"data":[],"metadata":'),
        ),
      ['5 EXPORT_LINE_MALFORMED'],
      7,
    ],
  ])('is named by line where %s, and the rest is read', async (_what, damaged, expected, events) => {
    const result = await read(damaged())
    expect(places(result)).toEqual(expected)
    expect(result).toMatchObject({ events, faultCount: expected.length })
  })

  it('is named where bytes are no UTF-8', async () => {
    const fifth = Buffer.from(line(5))
    fifth[fifth.indexOf('comment')] = 0xff
    const result = await read(whole(lines.slice(0, 4)), fifth, '\n', whole(lines.slice(5)))
    expect(places(result)).toEqual(['5 EXPORT_LINE_MALFORMED'])
  })

  it.each([
    ['is empty', () => '', 'EXPORT_NOT_AN_EXPORT'],
    ['is something else', () => '{"hello":"world"}\n', 'EXPORT_NOT_AN_EXPORT'],
    [
      'has a first line with a member twice',
      () => changed(1, (text) => text.replace('{', '{"line":1,')),
      'EXPORT_NOT_AN_EXPORT',
    ],
    [
      'is of a later version',
      () => changed(1, (text) => text.replace('"version":1', '"version":2')),
      'EXPORT_VERSION_UNKNOWN',
    ],
  ])('is refused when it %s', async (_what, text, code) => {
    await expect(read(text())).rejects.toMatchObject({ code })
  })

  it('is refused at a line that has no end, long before it would fill the memory', async () => {
    let given = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${line(1)}\n`)
      const chunk = Buffer.alloc(1024 * 1024, 'a')
      for (; given < 1024; given += 1) yield chunk
    }
    await expect(importExport(endless())).rejects.toMatchObject({
      code: 'EXPORT_LINE_TOO_LONG',
      message: expect.stringContaining('Line 2 '),
    })
    expect(given).toBeLessThan(64)
  })
})
