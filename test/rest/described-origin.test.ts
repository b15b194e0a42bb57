import { describe, expect, it } from 'vitest'
import type { SigningRequest } from '../../domain/index.ts'
import { signingRequests } from '../../projections/signing-requests.ts'
import { linksFrom } from '../../rest/links.ts'
import { describeRequests } from '../../rest/signing-requests/describe-requests.ts'
import { requestSummary } from '../../rest/signing-requests/request-document.ts'
import { at, noOrganization } from '../support/event-examples/facts.ts'
import { expectedExamples } from '../support/event-examples/stored.ts'
import { fixedUuid } from '../support/submission.ts'

const nothing = async () => []
const voucher = { trustedBuildSystemId: fixedUuid('7'), proof: { method: 'link' }, node: null }
const person = { status: 'readable', name: 'Sam', email: null }

/** How REST describes a stored example: a request whose origin was verified, or one whose origin was not. */
async function described(isVerified: boolean, isWithBuildData = false) {
  const [streamId, { state } = {}] =
    Object.entries(expectedExamples()).find(([stream, example]) => {
      const { origin, addedBuildData } = example.state as Partial<SigningRequest>
      if (!stream.startsWith('signingRequest-') || !origin) return false
      return (origin.verified !== null) === isVerified && (addedBuildData !== undefined) === isWithBuildData
    }) ?? []
  const request = state as SigningRequest
  const recorded = {
    streamId: String(streamId),
    organizationId: noOrganization,
    revision: 3,
    createdAt: at,
    updatedAt: at,
  }
  const view = signingRequests.view(
    { state: request, facts: { ...signingRequests.noFacts, vouchedBy: voucher }, updatedAt: at } as never,
    recorded as never,
    at,
  )
  const [document] = await describeRequests(
    {
      readModel: {
        projectsByIds: nothing,
        signingPoliciesByIds: nothing,
        artifactConfigurationsByIds: nothing,
        usersByIds: async (_: unknown, ids: readonly string[]) => ids.map((userId) => ({ userId })),
      } as never,
      persons: { read: async (users: readonly unknown[]) => users.map(() => person) } as never,
      openPlan: () => Promise.reject(new Error('Nobody reads the plan.')),
      links: linksFrom('https://signing.example.com'),
    },
    [view],
  )
  if (document === undefined) throw new Error('There is one for each request.')
  return { document, request }
}

describe('the origin of a request by REST', () => {
  it('is shown as it was verified, with the build node and what was demanded', async () => {
    const { document, request } = await described(true)
    const { origin, checks } = { ...request.origin, ...request.origin?.verified }
    expect(origin?.node?.subject).toMatch(/^CN=/)
    expect(document).toMatchObject({
      demandedOrigin: request.originVerification,
      verifiedOrigin: { ...origin, checks },
    })
    expect(document.verifiedOrigin).toMatchObject({ verified: true, proof: request.origin?.verified?.proof })
    expect(requestSummary.strict().parse(document)).toEqual(document)
  })

  it('is shown with how its build system vouched, and with the people behind the build', async () => {
    const { document, request } = await described(true)
    const { proof: _, ...shown } = voucher
    expect(document.vouchedBy).toEqual({ ...shown, method: 'link', nodeStatement: null })
    const { peopleBehind = [] } = request
    expect(peopleBehind.length).toBeGreaterThan(0)
    expect(document.peopleBehind).toEqual(peopleBehind.map((userId) => ({ userId, name: 'Sam' })))
  })

  it('is shown with what was written into a package about its build', async () => {
    const { document, request } = await described(true, true)
    expect(document.addedBuildData).toEqual(request.addedBuildData)
    expect(document.addedBuildData?.builtArtifact.sha256).not.toBe(document.artifact?.sha256)
    expect(requestSummary.strict().parse(document)).toEqual(document)
  })

  it('is shown with the checks by which it was rejected', async () => {
    const { document, request } = await described(false)
    const none = { proof: null, repository: null, ref: null, commitId: null, build: null, actors: [], node: null }
    expect(document.verifiedOrigin).toMatchObject({ verified: false, ...none, checks: request.origin?.checks })
    expect(document.verifiedOrigin?.checks.map(({ outcome }) => outcome)).toContain('failed')
    expect(requestSummary.strict().parse(document)).toEqual(document)
  })
})
