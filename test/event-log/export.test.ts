import { randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type OrganizationId, streams } from '../../domain/index.ts'
import {
  auditLog,
  type EventLog,
  exportLog,
  type ImportedExport,
  importExport,
  type NewEvent,
  withSignatures,
} from '../../event-log/index.ts'
import { type TestInstallation, testInstallation } from '../support/event-keys.ts'
import { bothLogs } from '../support/event-log/both-logs.ts'
import { collect, metadata, newEvent, newStream } from '../support/event-log/events.ts'
import { approval, signedLog } from '../support/event-log/signed-log.ts'
import { tamper } from '../support/tamper.ts'

const now = '2026-05-01T12:00:00.000Z'

async function linesOf(log: EventLog, range: Partial<Parameters<typeof exportLog>[1]> = {}): Promise<string[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of exportLog(log, { now, ...range })) chunks.push(chunk)
  const lines = Buffer.concat(chunks).toString().split('\n')
  expect(lines.pop()).toBe('')
  return lines
}

async function* bytesOf(...lines: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) {
    yield Buffer.from(line)
    yield Buffer.from('\n')
  }
}

/** The export, read into a log. */
async function imported(chunks: AsyncIterable<Uint8Array>): Promise<ImportedExport & { readonly log: EventLog }> {
  const { log, file } = await importExport(chunks)
  onTestFinished(() => log.close())
  return { ...file, log }
}

const auditOf = (log: EventLog, { ring }: TestInstallation, mayConceal = false) =>
  auditLog(log, ring(log), { mayConceal })

const stored = async (log: EventLog) =>
  (await collect(log.readAll())).map(({ streamId, revision, id, type, stored: { data, metadata } }) => [
    streamId,
    revision,
    id,
    type,
    data.text,
    metadata.text,
  ])

