import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { concealedWitness } from '../../event-log/append-message.ts'
import { auditLog, type EventLog, openSqliteEventLog, withSignatures } from '../../event-log/index.ts'
import { testInstallation } from '../support/event-keys.ts'
import { collect, ids, metadata, newEvent, newEvents, newStream } from '../support/event-log/events.ts'
import { approval, auditOf, corrupt, findings, signedLog, untrusted } from '../support/event-log/signed-log.ts'
import { largestSigned, withoutTraces } from '../support/event-log/without-traces.ts'
import { tamper } from '../support/tamper.ts'
import { eventLogContract } from './contract.ts'

// What holds of a log holds of one that signs: nobody who reads it through the port needs to know of signatures.
eventLogContract('SQLite with signatures', { startsEmpty: true, largest: largestSigned }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-event-log-'))
  const installation = testInstallation()
  return {
    open: () =>
      withoutTraces(withSignatures(openSqliteEventLog({ path: join(folder, 'events.db') }), installation.eventKey())),
    stop: () => rm(folder, { recursive: true }),
  }
})

describe('a log whose processes sign', () => {
  test('reads as it was written, and an audit finds nothing', async () => {
    const from = signedLog()
    const [worker, signer] = [from.as('worker'), from.as('signer')]
    const [stream, other] = [newStream('signingRequest'), newStream('signingRequest')]
    const events = [approval('Grüße 🖋️ \u2028'), newEvent({}, 'SigningPlanned')]
    await worker.append(stream, events, 'noStream')
    await worker.append(other, [newEvent({}, 'SigningRequestSubmitted')], 'noStream')
    await signer.append(stream, [newEvent({ n: -0, deep: [{ '2': null, '1': 1e21 }] }, 'SigningStarted')], 1)
    expect(ids((await collect(from.verified.readStream(stream))).slice(0, 2))).toEqual(ids(events))
    // Two keys were recorded, each before the first append of its process.
    expect(await auditOf(from)).toEqual({ appends: 5, faultCount: 0, faults: [] })
  })

  test('records each key once, however often the process starts and however much it appends at once', async () => {
    const from = signedLog()
    const key = from.installation.eventKey(['worker'])
    for (let start = 0; start < 2; start += 1) {
      const log = withSignatures(from.stored, key)
      await Promise.all(
        Array.from({ length: 20 }, () => log.append(newStream('signingRequest'), [approval('')], 'noStream')),
      )
    }
    const events = await collect(from.stored.readAll())
    expect(events.filter(({ type }) => type === 'ProcessKeyCertified')).toHaveLength(1)
    expect(events[0]?.streamId).toBe(`processKey-${key.keyId}`)
    expect(await findings(from)).toEqual([])
  })

  test('signs appends of the same moment together, and each is checked by itself', async () => {
    const from = signedLog()
    const log = from.as('worker')
    const all = Array.from({ length: 21 }, () => newStream('signingRequest'))
    await Promise.all(all.map((stream) => log.append(stream, [approval(stream)], 'noStream')))
    const events = await collect(from.stored.readAll())
    const values = new Set(events.slice(1).map(({ metadata: { signature } }) => signature?.value))
    expect(values.size).toBeLessThan(all.length / 4)
    for (const stream of all) expect(await collect(from.verified.readStream(stream))).toHaveLength(1)
    expect(await findings(from)).toEqual([])
    const [one = ''] = all
    tamper(from.path, ["UPDATE events SET data = json_set(data, '$.comment', 'other') WHERE stream_id = ?", one])
    expect(await findings(from)).toEqual([`changed ${one} 0`])
  })

  test('takes a repeated append for the first one, also when it was signed by another process', async () => {
    const from = signedLog()
    const stream = newStream('signingRequest')
    const event = approval('once')
    const first = await from.as('worker').append(stream, [event], 'noStream')
    const again = from.as('worker')
    const later = { ...event, metadata: { ...metadata(), occurredAt: new Date().toISOString() } }
    expect(await again.append(stream, [later], 'noStream')).toEqual(first)
    await again.append(stream, [approval('next')], 0)
    expect(await findings(from)).toEqual([])
  })

  test('names what an append that failed would have named in a later one', async () => {
    const from = signedLog()
    const log = from.as('worker')
    const [stream, lost] = [newStream('signingRequest'), newStream('signingRequest')]
    await log.append(lost, [approval('')], 'noStream')
    await expect(log.append(stream, [approval('')], 7)).rejects.toMatchObject({
      code: 'EVENT_LOG_WRONG_EXPECTED_REVISION',
    })
    await log.append(stream, [approval('')], 'noStream')
    tamper(from.path, ['DELETE FROM events WHERE stream_id = ?', lost])
    expect(await findings(from)).toEqual([`removed ${lost} 0`])
  })
})

