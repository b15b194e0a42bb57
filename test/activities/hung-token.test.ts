import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { expect, onTestFinished, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { findSoftHsm } from '../../server/embedded/softhsm.ts'
import { openToken } from '../../signing/pkcs11/index.ts'
import { faultyModule } from '../support/pkcs11-faults/index.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'

silenceWorkers()

test('a request whose signature hangs in the HSM is tried again, while others are signed, and completes', async () => {
  const organization = await testOrganization({ approval: null })
  const realModule = await findSoftHsm(process.env.COUNTERSIGN_PKCS11_MODULE)
  const faults = await faultyModule(organization.folder, realModule)
  await faults.plan()
  const token = await openToken({
    modulePath: faults.modulePath,
    tokenLabel: 'test',
    pin: 'user-0815',
    softHsmConfigPath: join(organization.folder, 'softhsm2.conf'),
    sessions: 2,
    callLimitMs: 500,
  })
  onTestFinished(async () => {
    await faults.plan()
    await token.close()
  })
  const { sign } = signerActivities({
    ...organization.signer,
    keyStores: { open: async () => token },
    recordRefusal: async () => undefined,
  })
  const signing = ({ signingRequestId }: Awaited<ReturnType<typeof organization.planned>>) =>
    new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }).catch((error: unknown) => error)
  const status = async ({ signingRequestId }: Awaited<ReturnType<typeof organization.planned>>) =>
    (await organization.request(signingRequestId)).workflowStatus

  const hung = await organization.planned()
  await faults.plan({ call: 'C_Sign', answer: 'hang', every: 1 })
  expect(await signing(hung)).toMatchObject({ type: 'PKCS11_CALL_TIMED_OUT', nonRetryable: false })
  expect(await status(hung)).toBe('Processing')

  // The call still hangs, and the plan lets no other one do so.
  await faults.plan({ call: 'C_Sign', answer: 'hang', every: 1_000_000 })
  const other = await organization.planned()
  await signing(other)
  expect(await status(other)).toBe('Completed')
  await signing(hung)
  expect(await status(hung)).toBe('Completed')
})
