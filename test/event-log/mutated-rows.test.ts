import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type AuditableLog,
  auditLog,
  entryOf,
  openSqliteEventLog,
  partsOf,
  readEverything,
} from '../../event-log/index.ts'
import type { LogEntry } from '../../event-log/log-entries.ts'
import { newStream } from '../support/event-log/events.ts'
import { approval, type SignedLog, signedLog } from '../support/event-log/signed-log.ts'

const letters = ['', ' ', '\r', '\t', '\u007f', '\u0085', '\u2028', '\ufeff', '\ufffd', ...'"\\,:{}[]0-7']
const members = [
  ',"signature":7',
  ',"signature":null',
  ',"\\u0073ignature":{}',
  ',"signature":{"keyId":"',
  ',"occurredAt":"2025-01-01T00:00:00.000Z"',
  '"__proto__":{},',
  ',"a":{"b":1',
  '},"c":{',
  '#',
  '","',
  '\\u0031',
  '1 b0000000-0000-4000-8000-000000000000 x',
]
const tokens = ['{', ',"occurredAt"', ',"signature"', '"revision"', '"count"', '"witnesses":[', '"]', ',"value"', '}}']

/** What somebody does to one column of an event: takes some bytes away at a place, and puts others there. */
const mutation = fc.record({
  column: fc.oneof(
    { arbitrary: fc.constant('metadata'), weight: 2 },
    { arbitrary: fc.constantFrom('stream_id', 'id', 'type', 'data'), weight: 1 },
  ),
  place: fc.oneof(fc.nat(1_000), fc.record({ token: fc.constantFrom(...tokens), behind: fc.boolean() })),
  removed: fc.oneof(fc.constant(0), fc.nat(3)),
  added: fc.oneof(
    fc.constantFrom('\n', '\0'),
    fc.constantFrom(...letters, ...members),
    fc.uint8Array({ minLength: 1, maxLength: 2 }),
  ),
})
type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never

function mutated(bytes: Buffer, { place, removed, added }: Mutation): Buffer {
  const wanted =
    typeof place === 'number' ? place : bytes.lastIndexOf(place.token) + (place.behind ? place.token.length : 0)
  const at = Math.min(Math.max(wanted, 0), bytes.length)
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(added as string), bytes.subarray(at + removed)])
}

/** A log of so many streams, in each of which the last event was mutated. */
async function mutatedLog(mutations: readonly Mutation[]): Promise<SignedLog> {
  const from = signedLog()
  const worker = from.as('worker')
  const streams = mutations.map(() => newStream('signingRequest'))
  const append = async (stream: string, index: number) => {
    const first = index % 2 === 0 ? [approval('0')] : [approval('0'), approval('1')]
    await worker.append(stream, first, 'noStream')
    await worker.append(stream, [approval('last')], first.length - 1)
  }
  await Promise.all(streams.map(append))
  await from.stored.close()
  const database = new DatabaseSync(from.path)
  database.exec('BEGIN; DROP TRIGGER events_are_never_changed')
  const last = database.prepare('SELECT max(position) AS position FROM events WHERE stream_id = ?')
  for (const [index, change] of mutations.entries()) {
    const position = Number(last.get(streams[index] as string)?.position)
    const bytesOf = `SELECT CAST(${change.column} AS BLOB) AS bytes FROM events WHERE position = ?`
    const bytes = Buffer.from(database.prepare(bytesOf).get(position)?.bytes as Uint8Array)
    const put = database.prepare(`UPDATE events SET ${change.column} = CAST(? AS TEXT) WHERE position = ?`)
    put.run(mutated(bytes, change), position)
  }
  database.exec('COMMIT')
  database.close()
  return from
}

const shown = (entry: LogEntry) => ({ ...entry, stored: undefined })

async function audited({ installation }: SignedLog, log: AuditableLog) {
  const given: object[] = []
  const { faults } = await auditLog(log, installation.ring(log), {}, (rows) => {
    given.push(...rows.map((row) => shown(entryOf(partsOf(row)))))
    return undefined
  })
  // A read of a stream says the same in more words.
  const places = faults.map(
    ({ kind, streamId, revision, reason }) =>
      `${streamId} ${revision} ${kind} ${reason.replace(/^The event .+ cannot be read\. /s, '')}`,
  )
  return { given, faults: places.toSorted() }
}

it('finds in rows that are one text what it finds in events that are read one by one, whatever somebody wrote there', async () => {
  const compare = async (mutations: readonly Mutation[]) => {
    const from = await mutatedLog(mutations)
    const log = openSqliteEventLog({ path: from.path })
    try {
      const { readStored: _, ...asOthersAre } = log
      const [joined, oneByOne] = [await audited(from, log), await audited(from, asOthersAre)]
      expect(joined.faults).toEqual(oneByOne.faults)
      const entries: LogEntry[] = []
      for await (const some of readEverything(log)) entries.push(...some)
      expect(joined.given).toEqual(entries.toSorted((a, b) => (a.position < b.position ? -1 : 1)).map(shown))
    } finally {
      await log.close()
    }
  }
  const mutations = fc.array(mutation, { minLength: 100, maxLength: 100 })
  await fc.assert(fc.asyncProperty(mutations, compare), { numRuns: 1, endOnFailure: true })
})
