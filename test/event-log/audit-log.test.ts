import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestTree, rememberingRootOf, rootOf } from '../../event-log/digest-tree.ts'
import { auditLog, entryOf, type LogPosition, openSqliteEventLog, type StoredRow } from '../../event-log/index.ts'
import { unparsedEntryOf } from '../../event-log/stored-row.ts'
import { collect, newStream } from '../support/event-log/events.ts'
import { approval, signedLog } from '../support/event-log/signed-log.ts'

/** Puts another index in the place of that by which streams are read: SQLite makes no such file, somebody else can. */
function replaceStreamIndex(path: string, columns: string, where: string): void {
  const database = new DatabaseSync(path)
  database.enableDefensive(false)
  database.exec(`CREATE INDEX other ON events (${columns}) ${where}; PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'other')
      WHERE name = 'sqlite_autoindex_events_1';
    DELETE FROM sqlite_schema WHERE name = 'other'; PRAGMA writable_schema = RESET`)
  database.close()
}

async function logOfTwo() {
  const from = signedLog()
  const [one, other] = [newStream('signingRequest'), newStream('signingRequest')]
  for (const stream of [one, other])
    await from.as('worker').append(
      stream,
      [1, 2, 3].map((n) => approval(`${n}`)),
      'noStream',
    )
  const audit = async (only?: string) => {
    const log = openSqliteEventLog({ path: from.path })
    try {
      const { faults } = await auditLog(log, from.installation.ring(log), { only })
      return { log, faults: faults.map(({ kind, streamId, revision }) => `${kind} ${streamId} ${revision}`) }
    } finally {
      await log.close()
    }
  }
  return { path: from.path, one, other, audit }
}

describe('the index by which streams are read', () => {
  it('leads to every event, or the event is hidden', async () => {
    const { path, one, other, audit } = await logOfTwo()
    expect((await audit()).faults).toEqual([])
    replaceStreamIndex(path, 'stream_id, revision', `WHERE NOT (stream_id = '${one}' AND revision = 2)`)
    const log = openSqliteEventLog({ path })
    expect((await collect(log.readStream(one))).map(({ revision }) => revision)).toEqual([0, 1])
    await log.close()
    expect((await audit()).faults).toEqual([`hidden ${one} 2`])
    expect((await audit(one)).faults).toEqual([`hidden ${one} 2`])
    expect((await audit(other)).faults).toEqual([])
  })

  it('shows no event in a place where it does not stand', async () => {
    const { path, one, audit } = await logOfTwo()
    // Every event as revision 0 of its stream, and none as another.
    replaceStreamIndex(path, 'stream_id, revision * 0', '')
    const { faults } = await audit(one)
    expect(faults).toEqual(expect.arrayContaining([`hidden ${one} 1`, `hidden ${one} 2`]))
  })
})

describe('a row', () => {
  const signature =
    '{"keyId":"a76f11443cd2c05916c27075910da52b","revision":3,"count":1,"witnesses":["1 b0000000-0000-4000-8000-000000000000 user-x"],"path":"","value":"UufP+/=="}'
  const row = (metadata: string): StoredRow => ['1' as LogPosition, 'user-x', 0, 'id', 'T', '{"a":1}', metadata]

  it.each([
    `{"a":1,"signature":${signature}}`,
    `{"signature":${signature},"signature":${signature}}`,
    `{"signature":${signature}}`,
    `{,"signature":${signature}}`,
    `{ ,"signature":${signature}}`,
    `{"a":1,,"signature":${signature}}`,
    `{"a":{"b":1,"signature":${signature}}}`,
    `{"a":{"b":1,"signature":${signature}}`,
    `{"a":1,"signature":${signature}}}`,
    `{"a":1,"signature":${signature}} `,
    `{"a":",\\"signature\\":{","signature":${signature}}`,
    `{"a":1,"signature":${signature},"b":2}`,
    `["a","signature",${signature}]`,
    `{"a":1,"signature":${signature.replace('"revision":3', '"revision":03')}}`,
    `{"a":1,"signature":${signature.replace('user-x', 'user-]"')}}`,
    `{"__proto__":{"b":1},"signature":${signature}}`,
    '{"a":1',
    '7',
  ])('is read as JSON is, although its signature is read by its form: %s', (metadata) => {
    const [parsed, unparsed] = [entryOf(row(metadata)), unparsedEntryOf(row(metadata))]
    if ('reason' in parsed) expect(unparsed).toMatchObject({ reason: parsed.reason })
    else expect(JSON.stringify('reason' in unparsed ? null : unparsed.metadata)).toBe(JSON.stringify(parsed.metadata))
  })

  it('has a text without signature only where the signature stands in its one form', () => {
    const unsigned = (metadata: string) => unparsedEntryOf(row(metadata)).stored.metadata.unsigned
    expect(unsigned(`{"a":1,"signature":${signature}}`)).toBe('{"a":1}')
    for (const change of [
      (text: string) => text.replace('["1', '[ "1'),
      (text: string) => text.replace('user-x', '\\u0075ser-x'),
      (text: string) => text.replace('"count":1', '"count": 1'),
      (text: string) => text.replace(',"path":""', ''),
    ])
      expect(unsigned(`{"a":1,"signature":${change(signature)}}`)).toBeUndefined()
  })
})

it('finds the same root by the nodes that it remembers as by all of the way, whatever the path', () => {
  const change = fc.option(fc.record({ at: fc.nat(), by: fc.constantFrom('L', 'R', 'A', 'z') }))
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 32 }), fc.array(change), (messages, changes) => {
      const { root, paths } = digestTree(messages)
      const remembered = rememberingRootOf()
      for (const [index, message] of messages.entries()) {
        const path = paths[index] ?? ''
        const changed = changes[index]
        const at = changed && path !== '' ? changed.at % path.length : undefined
        const another = at === undefined ? path : `${path.slice(0, at)}${changed?.by}${path.slice(at + 1)}`
        expect(remembered(message, another)).toBe(rootOf(message, another))
        expect(remembered(message, path)).toBe(root)
      }
    }),
  )
})
