import { MockActivityEnvironment } from '@temporalio/testing'
import { expect, test } from 'vitest'
import { verifyOrigin } from '../../activities/verify-origin.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  eventMetadata,
  type LinkCommand,
  type LinkSecretId,
  type LinkSettings,
  originOfClaim,
  passedCheck,
  signingRequestDecider,
  streams,
  trustedBuildSystemDecider,
} from '../../domain/index.ts'
import { prepareEvents } from '../../event-log/index.ts'
import type { Origins } from '../../origin/index.ts'
import { allowedBranches, claimedBy, demandedOrigin } from '../support/origins.ts'
import { fixedUuid } from '../support/submission.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { submission } from '../support/workflow-requests.ts'

silenceWorkers()

test('a build is asked about by the settings that the link had at the submission, and by the secrets that it has now', async () => {
  const organization = await testOrganization({ buildSystem: 'jenkins', allowedBranches, approval: null })
  const { log, store, signer, setup, projectId, vouched } = organization
  if (vouched === undefined) throw new Error('There is no build system.')
  const { organizationId } = setup
  const { trustedBuildSystemId } = vouched.vouchedBy
  const tell = (command: LinkCommand) =>
    handleCommand(signer, setup, streams.trustedBuildSystem(trustedBuildSystemId), trustedBuildSystemDecider, command)
  const [first, second] = [fixedUuid<LinkSecretId>('1'), fixedUuid<LinkSecretId>('2')]
  const jenkins = (job: string, baseUrl = 'https://ci.example') => ({ baseUrl, userName: 'u', jobs: [job] })
  const changeLink = (settings: LinkSettings, secretId: LinkSecretId) =>
    tell({ type: 'ChangeLink', projectId, settings, secrets: [{ name: 'apiKey', secretId }] })

  const claimedOrigin = claimedBy(organization)
  async function retrieved() {
    const made = await submission(organization, undefined, { claimedOrigin, originVerification: demandedOrigin })
    const { signingRequestId } = made
    const stream = streams.signingRequest(signingRequestId)
    const command = { type: 'SubmitSigningRequest', submission: made } as const
    const decided = signingRequestDecider.decide(command, signingRequestDecider.initialState())
    const about = { organizationId, occurredAt: new Date().toISOString() }
    const metadata = eventMetadata({ actor: vouched as never, callId: signingRequestId }, about)
    await log.append(stream, prepareEvents(stream, 'noStream', decided, metadata), 'noStream')
    const { fileName, sha256, size } = made.source
    const artifact = { fileName, sha256, size } as never
    await organization.tell(signingRequestId, { type: 'RecordRetrieval', artifact })
    return signingRequestId
  }

  const asked: unknown[] = []
  const origins: Pick<Origins, 'verify'> = {
    async verify({ settings }, { secrets }) {
      asked.push({ settings, apiKey: secrets.apiKey?.reveal() })
      const { origin } = originOfClaim(claimedOrigin)
      return { origin, proof: 'api', checks: [passedCheck('build', {})], evidence: [] }
    },
  }
  const useToken = async () => undefined
  const values = new Map<string, string>([[second, 'the present key']])
  const secrets = {
    async get({ id, purpose, organizationId: of }: { organizationId: string; purpose: string; id: string }) {
      expect([of, purpose]).toEqual([organizationId, 'buildSystemSecret'])
      const text = values.get(id)
      return text === undefined ? undefined : Buffer.from(text)
    },
    remove: async () => undefined,
  }
  const verify = (signingRequestId: Awaited<ReturnType<typeof retrieved>>) =>
    new MockActivityEnvironment().run(verifyOrigin({ log, store, origins, secrets, useToken, now: signer.now }), {
      signingRequestId,
      fromRevision: 0,
    })

  await changeLink(jenkins('one'), first)
  const [judged, unlinked] = [await retrieved(), await retrieved()]
  await changeLink(jenkins('two'), second)
  await verify(judged)
  expect(asked).toEqual([{ settings: jenkins('one'), apiKey: 'the present key' }])
  // One that is not there any more is missing, which the connector says.
  values.clear()
  await verify(await retrieved())
  expect(asked.slice(1)).toEqual([{ settings: jenkins('two'), apiKey: undefined }])
  // No secret goes to an address that is not the link's any more.
  await changeLink(jenkins('two', 'https://other.example'), second)
  await expect(verify(unlinked)).rejects.toMatchObject({ code: 'ORIGIN_LINK_ADDRESS_CHANGED' })
  await tell({ type: 'UnlinkProject', projectId })
  await expect(verify(unlinked)).rejects.toMatchObject({ code: 'TRUSTED_BUILD_SYSTEM_NOT_LINKED' })
  expect(asked).toHaveLength(2)
})
