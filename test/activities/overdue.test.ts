import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'

silenceWorkers()

describe('a request that its submission wants final by a moment', () => {
  const cancelAt = new Date(Date.now() + 3_600_000).toISOString()

  async function signedAt(now: () => string) {
    const organization = await testOrganization({ approval: null, timestamp: 'none' })
    const { signingRequestId } = await organization.planned(undefined, undefined, { changes: { cancelAt } })
    const { sign } = signerActivities({ ...organization.signer, now, recordRefusal: async () => undefined })
    const outcome = await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }).then(
      () => 'signed',
      (error: { type?: string; message: string }) => error.type ?? error.message,
    )
    const { events } = await readWholeStream(organization.log, streams.signingRequest(signingRequestId))
    return { outcome, types: events.map(({ type }) => type) }
  }

  test('is signed before it', async () => {
    const before = new Date(Date.parse(cancelAt) - 1).toISOString()
    expect((await signedAt(() => before)).outcome).toBe('signed')
  })

  test('is not signed from then on, whatever the workflow asks for', async () => {
    const { outcome, types } = await signedAt(() => cancelAt)
    expect(outcome).toBe('CANCELLATION_DUE')
    expect(types).not.toContain('SigningStarted')
  })

  test('is not signed when the moment passes between the authorisation and the key', async () => {
    let asked = 0
    const before = new Date(Date.parse(cancelAt) - 1).toISOString()
    const { outcome, types } = await signedAt(() => {
      asked += 1
      return asked > 2 ? cancelAt : before
    })
    expect(outcome).toBe('CANCELLATION_DUE')
    expect(types).not.toContain('FilesSigned')
  })
})
