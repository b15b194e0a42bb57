import { describe, expect, it } from 'vitest'
import {
  findLostWorkflows,
  findUnfinished,
  type Resumed,
  type ResumingWorkflows,
  resumeUnfinished,
} from '../../application/index.ts'
import {
  type CertificateEvent,
  type CertificateId,
  type DomainEvent,
  type KeyEvent,
  type KeyId,
  keyDecider,
  type Sha256Digest,
  type SigningRequestId,
  streams,
} from '../../domain/index.ts'
import { appendRaw } from '../support/append-raw.ts'
import { event } from '../support/decider-spec.ts'
import { plainRequest } from '../support/issued-facts.ts'
import { aPlan, fixedUuid } from '../support/submission.ts'
import { type TestApplication, testApplication } from '../support/test-application.ts'

/** Temporal's side: which workflows run, which of them get on, and what was asked of it. */
function engine(running: readonly string[]) {
  const runs = new Set(running)
  const stuck = new Set<string>()
  const started: string[] = []
  const refreshed: string[] = []
  let away = false
  function start(id: string): 'started' | 'restarted' | 'refreshed' {
    if (away) throw Object.assign(new Error('Temporal is away.'), { code: 'TEMPORAL_UNAVAILABLE' })
    if (runs.has(id) && !stuck.has(id)) {
      refreshed.push(id)
      return 'refreshed'
    }
    started.push(id)
    const outcome = stuck.delete(id) ? 'restarted' : 'started'
    runs.add(id)
    return outcome
  }
  function setAway(now: boolean): void {
    away = now
  }
  const workflows: ResumingWorkflows = {
    resume: async (id) => start(id),
    resumeKey: async (id) => void start(id),
    resumeCertificate: async (id) => void start(id),
    runningRequests: async () => new Set(runs),
    isAtWork: async (id) => runs.has(id) && !stuck.has(id),
  }
  return { runs, stuck, started, refreshed, workflows, setAway }
}

const nothingKept = { load: async () => undefined }

async function resumed(test: TestApplication, { workflows }: ReturnType<typeof engine>): Promise<Resumed> {
  return resumeUnfinished(workflows, await findUnfinished(test.dependencies.log, nothingKept))
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
      const opened = await test.application.openArtifact(submitter, { signingRequestId, which: 'unsigned' })
      await test.tell(signingRequestId, { type: 'RecordRetrieval', artifact: opened })
      const planDigest = 'cd'.repeat(32) as Sha256Digest
      await test.tell(signingRequestId, { type: 'RecordPlan', planDigest, ...aPlan, at: test.clock.now })
    }
    await test.application.denySigningRequest(approver, { signingRequestId: denied, comment: null })
    await test.application.cancelSigningRequest(submitter, { signingRequestId: canceled, reason: null })
    const failure = { code: 'ARTIFACT_NOT_FOUND', message: 'Gone.', path: null }
    await test.tell(failed, { type: 'Fail', workflowStatus: 'ArtifactRetrievalFailed', failure })

    const temporal = engine([running])
    expect(await resumed(test, temporal)).toEqual({ unfinished: 3, started: [fresh, waiting] })
    expect(temporal.started).toEqual([fresh, waiting])
    expect(temporal.refreshed).toEqual([running])
    // Once they run there is nothing left to start.
    expect(await resumed(test, temporal)).toEqual({ unfinished: 3, started: [] })
  })

  it('has the signer take up keys and certificates that were asked for and not made', async () => {
    const test = await testApplication()
    await test.certificate()
    const { organizationId } = test.setup
    const append = (streamId: string, ...events: readonly DomainEvent[]) =>
      appendRaw(test.dependencies.log, streamId, events, 'noStream', organizationId)
    const certificate = async (digit: string, ...more: readonly CertificateEvent[]) => {
      const certificateId = fixedUuid<CertificateId>(digit)
      const requested = event<CertificateEvent, 'CertificateRequested'>('CertificateRequested', {
        certificateId,
        organizationId,
        kind: 'selfSigned',
        ...plainRequest,
        name: 'Unfinished',
        keyId: fixedUuid('d'),
        renews: null,
        subject: { commonName: 'Unfinished' },
        notBefore: '2026-01-01T00:00:00.000Z',
        notAfter: '2027-01-01T00:00:00.000Z',
      })
      await append(streams.certificate(certificateId), requested, ...more)
      return certificateId
    }
    const key = async (digit: string, ...more: readonly KeyEvent[]) => {
      const keyId = fixedUuid<KeyId>(digit)
      const command = { keyId, organizationId, name: 'Unfinished', keyStore: 'default', algorithm: 'ec-p256' } as const
      const requested = keyDecider.decide({ type: 'RequestKeyGeneration', ...command }, keyDecider.initialState())
      await append(streams.key(keyId), ...requested, ...more)
      return keyId
    }
    const asked = await certificate('a')
    await certificate('b', event<CertificateEvent, 'CertificateDisabled'>('CertificateDisabled', { reason: null }))
    const keyAsked = await key('d')
    await key('e', event<KeyEvent, 'KeyDisabled'>('KeyDisabled', { reason: null }))

    const temporal = engine([])
    expect(await resumed(test, temporal)).toEqual({ unfinished: 0, started: [] })
    expect(temporal.started).toEqual([keyAsked, asked])
  })

  it('does nothing on an empty log', async () => {
    const test = await testApplication()
    expect(await resumed(test, engine([]))).toEqual({ unfinished: 0, started: [] })
  })
})

