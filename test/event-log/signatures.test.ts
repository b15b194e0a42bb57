import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { revokeProcessKey, unknownOrganization } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import type { ProcessRole } from '../../domain/index.ts'
import {
  auditAppends,
  type EventLog,
  type NewEvent,
  openSqliteEventLog,
  withSignatures,
  withVerification,
} from '../../event-log/index.ts'
import type { EventKey } from '../../server/event-keys.ts'
import { type TestInstallation, testInstallation } from '../support/event-keys.ts'
import { collect, ids, metadata, newEvent, newEvents, newStream } from '../support/event-log/events.ts'
import { largestSigned, withoutTraces } from '../support/event-log/without-traces.ts'
import { tamper } from '../support/tamper.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'
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

const operator = new Setup(unknownOrganization, { component: 'operator' })

type Place = {
  readonly path: string
  readonly installation: TestInstallation
  readonly stored: EventLog
  /** As a process with these roles has it. */
  readonly as: (...roles: readonly ProcessRole[]) => EventLog
  readonly verified: EventLog
}

function place(): Place {
  const path = join(temporaryFolder(), 'events.db')
  const stored = openSqliteEventLog({ path })
  onTestFinished(() => stored.close())
  const installation = testInstallation()
  return {
    path,
    installation,
    stored,
    as: (...roles) => withSignatures(stored, installation.eventKey(roles.length > 0 ? roles : undefined)),
    verified: withVerification(stored, installation.ring(stored)),
  }
}

const approval = (comment: string): NewEvent => newEvent({ comment }, 'ApprovalGranted')

async function audit({ stored, installation }: Place) {
  const { log, result } = auditAppends(stored, installation.ring(stored))
  await collect(log.readAll())
  return result()
}

/** What an audit finds, as kind and place. */
async function findings(from: Place): Promise<readonly string[]> {
  const { faults } = await audit(from)
  return faults.map(({ kind, streamId, revision }) => `${kind} ${streamId} ${revision}`).toSorted()
}

const untrusted = { code: 'EVENT_LOG_UNTRUSTED' }
const corrupt = { code: 'EVENT_LOG_CORRUPT' }