describe('rows that were written by hand', () => {
  /** A request with two approvals by a worker, another request behind it, so that every append but the last is named. */
  async function history() {
    const from = signedLog()
    const worker = from.as('worker')
    const stream = newStream('signingRequest')
    await worker.append(
      stream,
      newEvents(2).map((event) => ({ ...event, type: 'SigningPlanned' })),
      'noStream',
    )
    await worker.append(stream, [approval('first')], 1)
    await worker.append(stream, [approval('second')], 2)
    const other = newStream('signingRequest')
    await worker.append(other, [approval('other')], 'noStream')
    return { ...from, worker, stream, other }
  }

  const insert = 'INSERT INTO events (stream_id, revision, id, type, data, metadata) VALUES (?, ?, ?, ?, ?, ?)'

  test('are not read by who decides, and an audit says that they are forged', async () => {
    const from = await history()
    const forged = (revision: number) =>
      [
        insert,
        from.stream,
        revision,
        randomUUID(),
        'ApprovalGranted',
        '{"schemaVersion":1}',
        JSON.stringify(metadata()),
      ] as const
    tamper(from.path, forged(4), forged(5))
    await expect(collect(from.verified.readStream(from.stream))).rejects.toMatchObject(untrusted)
    expect(await findings(from)).toEqual([`forged ${from.stream} 4`, `forged ${from.stream} 5`])
  })

  test('with the signature of another append are changed', async () => {
    const from = await history()
    const [, , , last] = await collect(from.stored.readStream(from.stream))
    tamper(from.path, [
      insert,
      from.stream,
      4,
      randomUUID(),
      'ApprovalGranted',
      '{"schemaVersion":1}',
      JSON.stringify(last?.metadata),
    ])
    await expect(collect(from.verified.readStream(from.stream))).rejects.toMatchObject(untrusted)
    expect(await findings(from)).toEqual([`changed ${from.stream} 4`])
  })

  test('are changed, each of them, when they were appended at the same moment and the signature that they share is another', async () => {
    const from = await history()
    const together = [newStream('signingRequest'), newStream('signingRequest'), newStream('signingRequest')]
    await Promise.all(together.map((stream) => from.worker.append(stream, [approval('at once')], 'noStream')))
    const signatureOf = async (stream: string) =>
      (await collect(from.stored.readStream(stream))).at(-1)?.metadata.signature?.value ?? ''
    const shared = await signatureOf(together[0] ?? '')
    expect(await Promise.all(together.map(signatureOf))).toEqual(together.map(() => shared))
    const replaceValue = 'UPDATE events SET metadata = replace(metadata, ?, ?) WHERE stream_id = ?'
    const other = await signatureOf(from.stream)
    tamper(from.path, ...together.map((stream) => [replaceValue, shared, other, stream] as const))
    expect(await findings(from)).toEqual(together.map((stream) => `changed ${stream} 0`).toSorted())
    const reads = await Promise.allSettled(together.map((stream) => collect(from.verified.readStream(stream))))
    expect(reads).toMatchObject(together.map(() => ({ status: 'rejected', reason: untrusted })))
  })

  test.each([
    ['data', "UPDATE events SET data = replace(data, 'second', 'third') WHERE stream_id = ? AND revision = 3"],
    ['type', "UPDATE events SET type = 'ApprovalDenied' WHERE stream_id = ? AND revision = 3"],
    [
      'actor',
      'UPDATE events SET metadata = replace(metadata, \'"test"\', \'"setup"\') WHERE stream_id = ? AND revision = 3',
    ],
    [
      'witnesses',
      'UPDATE events SET metadata = replace(metadata, \'"witnesses":["2 \', \'"witnesses":["1 \') WHERE stream_id = ? AND revision = 3',
    ],
  ])('are changed when their %s is another', async (_what, sql) => {
    const from = await history()
    tamper(from.path, [sql, from.stream])
    await expect(collect(from.verified.readStream(from.stream))).rejects.toMatchObject(untrusted)
    expect(await findings(from)).toEqual([`changed ${from.stream} 3`])
  })

  test('are forged when what their signature names was concealed in the log, as only an export does it', async () => {
    const from = await history()
    const [, , , event] = await collect(from.stored.readStream(from.stream))
    const [witness] = event?.metadata.signature?.witnesses ?? []
    if (witness === undefined) throw new Error('The append names none before it.')
    const conceal = 'UPDATE events SET metadata = replace(metadata, ?, ?) WHERE stream_id = ? AND revision = 3'
    tamper(from.path, [conceal, witness, concealedWitness(witness), from.stream])
    await expect(collect(from.verified.readStream(from.stream))).rejects.toMatchObject(untrusted)
    expect(await findings(from)).toEqual([`forged ${from.stream} 3`])
    const audited = await auditLog(from.stored, from.installation.ring(from.stored), { mayConceal: true })
    expect(audited).toMatchObject({ faultCount: 0 })
  })

  test.each([
    ['spaces', 'replace(data, \'{"schemaVersion"\', \'{ "schemaVersion"\')', 'data'],
    ['a line feed', "replace(data, '{\"schemaVersion\"', '{' || char(10) || '\"schemaVersion\"')", 'data'],
    ['another way to write a letter', "replace(data, 'second', '\\u0073econd')", 'data'],
    ['a member that stands twice', 'replace(data, \'{\', \'{"comment":"third",\')', 'data'],
    ['a space in the metadata', 'replace(metadata, \'{"schemaVersion"\', \'{ "schemaVersion"\')', 'metadata'],
    ['a second signature', 'replace(metadata, \'{"schemaVersion"\', \'{"signature":1,"schemaVersion"\')', 'metadata'],
    ['a space before the signature', 'replace(metadata, \',"signature":\', \', "signature":\')', 'metadata'],
    ['a member more in the signature', 'replace(metadata, \'"keyId":\', \'"more":1,"keyId":\')', 'metadata'],
    ['something behind the signature', 'substr(metadata, 1, length(metadata) - 1) || \',"more":1}\'', 'metadata'],
    ['a space behind the metadata', "metadata || ' '", 'metadata'],
  ])('are changed when their text is another, although it may mean the same: %s', async (_what, text, column) => {
    const from = await history()
    tamper(from.path, [`UPDATE events SET ${column} = ${text} WHERE stream_id = ? AND revision = 3`, from.stream])
    const [, , , event] = await collect(from.stored.readStream(from.stream))
    expect(event?.data).toMatchObject({ schemaVersion: 1, comment: 'second' })
    await expect(collect(from.verified.readStream(from.stream))).rejects.toMatchObject(untrusted)
    expect(await findings(from)).toEqual([`changed ${from.stream} 3`])
  })

  test('are changed also for who found right what stood there before', async () => {
    const from = await history()
    const before = await collect(from.verified.readStream(from.stream))
    tamper(from.path, [
      "UPDATE events SET data = replace(data, 'second', 'third') WHERE stream_id = ? AND revision = 3",
      from.stream,
    ])
    for (let time = 0; time < 2; time++)
      await expect(collect(from.verified.readStream(from.stream))).rejects.toMatchObject(untrusted)
    tamper(from.path, [
      "UPDATE events SET data = replace(data, 'third', 'second') WHERE stream_id = ? AND revision = 3",
      from.stream,
    ])
    expect(await collect(from.verified.readStream(from.stream))).toEqual(before)
  })

  test('are changed when the id is another', async () => {
    const from = await history()
    tamper(from.path, ['UPDATE events SET id = ? WHERE stream_id = ? AND revision = 3', randomUUID(), from.stream])
    // The append behind it names the id that it had.
    expect(await findings(from)).toEqual([`changed ${from.stream} 3`, `removed ${from.stream} 3`])
  })

  test('are missed when they stood in the middle, whether or not the rest was moved up', async () => {
    for (const moved of [false, true]) {
      const from = await history()
      tamper(
        from.path,
        ['DELETE FROM events WHERE stream_id = ? AND revision = 2', from.stream],
        ...(moved
          ? ([['UPDATE events SET revision = 2 WHERE stream_id = ? AND revision = 3', from.stream]] as const)
          : []),
      )
      await expect(collect(from.verified.readStream(from.stream))).rejects.toMatchObject(moved ? untrusted : corrupt)
      const found = await findings(from)
      expect(found).toContain(`removed ${from.stream} 2`)
      expect(found.every((each) => each.startsWith(`removed ${from.stream}`))).toBe(true)
    }
  })

  test('are missed when they stood at the end, by what the process appended after them', async () => {
    const from = await history()
    tamper(from.path, ['DELETE FROM events WHERE stream_id = ? AND revision = 3', from.stream])
    expect(await collect(from.verified.readStream(from.stream))).toHaveLength(3)
    const { faults } = await auditOf(from)
    expect(faults).toEqual([
      {
        kind: 'removed',
        streamId: from.stream,
        revision: 3,
        eventId: expect.any(String),
        reason: expect.stringContaining(`before ${from.other}, revision 0`),
      },
    ])
  })

  test('are missed when something else was written in their place afterwards', async () => {
    const from = await history()
    tamper(from.path, ['DELETE FROM events WHERE stream_id = ? AND revision = 3', from.stream])
    await from.worker.append(from.stream, [newEvent({}, 'ApprovalDenied')], 2)
    expect(await findings(from)).toEqual([`removed ${from.stream} 3`])
  })

  test('are missed when they were a part of an append', async () => {
    for (const revision of [0, 1]) {
      const from = await history()
      tamper(from.path, ['DELETE FROM events WHERE stream_id = ? AND revision = ?', from.stream, revision])
      await expect(collect(from.verified.readStream(from.stream))).rejects.toMatchObject(corrupt)
      expect(await findings(from)).toContain(`removed ${from.stream} ${revision}`)
    }
  })

  test('are changed when two streams were swapped', async () => {
    const from = await history()
    const one = newStream('signingRequest')
    await from.worker.append(one, [approval('one')], 'noStream')
    await from.worker.append(newStream('signingRequest'), [approval('later')], 'noStream')
    tamper(
      from.path,
      ["UPDATE events SET stream_id = 'x' WHERE stream_id = ?", one],
      ['UPDATE events SET stream_id = ? WHERE stream_id = ?', one, from.other],
      ["UPDATE events SET stream_id = ? WHERE stream_id = 'x'", from.other],
    )
    await expect(collect(from.verified.readStream(one))).rejects.toMatchObject(untrusted)
    const found = await findings(from)
    expect(found).toEqual(expect.arrayContaining([`changed ${one} 0`, `changed ${from.other} 0`]))
  })

  test('are changed when they stand behind what was appended after them', async () => {
    const from = await history()
    tamper(from.path, ['UPDATE events SET position = position + 100 WHERE stream_id = ? AND revision = 3', from.stream])
    expect(await findings(from)).toEqual([`changed ${from.stream} 3`])
  })

  test('cannot be passed for right by taking away the key, its statement or the installation', async () => {
    const from = await history()
    const statement = (change: string) =>
      [`UPDATE events SET data = ${change} WHERE type = 'ProcessKeyCertified'`] as const
    for (const change of [
      statement(`replace(data, '"worker"', '"signer"')`),
      statement(`replace(data, '"notAfter":null', '"notAfter":"2099-01-01T00:00:00.000Z"')`),
    ]) {
      tamper(from.path, change)
      await expect(collect(from.verified.readStream(from.stream))).rejects.toMatchObject(untrusted)
    }
    expect(await findings(from)).toContain(`forged ${from.stream} 3`)
  })
})

describe('a log that verifies', () => {
  test('reads any part of a stream, in both directions, and no whole log', async () => {
    const from = signedLog()
    const stream = newStream('signingRequest')
    const events = newEvents(5).map((event) => ({ ...event, type: 'ApprovalGranted' }))
    await from.as('worker').append(stream, events.slice(0, 3), 'noStream')
    await from.as('worker').append(stream, events.slice(3), 2)
    const read = async (options: Parameters<EventLog['readStream']>[1]) =>
      (await collect(from.verified.readStream(stream, options))).map(({ revision }) => revision)
    expect(await read({ fromRevision: 1, maxCount: 2 })).toEqual([1, 2])
    expect(await read({ direction: 'backwards' })).toEqual([4, 3, 2, 1, 0])
    expect(await read({ direction: 'backwards', fromRevision: 1 })).toEqual([1, 0])
    expect(await read({ maxCount: 0 })).toEqual([])
    expect(await collect(from.verified.readStream(newStream()))).toEqual([])
    expect(() => from.verified.readAll()).toThrow('single streams')
  })
})
