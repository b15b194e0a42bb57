import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { authoriseSigning } from '../../activities/authorise-signing.ts'
import { issueApiToken } from '../../application/api-tokens.ts'
import type { ApiTokenId, ApiTokenScope, ProjectId, UserId } from '../../domain/index.ts'
import { withSignatures } from '../../event-log/index.ts'
import { testInstallation } from '../support/event-keys.ts'
import { grantsOf } from '../support/given-grants.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

const installation = testInstallation()

/** An organization whose signer believes only what its processes signed, and who could have done it. */
function organizationOfOne(): Promise<TestOrganization> {
  return testOrganization({ installation, timestamp: 'none', approval: { requiredApprovals: 1 } })
}

/** Gives somebody a token that is limited, by which they act from now on. */
async function limit({ signer, setup, tokenIds }: TestOrganization, userId: UserId, scope: ApiTokenScope) {
  const issued = await issueApiToken(signer, setup, { userId, name: 'limited', expiresAt: null, scope })
  ;(tokenIds as Map<UserId, ApiTokenId>).set(userId, issued.tokenId)
}

async function usedFor(organization: TestOrganization, grants: ReturnType<typeof grantsOf>, by = {}) {
  const { signingRequestId } = await organization.planned()
  await grants.use(signingRequestId, by)
  return authoriseSigning(organization.signer, signingRequestId)
}

describe('the signer believes a grant', () => {
  it('that was given by a token of its giver, also one that is limited to the project', async () => {
    const organization = await organizationOfOne()
    const [anna] = organization.approvers
    const grants = grantsOf(organization)
    await grants.give(anna, { maximumRequests: 1 })
    await expect(usedFor(organization, grants)).resolves.toMatchObject({ kind: 'authorised' })
    const scope = { access: 'full', projects: [organization.projectId], networks: null } as const
    await limit(organization, anna, scope)
    await grants.give(anna, { maximumRequests: 1 }, scope)
    await expect(usedFor(organization, grants)).resolves.toMatchObject({ kind: 'authorised' })
  })

  it.each<readonly [string, (own: ProjectId) => ApiTokenScope]>([
    ['submitting', () => ({ access: 'submit', projects: null, networks: null })],
    ['other projects', () => ({ access: 'full', projects: [randomUUID() as ProjectId], networks: null })],
  ])('not when it was given by a token that is limited to %s, which the use case refuses too', async (_, scopeOf) => {
    const organization = await organizationOfOne()
    const [anna] = organization.approvers
    const scope = scopeOf(organization.projectId)
    const grants = grantsOf(organization)
    await expect(grants.give(anna, {}, scope)).rejects.toMatchObject({ code: 'API_TOKEN_SCOPE_EXCEEDED' })
    if (scope.projects === null) await limit(organization, anna, scope)
    else (organization.tokenIds as Map<UserId, ApiTokenId>).set(anna, randomUUID() as ApiTokenId)
    // As a process could write it that does not look at what its callers may.
    await grants.give(anna)
    await expect(usedFor(organization, grants)).rejects.toMatchObject({ code: 'EVENT_LOG_UNTRUSTED' })
  })

  it('not when a process used it that answers clients', async () => {
    const organization = await organizationOfOne()
    const grants = grantsOf(organization)
    await grants.give(organization.approvers[0])
    const log = withSignatures(organization.stored, installation.eventKey(['api']))
    await expect(usedFor(organization, grants, { log })).rejects.toMatchObject({ code: 'EVENT_LOG_UNTRUSTED' })
  })
})