describe('a log whose processes sign', () => {
  test('reads as it was written, and an audit finds nothing', async () => {
    const from = place()
    const [worker, signer] = [from.as('worker'), from.as('signer')]
    const [stream, other] = [newStream('signingRequest'), newStream('signingRequest')]
    const events = [approval('Grüße 🖋️ \u2028'), newEvent({}, 'SigningPlanned')]
    await worker.append(stream, events, 'noStream')
    await worker.append(other, [newEvent({}, 'SigningRequestSubmitted')], 'noStream')
    await signer.append(stream, [newEvent({ n: -0, deep: [{ '2': null, '1': 1e21 }] }, 'SigningStarted')], 1)
    expect(ids((await collect(from.verified.readStream(stream))).slice(0, 2))).toEqual(ids(events))
    // Two keys were recorded, each before the first append of its process.
    expect(await audit(from)).toEqual({ appends: 5, faultCount: 0, faults: [] })
  })

  test('records each key once, however often the process starts and however much it appends at once', async () => {
    const from = place()
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
    const from = place()
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
    const from = place()
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
    const from = place()
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
    const from = place()
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
    const { faults } = await audit(from)
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

describe('a key', () => {
  test('that another installation certified is not believed, although it stands in the log', async () => {
    const from = place()
    const stream = newStream('signingRequest')
    await withSignatures(from.stored, testInstallation().eventKey()).append(stream, [approval('')], 'noStream')
    await expect(collect(from.verified.readStream(stream))).rejects.toMatchObject(untrusted)
    expect(await findings(from)).toContain(`forged ${stream} 0`)
  })

  test.each<[ProcessRole, string, ProcessRole]>([
    ['api', 'SigningRequestCompleted', 'signer'],
    ['api', 'ApprovalGranted', 'worker'],
    ['worker', 'SigningPolicyChanged', 'api'],
    ['worker', 'CertificateIssued', 'signer'],
    ['signer', 'ApiTokenIssued', 'api'],
    ['signer', 'ApprovalGranted', 'worker'],
  ])('of the role %s may not write %s', async (role, type, owner) => {
    const from = place()
    const [stream, right] = [newStream('signingRequest'), newStream('signingRequest')]
    await from.as(role).append(stream, [newEvent({}, type)], 'noStream')
    await from.as(owner).append(right, [newEvent({}, type)], 'noStream')
    await expect(collect(from.verified.readStream(stream))).rejects.toMatchObject(untrusted)
    expect(await collect(from.verified.readStream(right))).toHaveLength(1)
    expect(await findings(from)).toEqual([`forged ${stream} 0`])
  })

  test('is not believed for a time that it was not certified for', async () => {
    const from = place()
    const stream = newStream('signingRequest')
    const early = { ...approval(''), metadata: { ...metadata(), occurredAt: '2020-01-01T00:00:00.000Z' } }
    await from.as('worker').append(stream, [early], 'noStream')
    await expect(collect(from.verified.readStream(stream))).rejects.toMatchObject(untrusted)
  })
})

describe('a key that was revoked', () => {
  const now = () => new Date().toISOString()
  const at = (occurredAt: string) => ({ ...approval(''), metadata: { ...metadata(), occurredAt } })

  async function keys() {
    const from = place()
    const key = from.installation.eventKey(['worker'])
    const api = from.installation.eventKey(['api'])
    const worker = withSignatures(from.stored, key)
    const before = newStream('signingRequest')
    await worker.append(before, [at(now())], 'noStream')
    const revoke = (keyId = key.keyId, since: string | null = null, by = api) =>
      revokeProcessKey({ log: withSignatures(from.stored, by), now }, operator, { keyId, since, reason: null })
    const isBelieved = (stream: string) =>
      collect(from.verified.readStream(stream)).then(
        () => true,
        () => false,
      )
    return { ...from, key, api, worker, before, revoke, isBelieved }
  }

  /** Who has a key and does not care that it is revoked. */
  function thief(stored: EventLog, key: EventKey): EventLog {
    const readStream: EventLog['readStream'] = async function* (streamId) {
      const events = await collect(stored.readStream(streamId))
      yield events.filter(({ type }) => type !== 'ProcessKeyRevoked')
    }
    return withSignatures({ ...stored, readStream }, key)
  }

  test('vouches for what it signed before and for nothing after, whatever time that names', async () => {
    const { key, before, revoke, isBelieved, ...from } = await keys()
    const after = newStream('signingRequest')
    expect(await isBelieved(before)).toBe(true)
    await revoke()
    await thief(from.stored, key).append(after, [at(new Date(Date.now() - 60_000).toISOString())], 'noStream')
    expect([await isBelieved(before), await isBelieved(after)]).toEqual([true, false])
    expect(await findings(from)).toEqual([`forged ${after} 0`])
  })

  test('vouches for nothing since the time when it was stolen, wherever that stands', async () => {
    const { worker, before, key, revoke, isBelieved, ...from } = await keys()
    const [stolen, since] = [newStream('signingRequest'), new Date(Date.now() + 1).toISOString()]
    await worker.append(stolen, [at(since)], 'noStream')
    await until('that time has come', () => now() >= since)
    await revoke(key.keyId, since)
    expect([await isBelieved(before), await isBelieved(stolen)]).toEqual([true, false])
    expect(await findings(from)).toEqual([`forged ${stolen} 0`])
  })

  test('signs nothing more for its own process', async () => {
    const { stored, key, revoke } = await keys()
    await revoke()
    const head = await stored.head()
    const restarted = withSignatures(stored, key)
    await expect(restarted.append(newStream('signingRequest'), [approval('')], 'noStream')).rejects.toMatchObject({
      code: 'EVENT_LOG_ACCESS_DENIED',
      message: expect.stringContaining(key.keyId),
    })
    expect(await stored.head()).toBe(head)
  })

  test.each(['a row that somebody inserted', 'a process that may not', 'a key that was revoked before'])(
    'is so by nobody else: not by %s',
    async (who) => {
      const { key, before, revoke, isBelieved, api, ...from } = await keys()
      const other = newStream('signingRequest')
      const stream = `processKey-${key.keyId}`
      const data = { schemaVersion: 1, keyId: key.keyId, since: '2020-01-01T00:00:00.000Z', reason: null }
      const forged = { ...newEvent(data, 'ProcessKeyRevoked'), metadata: { ...metadata(), occurredAt: now() } }
      if (who.startsWith('a row')) await from.stored.append(stream, [forged], 0)
      if (who.startsWith('a process'))
        await withSignatures(from.stored, from.installation.eventKey(['signer'])).append(stream, [forged], 0)
      if (who.startsWith('a key')) {
        await withSignatures(from.stored, api).append(
          newStream('project'),
          [newEvent({}, 'ProjectCreated')],
          'noStream',
        )
        await revoke(api.keyId, null, from.installation.eventKey(['api']))
        await thief(from.stored, api).append(stream, [forged], 0)
      }
      const worker = withSignatures(from.stored, from.installation.eventKey(['worker']))
      await worker.append(other, [at(now())], 'noStream')
      expect([await isBelieved(before), await isBelieved(other)]).toEqual([true, true])
      expect(await findings(from)).toContain(`forged ${stream} 1`)
    },
  )
})

describe('a log that verifies', () => {
  test('reads any part of a stream, in both directions, and no whole log', async () => {
    const from = place()
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
