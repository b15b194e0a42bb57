import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linesOf, signedTexts } from '../../event-log/append-message.ts'
import { asSignature } from '../../event-log/append-signature.ts'
import { digestTree, rememberingRootOf, rootOf } from '../../event-log/digest-tree.ts'
import { auditLog, entryOf, openSqliteEventLog, partsOf } from '../../event-log/index.ts'
import { isJoinedRow, UnparsedEvent, unparsedEntryOf } from '../../event-log/joined-row.ts'
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

it('finds an event whose revision is a text, by which its stream does not show it', async () => {
  const { path, one, other, audit } = await logOfTwo()
  const database = new DatabaseSync(path)
  database.enableDefensive(false)
  database.exec(`DROP TRIGGER events_are_never_changed; PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = replace(replace(sql, ') STRICT', ')'), 'revision INTEGER', 'revision') WHERE name = 'events';
    PRAGMA writable_schema = RESET`)
  database.close()
  const written = new DatabaseSync(path)
  written.prepare("UPDATE events SET revision = '0' WHERE stream_id = ? AND revision = 0").run(one)
  written.close()
  expect((await audit()).faults).toContainEqual(expect.stringContaining(` ${one} 0`))
  expect((await audit(other)).faults).toEqual([])
})

describe('a row as one text', () => {
  const time = '"occurredAt":"2026-01-01T00:00:00.000Z"'
  const signature =
    '{"keyId":"a76f11443cd2c05916c27075910da52b","revision":3,"count":1,"witnesses":["1 b0000000-0000-4000-8000-000000000000 user-x"],"path":"","value":"UufP+/=="}'
  const row = (metadata: string) => ['0000000000000001', 'user-x', '0', 'id', 'T', '{"a":1}', metadata].join('\n')

  it.each([
    `{"a":1,${time},"signature":${signature}}`,
    `{"a":1,"occurredAt":"2025-01-01T00:00:00.000Z",${time},"signature":${signature}}`,
    `{"a":1,"signature":7,${time},"signature":${signature}}`,
    `{"a":{"signature":${signature}},${time},"signature":${signature}}`,
    `{"a":{"b":1,${time},"signature":${signature}}}`,
    `{"a":1,${time},"signature":${signature}} `,
    `{"a":1,${time},"signature":${signature},"b":2}`,
    `{"a":1,${time},"b":2,"signature":${signature}}`,
    `{${time},"signature":${signature}}`,
    `{"a":1,"signature":${signature}}`,
    `["a",${time.replace(':', ',')},"signature",${signature}]`,
    `{"a":1,${time},"signature":${signature.replace('"revision":3', '"revision":03')}}`,
    `{"a":1,${time},"signature":${signature.replace('user-x', 'user-]"')}}`,
    `{"a":1,${time},"signature":${signature.replace('user-x', '\\u0075ser-x')}}`,
    `{"a":1,${time},"signature":${signature.replace('user-x', 'user-\u2028x')}}`,
    `{"a":1,${time},"signature":${signature.replace('["1', '[ "1')}}`,
    `{"a":1,${time},"signature":${signature.replace('"path":""', '"path":"L"')}}`,
    `{"a":1,${time},"signature":${signature.replace('"path":""', `"path":"${`M${'a'.repeat(43)}`}"`)}}`,
    `{"a":1,${time},"signature":${signature.replace('"path":""', `"path":"${`L${'a'.repeat(43)}`.repeat(33)}"`)}}`,
    `{"a":1,${time},"signature":${signature.replace(',"path":""', '')}}`,
    `{"a":1,${time.replace('2026', '\\u00326')},"signature":${signature}}`,
    `{"__proto__":{"b":1},${time},"signature":${signature}}`,
    '{"a":1',
    '7',
  ])('is read as JSON is, although time and signature are read by their form: %s', (metadata) => {
    const [parsed, unparsed] = [entryOf(partsOf(row(metadata))), unparsedEntryOf(row(metadata))]
    if ('reason' in parsed || 'reason' in unparsed) {
      expect(unparsed).toMatchObject({ reason: 'reason' in parsed && parsed.reason })
      return
    }
    expect(unparsed.metadata.signature).toEqual(parsed.metadata.signature)
    expect(unparsed.metadata.occurredAt).toBe(parsed.metadata.occurredAt)
    expect(unparsed.data).toEqual(parsed.data)
    const { id, type, streamId, revision, position } = parsed
    expect({ ...unparsed }).toMatchObject({ id, type, streamId, revision, position })
    if (!(unparsed instanceof UnparsedEvent)) return
    expect(unparsed.signature).toEqual(asSignature(parsed.metadata.signature))
    const texts = signedTexts(parsed, unparsed.signature)
    expect(texts && linesOf(texts)).toBe(unparsed.signedLines)
  })

  it('is read by its form as the service writes it', () => {
    expect(unparsedEntryOf(row(`{"a":1,${time},"signature":${signature}}`))).toBeInstanceOf(UnparsedEvent)
  })

  it.each([
    ['a line feed in its data', (text: string) => text.replace('{"a":1}', '{"a":\n1}')],
    ['a part too few', (text: string) => text.replace('\nT\n', '\n')],
    ['a revision that is spelled otherwise', (text: string) => text.replace('\n0\n', '\n0.0\n')],
  ])('is none with %s', (_, change) => {
    const text = row(`{"a":1,${time},"signature":${signature}}`)
    expect(isJoinedRow(text)).toBe(true)
    expect(isJoinedRow(change(text))).toBe(false)
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
