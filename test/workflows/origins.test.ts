import { describe, expect, test } from 'vitest'
import type { ClaimedOrigin, Submission } from '../../domain/index.ts'
import { allowedBranches, claimedBy, demandedOrigin } from '../support/origins.ts'
import { useTimeSkipping } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { startWorkers } from '../support/workers.ts'
import { reached, submission, typesOf } from '../support/workflow-requests.ts'

const environment = useTimeSkipping()

describe('the workflow of a request whose origin is verified', () => {
  test('signs what comes from the branch and the repository, and ends what does not, with every reason', async () => {
    const options = { buildSystem: true, allowedBranches, approval: null, timestamp: 'none' } as const
    const organization = await testOrganization(options)
    const workflows = await startWorkers(environment(), organization)
    const { vouched } = organization
    if (vouched === undefined) throw new Error('There is no build system.')
    const actor = vouched

    async function submit(
      changes: Partial<NonNullable<ClaimedOrigin['repositoryData']>>,
      otherwise: Partial<Submission> = {},
    ) {
      const claimedOrigin = claimedBy(organization, changes)
      const made = await submission(organization, undefined, {
        claimedOrigin,
        originVerification: demandedOrigin,
        ...otherwise,
      })
      const command = { type: 'SubmitSigningRequest', submission: made } as const
      const { signingRequestId } = made
      await workflows.submit(signingRequestId, { command, initiator: { actor, callId: signingRequestId } })
      return signingRequestId
    }

    const right = await submit({})
    const wrong = await submit({ url: 'https://example.org/other', branchName: 'feature' })
    const incomplete = await submit({ commitId: null })
    const pulled = await submit({ branchName: 'refs/pull/7/merge' })

    expect(await reached(organization, right, 'Completed')).toMatchObject({
      origin: {
        kind: 'custom',
        verified: {
          proof: 'claim',
          origin: { ref: { kind: 'branch', name: 'release/2.1' }, commitId: 'ab'.repeat(20) },
        },
      },
    })
    expect(await typesOf(organization, right)).toEqual([
      'SigningRequestSubmitted',
      'ArtifactRetrieved',
      'OriginVerified',
      'SigningPlanned',
      'SigningStarted',
      'FilesSigned',
      'ProvenanceSigned',
      'SigningRequestCompleted',
    ])
    const failedOf = async (id: typeof wrong) => {
      const { origin, failure } = await reached(organization, id, 'OriginVerificationFailed')
      expect(failure?.code).toBe(origin?.checks.find(({ outcome }) => outcome === 'failed')?.code)
      return origin?.checks.flatMap(({ outcome, code }) => (outcome === 'failed' ? [code] : []))
    }
    expect(await failedOf(wrong)).toEqual(['ORIGIN_REPOSITORY_MISMATCH', 'ORIGIN_BRANCH_NOT_ALLOWED'])
    expect(await failedOf(incomplete)).toEqual(['ORIGIN_CLAIM_INCOMPLETE'])
    expect(await failedOf(pulled)).toEqual(['ORIGIN_NOT_A_BRANCH'])
    // The artifact of the first, again: nobody is asked, and what a new policy demands is judged by what was verified then.
    const { fileName, sha256, size } = (await organization.request(right)).source
    const source = {
      ...{ kind: 'earlierRequest', fileName, sha256, size, isAtHand: true, secretsId: null },
      details: { signingRequestId: right },
    }
    const again = await submit({}, { source })
    const stricter = await submit({}, { source, originVerification: { ...demandedOrigin, allowedBranches: ['main'] } })
    expect((await reached(organization, again, 'Completed')).origin?.verified).toEqual(
      (await organization.request(right)).origin?.verified,
    )
    expect(await failedOf(stricter)).toEqual(['ORIGIN_BRANCH_NOT_ALLOWED'])
    expect(await typesOf(organization, wrong)).toEqual([
      'SigningRequestSubmitted',
      'ArtifactRetrieved',
      'OriginRejected',
    ])
  }, 120_000)
})