describe.each(bothLogs)('an export of a log in %s', (_, open) => {
  it('is read into a log with the same events, in the same order, by the byte, and the same signatures', async () => {
    const log = await open()
    const installation = testInstallation()
    const writer = withSignatures(log, installation.eventKey())
    for (let number = 0; number < 3; number += 1) {
      const stream = newStream('signingRequest')
      await writer.append(stream, [approval('äöü 😀 "quoted" \\ \u2028'), approval('second')], 'noStream')
      await writer.append(stream, [approval(`${number}`)], 1)
    }
    const { log: copy, ...result } = await imported(bytesOf(...(await linesOf(log))))
    expect(result).toMatchObject({ events: 10, faultCount: 0, header: { organizationId: null, exportedAt: now } })
    expect(await stored(copy)).toEqual(await stored(log))
    expect(await auditOf(copy, installation)).toEqual(await auditOf(log, installation))
    expect((await auditOf(copy, installation)).appends).toBe(7)
  })

  it('has a JSON text a line, with positions as text, and an end that says whether it is whole', async () => {
    const log = await open()
    const stream = newStream('signingRequest')
    await log.append(stream, [approval('first')], 'noStream')
    const [event] = await collect(log.readAll())
    const [header, line, end] = (await linesOf(log)).map((text) => JSON.parse(text))
    expect(header).toMatchObject({ line: 1, form: 'countersign-export', version: 1 })
    expect(line).toMatchObject({ streamId: stream, revision: 0, type: 'ApprovalGranted', id: event?.id })
    expect(line).toMatchObject({ position: event?.position, data: event?.data, metadata: event?.metadata })
    expect(end).toMatchObject({ line: 3, end: true, events: 1, previous: expect.stringMatching(/^[0-9a-f]{64}$/) })
  })

  it('begins at a position, that event included', async () => {
    const log = await open()
    const stream = newStream('signingRequest')
    await log.append(stream, [approval('first'), approval('second'), approval('third')], 'noStream')
    const [, second] = await collect(log.readAll())
    const lines = await linesOf(log, { from: second?.position })
    expect(lines.slice(1, -1).map((line) => JSON.parse(line).data.comment)).toEqual(['second', 'third'])
    await expect(imported(bytesOf(...lines))).rejects.toMatchObject({ code: 'EXPORT_PARTIAL' })
  })

  it('of one organization has nothing of another, and its signatures can be checked', async () => {
    const log = await open()
    const installation = testInstallation()
    const writer = withSignatures(log, installation.eventKey())
    const [own, other] = [randomUUID() as OrganizationId, randomUUID() as OrganizationId]
    const of = (organizationId: OrganizationId, event: NewEvent): NewEvent => ({
      ...event,
      metadata: { ...metadata(), organizationId },
    })
    const theirs = new Set<string>([other])
    for (let number = 0; number < 5; number += 1)
      for (const organizationId of [own, own, other, other]) {
        const stream = newStream('signingRequest')
        const events = [of(organizationId, approval(`${number}`)), of(organizationId, approval('second'))]
        if (organizationId === other) for (const id of [stream, ...events.map((each) => each.id)]) theirs.add(id)
        await writer.append(stream, events, 'noStream')
      }
    const refusals = streams.security(own, now)
    await writer.append(refusals, [of(own, newEvent({ code: 'FORBIDDEN' }, 'CommandRefused'))], 'noStream')
    const lines = await linesOf(log, { organizationId: own })
    const text = lines.join('\n')
    expect([...theirs].filter((id) => text.includes(id))).toEqual([])
    expect(text).toContain(refusals)
    expect(text).toContain('ProcessKeyCertified')
    const { log: copy, ...result } = await imported(bytesOf(...lines))
    expect(result).toMatchObject({ faultCount: 0, events: 22, header: { organizationId: own } })
    expect(await auditOf(copy, installation, true)).toMatchObject({ appends: 12, faultCount: 0 })
    // What its processes wrote for it before stays named, so that its removal would show.
    expect(text.slice(0, 100_000)).toMatch(/"witnesses":\["\d+ [0-9a-f-]{36} signingRequest-/)
    expect(text).toMatch(/"witnesses":\["#[\w-]{43}"/)
  })

  it('reads no more of the log than somebody takes', async () => {
    const log = await open()
    const large = 'x'.repeat(200_000)
    for (let number = 0; number < 20; number += 1)
      await log.append(newStream('signingRequest'), [approval(large)], 'noStream')
    let read = 0
    const watched: Pick<EventLog, 'readAll'> = {
      async *readAll(options) {
        for await (const events of log.readAll(options)) {
          read += events.length
          yield events
        }
      },
    }
    const chunks = exportLog(watched, { now })
    await chunks.next()
    const begun = read
    await new Promise((resolve) => setImmediate(resolve))
    expect(read).toBe(begun)
    await chunks.return(undefined)
  })
})

describe('a log that holds what no process wrote', () => {
  it.each([
    ['no JSON', "data = 'nothing'"],
    ['no UTF-8', "data = CAST(x'7b22ff227d' AS TEXT)"],
    ['a line feed', `data = replace(data, '{"schemaVersion"', '{' || char(10) || '"schemaVersion"')`],
    ['a member that stands twice', `data = replace(data, '{', '{"comment":"third",')`],
    ['a prototype', `data = '{"__proto__":{"schemaVersion":1}}'`],
    ['metadata that is none', `metadata = '[]'`],
    ['another signature', `metadata = replace(metadata, '"witnesses"', '"Witnesses"')`],
  ])('is found out from its export as it is from the log: %s', async (_what, change) => {
    const { path, installation, stored: log, as } = signedLog()
    const stream = newStream('signingRequest')
    const writer = as()
    await writer.append(stream, [approval('first')], 'noStream')
    await writer.append(stream, [approval('second')], 0)
    await writer.append(newStream('signingRequest'), [approval('another')], 'noStream')
    tamper(path, [`UPDATE events SET ${change} WHERE stream_id = ? AND revision = 1`, stream])
    const { faults, faultCount } = await auditOf(log, installation)
    expect(faultCount).toBeGreaterThan(0)
    const { log: copy, ...result } = await imported(bytesOf(...(await linesOf(log))))
    expect(result).toMatchObject({ faultCount: 0 })
    expect((await auditOf(copy, installation)).faults).toEqual(faults)
  })
})
