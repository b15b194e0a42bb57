import { describe, it } from 'vitest'
import { type ProcessKeyEvent, processKeyDecider as processKey } from '../../domain/index.ts'
import { event, given, itRefuses } from '../support/decider-spec.ts'

const keyId = 'ab'.repeat(16)
const [earlier, since, at] = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z']
const certified = event<ProcessKeyEvent, 'ProcessKeyCertified'>('ProcessKeyCertified', {
  publicKey: 'MAA=',
  roles: ['worker'],
  notBefore: earlier,
  notAfter: null,
  signature: 'MAA=',
})
const revoked = (from: string) =>
  event<ProcessKeyEvent, 'ProcessKeyRevoked'>('ProcessKeyRevoked', { keyId, since: from, reason: 'stolen' })
const revoke = { type: 'RevokeProcessKey', keyId, since, at, reason: 'stolen' } as const

describe("a process's key", () => {
  it('is revoked, and again from an earlier time on', () => {
    given(processKey, certified).when(revoke).thenEvents(revoked(since))
    given(processKey, certified, revoked(since))
      .when({ ...revoke, since: earlier })
      .thenEvents(revoked(earlier))
  })

  itRefuses(processKey, { source: 'process-key.ts', before: 'export const processKeyDecider' }, [
    ['EVENT_KEY_NOT_FOUND', 'one that was never recorded', [], revoke],
    ['EVENT_KEY_REVOKED', 'a second time', [certified, revoked(since)], revoke],
    ['EVENT_KEY_REVOKED', 'although its process recorded it anew', [certified, revoked(since), certified], revoke],
    ['EVENT_KEY_REVOCATION_AHEAD', 'from tomorrow on', [certified], { ...revoke, since: '2026-01-04T00:00:00.000Z' }],
    ['TEXT_TOO_LONG', 'a reason', [certified], { ...revoke, reason: 'x'.repeat(4001) }],
    ['TEXT_MALFORMED', 'a reason', [certified], { ...revoke, reason: '\ud800' }],
  ])
})