const ids = Array.from({ length: 40 }, () => crypto.randomUUID() as SigningRequestId)

describe('looking for workflows that were lost', () => {
  const unfinished = (
    requests: readonly string[],
    certificates: readonly string[] = [],
    keys: readonly string[] = [],
  ) => ({
    requests: new Set(requests as SigningRequestId[]),
    keys: new Set(keys as KeyId[]),
    certificates: new Set(certificates as CertificateId[]),
  })

  it('starts what does not run, and disturbs nothing that does', async () => {
    const temporal = engine(ids.slice(1))
    const lost = findLostWorkflows(temporal.workflows)
    expect(await lost.restart(unfinished(ids))).toEqual({ unfinished: 40, started: [ids[0]] })
    for (let round = 0; round < 20; round += 1) await lost.restart(unfinished(ids))
    expect(temporal.started).toEqual([ids[0]])
    expect(temporal.refreshed).toEqual([])
  })

  it('ends and restarts every one that runs and cannot go on, within ten rounds', async () => {
    const temporal = engine(ids)
    for (const id of ids) temporal.stuck.add(id)
    const lost = findLostWorkflows(temporal.workflows)
    const restarted: string[] = []
    for (let round = 0; round < 10; round += 1) restarted.push(...(await lost.restart(unfinished(ids))).started)
    expect(restarted.toSorted()).toEqual(ids.toSorted())
    expect(temporal.stuck.size).toBe(0)
  })

  it('starts one that ends again and again ever more rarely, and at once when it was lost another time', async () => {
    const temporal = engine([])
    const lost = findLostWorkflows(temporal.workflows)
    const [id = ''] = ids
    const rounds = async (count: number, certificates: readonly string[]) => {
      const before = temporal.started.length
      for (let round = 0; round < count; round += 1) {
        await lost.restart(unfinished([id], certificates))
        temporal.runs.clear()
      }
      return temporal.started.slice(before).filter((each) => each === id).length
    }
    const certificate = crypto.randomUUID()
    const early = await rounds(64, [certificate])
    expect(early).toBeGreaterThan(4)
    expect(early).toBeLessThan(10)
    expect(temporal.started.filter((each) => each === certificate).length).toBe(early)
    expect(await rounds(640, [])).toBeGreaterThanOrEqual(9)
    // It came to its end; what is lost later has nothing to do with it.
    await lost.restart(unfinished([]))
    const before = temporal.started.length
    await lost.restart(unfinished([id]))
    expect(temporal.started.length).toBe(before + 1)
  })

  it('says that Temporal is away, and makes up for it in the next round', async () => {
    const temporal = engine([])
    const lost = findLostWorkflows(temporal.workflows)
    temporal.setAway(true)
    await expect(lost.restart(unfinished(ids))).rejects.toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' })
    temporal.setAway(false)
    const started = [...(await lost.restart(unfinished(ids))).started]
    started.push(...(await lost.restart(unfinished(ids))).started)
    expect(started.toSorted()).toEqual(ids.toSorted())
  })
})
