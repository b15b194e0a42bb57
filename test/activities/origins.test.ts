import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import {
  originOfClaim,
  type RecordOrigin,
  type Submission,
  type TrustedBuildSystemId,
  type TrustedBuildSystemKind,
  type UserActor,
  type VerifiedOrigin,
} from '../../domain/index.ts'
import { testInstallation } from '../support/event-keys.ts'
import { allowedBranches, claimedBy, demandedOrigin } from '../support/origins.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

const installation = testInstallation()

/** An organization whose policy verifies origins, whose signer believes only what could have been. */
async function verifying(buildSystem: true | TrustedBuildSystemKind = true) {
  const options = { buildSystem, allowedBranches, approval: null, timestamp: 'none', installation } as const
  const organization = await testOrganization(options)
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

  test.each([
    ['an answer of a build system that no worker asks', 'githubActions', 'api', 'ORIGIN_KIND_UNSUPPORTED'],
    ['a proxy that names no node', 'authenticationProxy', 'clientCertificate', 'ORIGIN_NOT_VERIFIED'],
  ] as const)(
    'does not believe %s',
    async (_, kind, proof, code) => {
      const { signed } = await verifying(kind)
      expect(await signed({}, { kind, proof })).toBe(code)
    },
    60_000,
  )

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
