import { describe, expect, it } from 'vitest'
import { resumeUnfinished } from '../../application/index.ts'
import {
  type CertificateEvent,
  type CertificateId,
  type Sha256Digest,
  type SigningRequestId,
  streams,
} from '../../domain/index.ts'
import { event } from '../support/decider-spec.ts'
import { fixedUuid } from '../support/submission.ts'
import { type TestApplication, testApplication } from '../support/test-application.ts'
import { appendRaw } from '../support/test-organization.ts'

/** Temporal's side: which workflows run, and which were started since. */
function engine(running: readonly string[]) {
  const started: string[] = []
  const start = (id: string) => {
    if (running.includes(id) || started.includes(id)) return false
    started.push(id)
    return true
  }
  return {
    started,
    workflows: {
      resume: async (id: SigningRequestId) => (start(id) ? ('started' as const) : ('refreshed' as const)),
      resumeCertificate: async (id: CertificateId) => void start(id),
    },
  }
}

async function resumed(test: TestApplication, { workflows }: ReturnType<typeof engine>) {
  const { log } = test.dependencies
  return resumeUnfinished({ log, workflows: { ...test.dependencies.workflows, ...workflows } })
}

describe('resuming what is unfinished', () => {
  it('starts a workflow for each request that has not ended and has none, whatever its step', async () => {
    const test = await testApplication()
    const [submitter, approver] = [await test.user('Submitter'), await test.user('Approver')]
    await test.policy({ submitters: [submitter], approval: { approvers: [approver], requiredApprovals: 1 } })
    const requests: SigningRequestId[] = []
    for (let index = 0; index < 6; index++) requests.push(await test.submit(submitter))
    const [fresh, waiting, running, denied, canceled, failed] = requests as [
      SigningRequestId,
      SigningRequestId,
      SigningRequestId,
      SigningRequestId,
      SigningRequestId,
      SigningRequestId,
    ]
    for (const signingRequestId of [waiting, denied]) {
      const { sha256, size } = await test.application.openArtifact(submitter, { signingRequestId, which: 'unsigned' })
      await test.tell(signingRequestId, { type: 'RecordRetrieval', sha256, size })
      const planDigest = 'cd'.repeat(32) as Sha256Digest
      await test.tell(signingRequestId, { type: 'RecordPlan', planDigest, fileCount: 1, at: test.clock.now })
    }
    await test.application.denySigningRequest(approver, { signingRequestId: denied, comment: null })
    await test.application.cancelSigningRequest(submitter, { signingRequestId: canceled, reason: null })
    const failure = { code: 'ARTIFACT_NOT_FOUND', message: 'Gone.', path: null }
    await test.tell(failed, { type: 'Fail', workflowStatus: 'ArtifactRetrievalFailed', failure })

    const temporal = engine([running])
    expect(await resumed(test, temporal)).toEqual({ unfinished: 3, started: [fresh, waiting] })
    expect(temporal.started).toEqual([fresh, waiting])
    // Once they run there is nothing left to start.
    expect(await resumed(test, temporal)).toEqual({ unfinished: 3, started: [] })
  })

  it('has the signer take up certificates that were asked for and not made', async () => {
    const test = await testApplication()
    await test.certificate()
    const requested = (digit: string) => {
      const certificateId = fixedUuid<CertificateId>(digit)
      const { organizationId } = test.setup
      return [
        certificateId,
        event<CertificateEvent, 'CertificateRequested'>('CertificateRequested', {
          certificateId,
          organizationId,
          kind: 'selfSigned',
          name: 'Unfinished',
          subject: { commonName: 'Unfinished' },
          keyAlgorithm: 'ec-p256',
          notBefore: '2026-01-01T00:00:00.000Z',
          notAfter: '2027-01-01T00:00:00.000Z',
        }),
      ] as const
    }
    const key = event<CertificateEvent, 'CertificateKeyGenerated'>('CertificateKeyGenerated', { publicKey: 'MAA=' })
    const disabled = event<CertificateEvent, 'CertificateDisabled'>('CertificateDisabled', { reason: null })
    const [[asked, askedFor], [withKey, keyAskedFor], [given, givenUp]] = [
      requested('a'),
      requested('b'),
      requested('c'),
    ]
    for (const [id, ...events] of [
      [asked, askedFor],
      [withKey, keyAskedFor, key],
      [given, givenUp, disabled],
    ] as const)
      await appendRaw(test.dependencies.log, streams.certificate(id), events, 'noStream', test.setup.organizationId)

    const temporal = engine([])
    expect(await resumed(test, temporal)).toEqual({ unfinished: 0, started: [] })
    expect(temporal.started).toEqual([asked, withKey])
  })

  it('does nothing on an empty log', async () => {
    const test = await testApplication()
    expect(await resumed(test, engine([]))).toEqual({ unfinished: 0, started: [] })
  })
})
