import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  countedApprovals,
  type GrantId,
  isBySubmitter,
  signingRequestDecider as request,
  type UserId,
} from '../../domain/index.ts'
import { given } from '../support/decider-spec.ts'
import {
  planDigest,
  planned,
  policy,
  retrieved,
  submitted,
  submittedUnder,
} from '../support/signing-request-history.ts'
import { fixedUuid, people, references } from '../support/submission.ts'

const { submitter, anna, bert, stranger } = people
const grantId = fixedUuid<GrantId>('7')
const byGrant = (approver: UserId, peopleBehind: readonly UserId[] = []) =>
  ({ type: 'ApproveByGrant', approver, groups: [], peopleBehind, planDigest, grantId }) as const
const approvalOf = (approver: UserId) => ({
  type: 'ApprovalGranted' as const,
  data: { schemaVersion: 3, approver, through: references(approver), planDigest, comment: null, grantId },
})

describe('an approval by a grant', () => {
  const waiting = [submitted, retrieved, planned]

  it('is an approval of its giver that names the grant, in a form that releases without grants refuse', () => {
    given(request, ...waiting)
      .when(byGrant(anna))
      .thenEvents(approvalOf(anna))
    given(request, ...waiting)
      .when(byGrant(anna, [stranger]))
      .thenEvents({ ...approvalOf(anna), data: { ...approvalOf(anna).data, peopleBehind: [stranger] } })
  })

  it('obeys what an approval by hand obeys', () => {
    given(request, ...waiting)
      .when(byGrant(stranger))
      .thenRefused('NOT_AN_APPROVER')
    given(request, ...waiting)
      .when({ ...byGrant(anna), planDigest: 'ff'.repeat(32) as typeof planDigest })
      .thenRefused('PLAN_DIGEST_MISMATCH')
    given(request, ...waiting, approvalOf(anna))
      .when(byGrant(anna))
      .thenRefused('ALREADY_APPROVED')
    given(request, ...waiting, approvalOf(anna))
      .when(byGrant(bert, [anna]))
      .thenRefused('ALREADY_APPROVED')
    given(request, submitted, retrieved).when(byGrant(anna)).thenRefused('NOT_WAITING_FOR_APPROVAL')
  })

  it('is never one of who submitted, by any account, also where submitters may approve by hand', () => {
    const lenient = submittedUnder({
      ...policy,
      approvers: references(submitter, anna, bert),
      submitterMayApprove: true,
    })
    given(request, lenient, retrieved, planned)
      .when({ type: 'Approve', approver: submitter, groups: [], planDigest, comment: null })
      .thenEvents({
        type: 'ApprovalGranted',
        data: {
          schemaVersion: 1,
          approver: submitter,
          through: references(submitter),
          planDigest,
          comment: null,
        },
      })
    for (const command of [byGrant(submitter), byGrant(anna, [submitter])])
      given(request, lenient, retrieved, planned).when(command).thenRefused('SUBMITTER_MAY_NOT_APPROVE')
    // As if it stood in the log all the same.
    const { state } = given(request, lenient, retrieved, planned, approvalOf(submitter))
    expect(state.workflowStatus !== 'none' && countedApprovals(state)).toEqual([])
  })

  it('is never counted for its own submitter, whatever stands in the log', () => {
    const anyone = fc.constantFrom(submitter, anna, bert)
    const approval = fc.record({
      approver: anyone,
      peopleBehind: fc.array(anyone, { maxLength: 2 }),
      grantId: fc.constantFrom(undefined, grantId),
    })
    fc.assert(
      fc.property(fc.array(approval, { maxLength: 5 }), fc.boolean(), (approvals, submitterMayApprove) => {
        const question = {
          submitter,
          plan: { digest: planDigest },
          approval: {
            approvers: references(submitter, anna, bert),
            requiredApprovals: 1,
            submitterMayApprove,
            deadlineSeconds: null,
          },
          approvals: approvals.map(({ grantId: by, ...each }) => ({
            ...each,
            through: references(each.approver),
            planDigest,
            ...(by === undefined ? {} : { grantId: by }),
          })),
        }
        for (const each of countedApprovals(question))
          if (each.grantId !== undefined) expect(isBySubmitter(each, question)).toBe(false)
      }),
    )
  })

  it('is taken back with its grant', () => {
    given(request, ...waiting, approvalOf(anna))
      .when({ type: 'InvalidateApproval', approver: anna, reason: 'grantRevoked' })
      .thenEvents({ type: 'ApprovalInvalidated', data: { schemaVersion: 2, approver: anna, reason: 'grantRevoked' } })
  })
})
