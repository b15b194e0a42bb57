import { expect, test } from 'vitest'
import { buildArtifactFetcher } from '../../activities/index.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  eventMetadata,
  originOfClaim,
  passedCheck,
  type Submission,
  signingRequestDecider,
  streams,
  trustedBuildSystemDecider,
} from '../../domain/index.ts'
import { prepareEvents } from '../../event-log/index.ts'
import type { Origins } from '../../origin/index.ts'
import { allowedBranches, claimedBy, demandedOrigin } from '../support/origins.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { submission } from '../support/workflow-requests.ts'

silenceWorkers()

test('where no origin is verified, an artifact is fetched of a build of the project alone, whatever the link may see', async () => {
  const organization = await testOrganization({ buildSystem: 'jenkins', allowedBranches, approval: null })
  const { log, signer, setup, projectId, vouched } = organization
  if (vouched === undefined) throw new Error('There is no build system.')
  const { organizationId } = setup
  const stream = streams.trustedBuildSystem(vouched.vouchedBy.trustedBuildSystemId)
  const settings = { baseUrl: 'https://ci.example', userName: 'u', jobs: ['one'] }
  const command = { type: 'ChangeLink', projectId, settings, secrets: [] } as const
  await handleCommand(signer, setup, stream, trustedBuildSystemDecider, command)

  async function submitted(changes: Partial<Submission>): Promise<Submission> {
    const made = await submission(organization, undefined, changes)
    const { signingRequestId } = made
    const decided = signingRequestDecider.decide(
      { type: 'SubmitSigningRequest', submission: made },
      signingRequestDecider.initialState(),
    )
    const metadata = eventMetadata(
      { actor: vouched as never, callId: signingRequestId },
      { organizationId, occurredAt: new Date().toISOString() },
    )
    const to = streams.signingRequest(signingRequestId)
    await log.append(to, prepareEvents(to, 'noStream', decided, metadata), 'noStream')
    return made
  }

  const { origin } = originOfClaim(claimedBy(organization))
  if (origin === null) throw new Error('The claim says too little.')
  const calls: string[] = []
  let found: Awaited<ReturnType<Origins['verify']>> | undefined
  const origins: Pick<Origins, 'verify' | 'fetchArtifact'> = {
    async verify() {
      calls.push('verify')
      return found as never
    },
    async fetchArtifact() {
      calls.push('fetch')
      return { fileName: 'program.exe', sha256: null, size: null, bytes: (async function* () {})() }
    },
  }
  const fetcher = buildArtifactFetcher({ log, origins, secrets: { get: async () => undefined } })
  const work = { signal: undefined, progress: () => undefined }
  const finding = (url: string) => ({
    origin: { ...origin, repository: { ...origin.repository, url } },
    proof: 'api' as const,
    checks: [passedCheck('build', {})],
    evidence: [],
  })

  const unverified = await submitted({})
  for (const wrong of [
    finding('https://example.org/other'),
    { ...finding(demandedOrigin.repositoryUrl), origin: null },
  ]) {
    found = wrong
    await expect(fetcher(unverified, work)).rejects.toMatchObject({ code: 'ORIGIN_NOT_VERIFIED' })
  }
  expect(calls).toEqual(['verify', 'verify'])
  found = finding(demandedOrigin.repositoryUrl)
  expect(await fetcher(unverified, work)).toMatchObject({ fileName: 'program.exe' })
  expect(calls.slice(2)).toEqual(['verify', 'fetch'])
  // Where it is verified, that is a step of its own, which keeps what was answered.
  await fetcher(await submitted({ originVerification: demandedOrigin }), work)
  expect(calls.slice(4)).toEqual(['fetch'])
})
