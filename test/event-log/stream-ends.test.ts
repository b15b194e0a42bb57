import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { revokeProcessKey, unknownOrganization } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import {
  createKeyRing,
  followEnds,
  openSqliteEventLog,
  openStreamEnds,
  withKnownEnds,
  withSignatures,
  withVerification,
} from '../../event-log/index.ts'
import { testInstallation } from '../support/event-keys.ts'
import { collect, newEvent, newStream } from '../support/event-log/events.ts'
import { tamper } from '../support/tamper.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

/** A log with what a signer knows of its streams. */
function place() {
  const folder = temporaryFolder()
  const path = join(folder, 'events.db')
  const endsPath = join(folder, 'stream-ends.db')
  const installation = testInstallation()
  const stored = openSqliteEventLog({ path })
  onTestFinished(() => stored.close())
  function signer() {
    const ends = openStreamEnds(endsPath)
    const ring = createKeyRing(withKnownEnds(stored, ends), [installation.publicKey])
    const verified = withVerification(stored, ring, ends)
    const stop = followEnds(stored, verified, ends)
    const read = (stream: string) => collect(verified.readStream(stream)).then((events) => events.length)
    const begun = () => until('the signer follows the log', () => ends.followed() !== undefined)
    const followed = () => until('it has followed', async () => ends.followed() === (await stored.head()))
    return { read, begun, followed, stop: () => stop().then(ends.close) }
  }
  const as = (role: 'api' | 'worker') => withSignatures(stored, installation.eventKey([role]))
  const cut = (stream: string, revision: number) =>
    tamper(path, ['DELETE FROM events WHERE stream_id = ? AND revision >= ?', stream, revision])
  return { path, stored, installation, signer, as, cut }
}

const untrusted = { code: 'EVENT_LOG_UNTRUSTED' }

describe('the end of a stream that is removed from the store', () => {
  test('is missed by who has decided on it, also after a restart, until it is there again', async () => {
    const { stored, signer, as, cut, path } = place()
    const user = newStream('user')
    const api = as('api')
    await api.append(user, [newEvent({}, 'UserCreated')], 'noStream')
    await api.append(user, [newEvent({}, 'UserDeactivated')], 0)
    const first = signer()
    expect(await first.read(user)).toBe(2)
    const [, last] = await collect(stored.readStream(user))
    cut(user, 1)
    await expect(first.read(user)).rejects.toMatchObject(untrusted)
    await first.stop()
    const second = signer()
    await expect(second.read(user)).rejects.toMatchObject(untrusted)
    // Something else in its place is not what was there.
    await api.append(user, [newEvent({}, 'GlobalRoleGranted')], 0)
    await expect(second.read(user)).rejects.toMatchObject(untrusted)
    cut(user, 1)
    tamper(path, [
      'INSERT INTO events (stream_id, revision, id, type, data, metadata) VALUES (?, 1, ?, ?, ?, ?)',
      user,
      String(last?.id),
      String(last?.type),
      JSON.stringify(last?.data),
      JSON.stringify(last?.metadata),
    ])
    expect(await second.read(user)).toBe(2)
    await second.stop()
  })

  test.each([
    ['certificate', 'api', 'CertificateRequested', 'CertificateDisabled'],
    ['group', 'api', 'GroupCreated', 'GroupMembersChanged'],
    ['key', 'api', 'KeyGenerationRequested', 'KeyDisabled'],
    ['signingRequest', 'worker', 'ApprovalGranted', 'ApprovalDenied'],
  ] as const)('of a %s is missed although nobody had decided on it', async (kind, role, given, withdrawn) => {
    const { signer, as, cut } = place()
    const process = as(role)
    const stream = newStream(kind)
    await process.append(stream, [newEvent({}, given)], 'noStream')
    const { read, begun, followed, stop } = signer()
    await begun()
    await process.append(stream, [newEvent({}, withdrawn)], 0)
    await followed()
    cut(stream, 1)
    await expect(read(stream)).rejects.toMatchObject(untrusted)
    await stop()
  })

  test('is nothing to miss when it was forged and never believed', async () => {
    const { stored, signer, as, cut } = place()
    const user = newStream('user')
    await as('api').append(user, [newEvent({}, 'UserCreated')], 'noStream')
    const { read, begun, followed, stop } = signer()
    await begun()
    await stored.append(user, [newEvent({}, 'UserDeactivated')], 0)
    await followed()
    await expect(read(user)).rejects.toMatchObject(untrusted)
    cut(user, 1)
    expect(await read(user)).toBe(1)
    await stop()
  })

  test('is missed although another stream, of which the beginning is gone, was followed before it', async () => {
    const { signer, as, cut, path } = place()
    const api = as('api')
    const [damaged, user] = [newStream('user'), newStream('user')]
    await api.append(user, [newEvent({}, 'UserCreated')], 'noStream')
    await api.append(damaged, [newEvent({}, 'UserCreated'), newEvent({}, 'UserDeactivated')], 'noStream')
    const { read, begun, followed, stop } = signer()
    await begun()
    tamper(path, ['DELETE FROM events WHERE stream_id = ? AND revision = ?', damaged, 0])
    await api.append(damaged, [newEvent({}, 'UserDeactivated')], 1)
    await expect(read(damaged)).rejects.toMatchObject({ code: 'EVENT_LOG_CORRUPT' })
    await api.append(user, [newEvent({}, 'UserDeactivated')], 0)
    await followed()
    cut(user, 1)
    await expect(read(user)).rejects.toMatchObject(untrusted)
    await stop()
  })

  test('is missed of a key, whose revocation it was', async () => {
    const { stored, signer, as, cut, installation } = place()
    const key = installation.eventKey(['worker'])
    const stream = newStream('signingRequest')
    await withSignatures(stored, key).append(stream, [newEvent({}, 'ApprovalGranted')], 'noStream')
    const { read, begun, followed, stop } = signer()
    await begun()
    const at = new Date().toISOString()
    await revokeProcessKey(
      { log: as('api'), now: () => at },
      new Setup(unknownOrganization, { component: 'operator' }),
      { keyId: key.keyId, since: '2020-01-01T00:00:00.000Z', reason: null },
    )
    await followed()
    await expect(read(stream)).rejects.toMatchObject(untrusted)
    cut(`processKey-${key.keyId}`, 1)
    await expect(read(stream)).rejects.toMatchObject({ ...untrusted, message: expect.stringContaining('is gone') })
    await stop()
  })
})
