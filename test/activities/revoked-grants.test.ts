import { expect, test } from 'vitest'
import type { GrantId } from '../../domain/index.ts'
import { grantsOf } from '../support/given-grants.ts'
import { signAtMoments } from '../support/sign-at-moments.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'

silenceWorkers()

test('when a grant is revoked while what it approved is signed, the key is not used after that, and nothing is completed', async () => {
  const organization = await testOrganization({ approval: { requiredApprovals: 1 }, timestamp: 'none' })
  const grants = grantsOf(organization)
  const [anna] = organization.approvers
  let grantId: GrantId
  const approved = {
    ...organization,
    async planned() {
      grantId = await grants.give(anna, { maximumRequests: 1 })
      const { signingRequestId } = await organization.planned()
      await grants.use(signingRequestId)
      return organization.request(signingRequestId)
    },
  }
  const { moments, workflowStatus } = await signAtMoments(approved, () => undefined)
  expect(workflowStatus).toBe('Completed')
  const lastLook = moments.lastIndexOf('lastRevisions')
  for (let at = 0; at <= lastLook; at++) {
    const outcome = await signAtMoments(approved, (index) => (index === at ? grants.revoke(anna, grantId) : undefined))
    const name = `before ${moments[at]}, moment ${at} of ${moments.length}`
    expect(outcome, name).toMatchObject({ code: 'GRANT_REVOKED', usedAfterwards: false })
    expect(outcome.workflowStatus, name).not.toBe('Completed')
  }
})
