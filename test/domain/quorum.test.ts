import { describe, expect, it } from 'vitest'
import {
  isFinalStatus,
  quorumReached,
  requestStatus,
  type Sha256Digest,
  type UserId,
  workflowStatuses,
} from '../../domain/index.ts'
import { otherDigest, planDigest, policy } from '../support/signing-request-history.ts'
import { people, references } from '../support/submission.ts'

const { submitter, anna, bert, stranger } = people

describe('the quorum', () => {
  const question = (approvals: readonly (readonly [UserId, Sha256Digest])[], changes: Partial<typeof policy> = {}) => ({
    approval: { ...policy, ...changes },
    submitter,
    plan: { digest: planDigest },
    approvals: approvals.map(([approver, digest]) => ({ approver, through: references(approver), planDigest: digest })),
  })

  it('counts each named approver of this plan once, whatever stands in the log', () => {
    expect(
      quorumReached(
        question([
          [anna, planDigest],
          [bert, planDigest],
        ]),
      ),
    ).toBe(true)
    expect(
      quorumReached(
        question([
          [anna, planDigest],
          [anna, planDigest],
        ]),
      ),
    ).toBe(false)
    expect(
      quorumReached(
        question([
          [anna, planDigest],
          [stranger, planDigest],
        ]),
      ),
    ).toBe(false)
    expect(
      quorumReached(
        question([
          [anna, planDigest],
          [bert, otherDigest],
        ]),
      ),
    ).toBe(false)
    const approvers = references(anna, submitter)
    expect(
      quorumReached(
        question(
          [
            [anna, planDigest],
            [submitter, planDigest],
          ],
          { approvers },
        ),
      ),
    ).toBe(false)
    expect(
      quorumReached(
        question(
          [
            [anna, planDigest],
            [submitter, planDigest],
          ],
          { approvers, submitterMayApprove: true },
        ),
      ),
    ).toBe(true)
  })

  it('is never reached before there is a plan', () => {
    expect(
      quorumReached({
        ...question([
          [anna, planDigest],
          [bert, planDigest],
        ]),
        plan: null,
      }),
    ).toBe(false)
    expect(quorumReached({ approval: null, submitter, plan: null, approvals: [] })).toBe(false)
  })
})

describe('statuses', () => {
  it('have a short form, and are final exactly when nothing can happen any more', () => {
    expect(workflowStatuses.filter(isFinalStatus)).toEqual([
      'Completed',
      'ArtifactRetrievalFailed',
      'OriginVerificationFailed',
      'ProcessingFailed',
      'Denied',
      'Canceled',
    ])
    expect(workflowStatuses.filter((status) => requestStatus(status) === 'Failed')).toEqual([
      'ArtifactRetrievalFailed',
      'OriginVerificationFailed',
      'ProcessingFailed',
    ])
  })
})
