import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { verifyOrigin } from '../../activities/verify-origin.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  type BuildNode,
  type BuildSecretId,
  type DomainEvent,
  type EventMetadata,
  type OriginProof,
  organizationDecider,
  originOfClaim,
  passedCheck,
  type RecordOrigin,
  type Sha256Digest,
  type SourceSummaryRule,
  type Submission,
  streams,
  type TrustedBuildSystemId,
  type TrustedBuildSystemKind,
  trustedBuildSystemDecider,
  type UserActor,
  type VerifiedOrigin,
} from '../../domain/index.ts'
import { prepareEvents, readWholeStream } from '../../event-log/index.ts'
import { testInstallation } from '../support/event-keys.ts'
import { memoryKey } from '../support/memory-key.ts'
import { allowedBranches, claimedBy, demandedOrigin } from '../support/origins.ts'
import { newStatementSigner, recordedNode } from '../support/proxy-statements.ts'
import { signedDocuments, sourceSummary } from '../support/statements.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

const installation = testInstallation()
const evidence = [{ name: 'run', mediaType: 'application/json', sha256: 'ee'.repeat(32) as Sha256Digest, size: 9 }]

/** An organization whose policy verifies origins, whose signer believes only what could have been. */
async function verifying(buildSystem: true | TrustedBuildSystemKind = true, rule?: SourceSummaryRule) {
  const options = { buildSystem, allowedBranches, approval: null, timestamp: 'none', installation } as const
  const organization = await testOrganization({ ...options, ...(rule && { sourceSummary: rule }) })
  const claimedOrigin = claimedBy(organization)
  const { origin } = originOfClaim(claimedOrigin)
  const recorded: RecordOrigin = {
    type: 'RecordOrigin',
    trustedBuildSystemId: claimedOrigin.trustedBuildSystemId,
    kind: 'custom',
    proof: 'claim',
    origin,
    checks: [],
    evidence: [],
    peopleBehind: [],
  }
  /** What becomes of a request that says this, and of whose origin this was recorded. */
  async function signed(
    changes: Partial<Submission> = {},
    otherwise: Partial<RecordOrigin> | null = {},
    actor?: UserActor,
  ) {
    const submission = { claimedOrigin, originVerification: demandedOrigin, ...changes }
    const request = await organization.planned(undefined, undefined, {
      changes: submission,
      ...(actor !== undefined && { actor }),
      ...(otherwise !== null && { origin: { ...recorded, ...otherwise } }),
    })
    return sign(organization, request.signingRequestId)
  }
  return { organization, recorded, signed }
}

/** `signed`, or the code of what the signer says. */
function sign({ signer }: TestOrganization, signingRequestId: Submission['signingRequestId']): Promise<string> {
  const { sign: signIt } = signerActivities({ ...signer, recordRefusal: async () => undefined })
  return new MockActivityEnvironment().run(signIt, { signingRequestId, fromRevision: 0 }).then(
    () => 'signed',
    (error: { type?: string; message: string }) => error.type ?? error.message,
  )
}

