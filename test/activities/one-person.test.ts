import { describe, expect, it } from 'vitest'
import { authoriseSigning } from '../../activities/authorise-signing.ts'
import { issueApiToken } from '../../application/api-tokens.ts'
import { createCiUser } from '../../application/create-user.ts'
import { handleCommand } from '../../application/handle-command.ts'
import { groupDecider, streams, type UserId } from '../../domain/index.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

/** A CI user among the approvers, for whom somebody is responsible. */
async function ciApprover({ signer, persons, setup, groups, tokenIds }: TestOrganization, responsible: UserId) {
  const dependencies = { ...signer, persons }
  const { userId } = await createCiUser(dependencies, setup, { name: 'Tool', responsible })
  const { tokenId } = await issueApiToken(signer, setup, { userId, name: 'test', expiresAt: null })
  ;(tokenIds as Map<UserId, typeof tokenId>).set(userId, tokenId)
  if (groups === undefined) throw new Error('There are no groups.')
  await handleCommand(signer, setup, streams.group(groups.approvers), groupDecider, {
    type: 'ChangeGroupMembers',
    add: [userId],
    remove: [],
  })
  return userId
}

describe('the signer', () => {
  it('counts no approval that does not name who is behind the account, and one that does as theirs', async () => {
    const organization = await testOrganization({ throughGroups: true, timestamp: 'none' })
    const { signer, groups, approvers, tell } = organization
    const [anna, bert] = approvers
    const tool = await ciApprover(organization, anna)
    const by = groups === undefined ? [] : [groups.approvers]
    const approve = async (id: Awaited<ReturnType<typeof organization.planned>>, who: UserId, behind: UserId[] = []) =>
      tell(
        id.signingRequestId,
        {
          type: 'Approve',
          approver: who,
          groups: by,
          ...(behind.length === 0 ? {} : { peopleBehind: behind }),
          planDigest: id.plan?.digest as NonNullable<typeof id.plan>['digest'],
          comment: null,
        },
        who,
      )
    // As a worker could write it that says nothing of Anna.
    const forged = await organization.planned()
    await approve(forged, anna)
    await approve(forged, tool)
    await expect(authoriseSigning(signer, forged.signingRequestId)).rejects.toMatchObject({
      code: 'APPROVAL_NOT_BY_APPROVER',
    })
    const honest = await organization.planned()
    await approve(honest, tool, [anna])
    await expect(approve(honest, anna)).rejects.toMatchObject({ code: 'ALREADY_APPROVED' })
    await approve(honest, bert)
    await expect(authoriseSigning(signer, honest.signingRequestId)).resolves.toMatchObject({ kind: 'authorised' })
  })
})
