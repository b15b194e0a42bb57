import type { ChangeProposal } from '../domain/index.ts'
import { builder } from './builder.ts'

/** Where a proposed change stands. */
export const ChangeProposalStatusRef = builder.enumType('ChangeProposalStatus', {
  description: 'Where a proposed change stands.',
  values: {
    proposed: { value: 'proposed' as const, description: 'It waits for approvals.' },
    approved: { value: 'approved' as const, description: 'It has its approvals; the next approval applies it.' },
    applied: { value: 'applied' as const, description: 'It holds.' },
    rejected: { value: 'rejected' as const, description: 'Somebody who might have approved said no.' },
    lapsed: { value: 'lapsed' as const, description: 'Its time is over, or what it changes was changed meanwhile.' },
  } satisfies Record<ChangeProposal['status'], unknown>,
})

/** Why a proposed change lapsed. */
export const ChangeLapseRef = builder.enumType('ChangeLapse', {
  description: 'Why a proposed change cannot be applied any more.',
  values: {
    expired: { value: 'expired' as const, description: 'It was not approved in time.' },
    baseMoved: { value: 'baseMoved' as const, description: 'What it changes was changed meanwhile.' },
    lastAdministrator: {
      value: 'lastAdministrator' as const,
      description: 'It would have taken the last Global Administrator when it had its approvals.',
    },
    tooFewApprovals: {
      value: 'tooFewApprovals' as const,
      description: 'When it had its approvals, more of different people were needed.',
    },
  } satisfies Record<NonNullable<ChangeProposal['lapsed']>, unknown>,
})