describe('a signer of a policy that verifies origins', () => {
  test('signs what the log says was verified, and judges it again whatever a worker wrote', async () => {
    const { signed, recorded } = await verifying()
    expect(await signed()).toBe('signed')
    const claimed = recorded.origin as VerifiedOrigin
    const other = (changes: Partial<VerifiedOrigin>): Partial<RecordOrigin> => ({ origin: { ...claimed, ...changes } })
    // The worker verified something else than the build system claimed.
    expect(await signed({}, other({ ref: { kind: 'branch', name: 'main' } }))).toBe('ORIGIN_NOT_VERIFIED')
    expect(await signed({}, other({ commitId: 'cd'.repeat(20) }))).toBe('ORIGIN_NOT_VERIFIED')
    expect(await signed({}, { proof: 'api' })).toBe('ORIGIN_NOT_VERIFIED')
    expect(await signed({}, { kind: 'githubActions', proof: 'api' })).toBe('ORIGIN_NOT_VERIFIED')
    const trustedBuildSystemId = randomUUID() as TrustedBuildSystemId
    expect(await signed({}, { trustedBuildSystemId })).toBe('ORIGIN_NOT_VERIFIED')
  }, 60_000)

  test('does not believe a proxy that names no node', async () => {
    const { signed } = await verifying('authenticationProxy')
    const found = { kind: 'authenticationProxy', proof: 'clientCertificate', evidence } as const
    expect(await signed({}, found)).toBe('ORIGIN_NOT_VERIFIED')
  }, 60_000)

  test('believes the worker that asked a build system, where that can have answered so', async () => {
    const { signed } = await verifying('githubActions')
    const build = { fields: {}, secrets: [{ name: 'identityToken', secretId: randomUUID() as BuildSecretId }] }
    const by = (proof: OriginProof, kept: typeof evidence, changes: Partial<Submission> = {}) =>
      signed(changes, { kind: 'githubActions', proof, evidence: kept })
    expect(await by('api', evidence)).toBe('signed')
    expect(await by('identityToken', evidence, { build })).toBe('signed')
    // Nothing was kept; the submission brought no token; no connector of the kind finds it so.
    expect(await by('api', [])).toBe('ORIGIN_NOT_VERIFIED')
    expect(await by('identityToken', evidence)).toBe('ORIGIN_NOT_VERIFIED')
    expect(await by('claim', evidence)).toBe('ORIGIN_NOT_VERIFIED')
  }, 60_000)

  test('believes Jenkins exactly what its plugin claims, and only where the link names no Jenkins to ask', async () => {
    const { organization, signed, recorded } = await verifying('jenkins')
    const { signer, setup, projectId } = organization
    const found = { kind: 'jenkins', proof: 'claim' } as const
    expect(await signed({}, found)).toBe('signed')
    const origin = { ...(recorded.origin as VerifiedOrigin), commitId: 'cd'.repeat(20) }
    expect(await signed({}, { ...found, origin })).toBe('ORIGIN_NOT_VERIFIED')
    expect(await signed({}, { ...found, proof: 'api', evidence })).toBe('ORIGIN_NOT_VERIFIED')
    const stream = streams.trustedBuildSystem(recorded.trustedBuildSystemId)
    const settings = { baseUrl: 'https://jenkins.example.org', userName: 'signing' }
    const command = { type: 'ChangeLink', projectId, settings, secrets: [] } as const
    await handleCommand(signer, setup, stream, trustedBuildSystemDecider, command)
    expect(await signed({}, found)).toBe('ORIGIN_NOT_VERIFIED')
    expect(await signed({}, { ...found, proof: 'api', evidence })).toBe('signed')
  }, 60_000)

  test('signs by no link that was changed without the approvals that the organization demands', async () => {
    const { organization, recorded } = await verifying()
    const { signer, setup, projectId } = organization
    const stream = streams.trustedBuildSystem(recorded.trustedBuildSystemId)
    const changeLink = (number: number) =>
      handleCommand(signer, setup, stream, trustedBuildSystemDecider, {
        type: 'ChangeLink',
        projectId,
        settings: { number },
        secrets: [],
      })
    const planned = () =>
      organization.planned(undefined, undefined, {
        changes: { claimedOrigin: claimedBy(organization), originVerification: demandedOrigin },
        origin: recorded,
      })
    await changeLink(1)
    await handleCommand(signer, setup, streams.organization(setup.organizationId), organizationDecider, {
      type: 'ChangeChangeControl',
      changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 },
      administrators: 3,
    })
    const [before, between] = [await planned(), await planned()]
    expect(await sign(organization, before.signingRequestId)).toBe('signed')
    const { events, revision } = await readWholeStream(organization.log, stream)
    const changed = { type: 'TrustedBuildSystemLinkChanged', data: { ...events.at(-1)?.data, settings: {} } }
    const metadata = events.at(-1)?.metadata as EventMetadata
    await organization.log.append(
      stream,
      prepareEvents(stream, revision, [changed as unknown as DomainEvent], metadata),
      revision,
    )
    for (const request of [between, await planned()])
      expect(await sign(organization, request.signingRequestId)).toBe('RULE_CHANGE_NOT_APPROVED')
  }, 60_000)

  test('signs what came by a proxy with the node that the proxy signed, and with no other', async () => {
    const { organization, recorded } = await verifying('authenticationProxy')
    const { signer, setup, vouched } = organization
    if (vouched === undefined) throw new Error('There is no build system.')
    const { trustedBuildSystemId } = vouched.vouchedBy
    const proxy = newStatementSigner()
    const stream = streams.trustedBuildSystem(trustedBuildSystemId)
    const command = { type: 'RegisterProxyKey', ...proxy.key } as const
    await handleCommand(signer, setup, stream, trustedBuildSystemDecider, command)
    const claimedOrigin = claimedBy(organization)
    const signedFor = async (node: BuildNode | null) => {
      const nodeStatement = proxy.state({ trustedBuildSystemId })
      const actor = { ...vouched, vouchedBy: { ...vouched.vouchedBy, node: recordedNode, nodeStatement } }
      const { origin } = originOfClaim(claimedOrigin, node)
      const { signingRequestId } = await organization.planned(undefined, undefined, {
        actor,
        changes: { claimedOrigin, originVerification: demandedOrigin },
        origin: { ...recorded, kind: 'authenticationProxy', proof: 'clientCertificate', origin },
      })
      return sign(organization, signingRequestId)
    }
    expect(await signedFor(recordedNode)).toBe('signed')
    expect(await signedFor({ ...recordedNode, rule: 'other' })).toBe('ORIGIN_NOT_VERIFIED')
    expect(await signedFor(null)).toBe('ORIGIN_NOT_VERIFIED')
  }, 60_000)

  test('signs the artifact of an earlier request by the origin that was verified for it, and by no other', async () => {
    const { organization, recorded, signed } = await verifying()
    const first = await organization.planned(undefined, undefined, {
      changes: { claimedOrigin: claimedBy(organization), originVerification: demandedOrigin },
      origin: recorded,
    })
    expect(await sign(organization, first.signingRequestId)).toBe('signed')
    const again = {
      source: {
        ...first.source,
        kind: 'earlierRequest',
        details: { signingRequestId: first.signingRequestId },
      },
    }
    expect(await signed(again)).toBe('signed')
    const other = { ...(recorded.origin as VerifiedOrigin), ref: { kind: 'branch', name: 'main' } } as const
    expect(await signed(again, { origin: other })).toBe('ORIGIN_NOT_VERIFIED')
  }, 60_000)

  test('believes no claim of who brought nothing of the build system', async () => {
    const { organization, signed } = await verifying()
    const { vouched } = organization
    if (vouched === undefined) throw new Error('A build system vouches.')
    const actor = { ...vouched, vouchedBy: { ...vouched.vouchedBy, proof: { method: 'link' } } } as const
    expect(await signed({}, {}, actor)).toBe('ORIGIN_NOT_VERIFIED')
    expect(await signed()).toBe('signed')
  }, 60_000)

  test('judges the verification summaries of the source again, which the worker has judged before', async () => {
    const key = memoryKey('ec-p256')
    const verifier = {
      id: 'https://verifier.example/source',
      publicKeys: [Buffer.from(key.publicKey).toString('base64')],
    }
    const rule: SourceSummaryRule = { level: 3, verifiers: [verifier], maximumAgeSeconds: null }
    const { organization, signed } = await verifying(true, rule)
    const { signer, store, retrievedRequest } = organization
    const summaryOf = async (gitCommit: string) => {
      const predicate = { resourceUri: 'git+https://example.org/test', timeVerified: '2020-01-01T00:00:00Z' }
      const statement = sourceSummary({ subject: [{ digest: { gitCommit } }], predicate })
      const { envelope } = await signedDocuments(key, statement)
      return { fileName: 'summary.json', ...(await store.put(Readable.from([envelope]))) }
    }
    const [right, wrong] = [await summaryOf('ab'.repeat(20)), await summaryOf('cd'.repeat(20))]
    const said = (...sourceSummaries: readonly (typeof right)[]) => ({
      claimedOrigin: { ...claimedBy(organization), sourceSummaries },
      originVerification: { ...demandedOrigin, sourceSummary: rule },
    })
    const worker = verifyOrigin({ ...organization.asking, log: signer.log, store, now: signer.now })
    const found = async (...summaries: readonly (typeof right)[]) => {
      const signingRequestId = await retrievedRequest(undefined, undefined, { changes: said(...summaries) })
      await new MockActivityEnvironment().run(worker, { signingRequestId, fromRevision: 0 })
      return organization.request(signingRequestId)
    }
    const { origin } = await found(wrong, right)
    expect(origin?.checks[0]).toMatchObject({ name: 'sourceSummary', outcome: 'passed' })
    expect(origin?.evidence.map(({ sha256 }) => sha256)).toEqual([wrong.sha256, right.sha256])
    expect((await found(wrong)).failure?.code).toBe('STATEMENT_SUBJECT_MISMATCH')
    expect((await found()).failure?.code).toBe('STATEMENT_MISSING')
    // As a worker could write it that has judged nothing.
    const judged = { checks: [passedCheck('sourceSummary', {})] }
    expect(await signed(said(wrong, right), judged)).toBe('signed')
    expect(await signed(said(wrong), judged)).toBe('ORIGIN_NOT_VERIFIED')
    expect(await signed(said(), judged)).toBe('ORIGIN_NOT_VERIFIED')
    const easier = {
      ...said(wrong),
      originVerification: { ...demandedOrigin, sourceSummary: { ...rule, level: 1 } },
    } as const
    expect(await signed(easier, judged)).toBe('POLICY_MISMATCH')
  }, 60_000)

  test('signs nothing that hides what policy and project demand', async () => {
    const { organization, signed } = await verifying()
    // A submission that says nothing of it is planned without an origin.
    const hidden = await organization.planned(undefined, undefined, {
      changes: { claimedOrigin: claimedBy(organization) },
    })
    expect(await sign(organization, hidden.signingRequestId)).toBe('POLICY_MISMATCH')
    const wider = { ...demandedOrigin, allowedBranches: ['**'] }
    expect(await signed({ originVerification: wider })).toBe('POLICY_MISMATCH')
    const elsewhere = 'https://example.org/other'
    const claimedOrigin = claimedBy(organization, { url: elsewhere })
    const { origin } = originOfClaim(claimedOrigin)
    const demanded = { claimedOrigin, originVerification: { ...demandedOrigin, repositoryUrl: elsewhere } }
    expect(await signed(demanded, { origin })).toBe('POLICY_MISMATCH')
  }, 60_000)
})
