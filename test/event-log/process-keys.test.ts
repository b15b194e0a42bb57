import { describe, expect, test } from 'vitest'
import { revokeProcessKey, unknownOrganization } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import type { ProcessRole } from '../../domain/index.ts'
import { type EventLog, withSignatures } from '../../event-log/index.ts'
import type { EventKey } from '../../server/event-keys.ts'
import { testInstallation } from '../support/event-keys.ts'
import { collect, metadata, newEvent, newStream } from '../support/event-log/events.ts'
import { approval, findings, signedLog, untrusted } from '../support/event-log/signed-log.ts'
import { until } from '../support/until.ts'

const operator = new Setup(unknownOrganization, { component: 'operator' })

describe('a key', () => {
  test('that another installation certified is not believed, although it stands in the log', async () => {
    const from = signedLog()
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
    const from = signedLog()
    const [stream, right] = [newStream('signingRequest'), newStream('signingRequest')]
    await from.as(role).append(stream, [newEvent({}, type)], 'noStream')
    await from.as(owner).append(right, [newEvent({}, type)], 'noStream')
    await expect(collect(from.verified.readStream(stream))).rejects.toMatchObject(untrusted)
    expect(await collect(from.verified.readStream(right))).toHaveLength(1)
    expect(await findings(from)).toEqual([`forged ${stream} 0`])
  })

  test('is not believed for a time that it was not certified for', async () => {
    const from = signedLog()
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
    const from = signedLog()
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
