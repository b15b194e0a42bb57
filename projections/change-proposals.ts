import type { ChangeApproved, ChangeProposal, ChangeProposalState, Instant } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { changeProposalDecider } from './folds.ts'
import type { ChangeProposalView } from './views.ts'

/** When each user approved, the last time. */
type ChangeProposalTimes = { readonly approvedAt: Readonly<Record<string, Instant>> }

/** `changeProposal-<id>` → `change_proposals`. Hashes of tokens that a change makes are left out. */
export const changeProposals: EntityProjection<ChangeProposalState, ChangeProposalTimes, ChangeProposalView> = {
  kind: 'changeProposal',
  table: 'change_proposals',
  decider: changeProposalDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: { approvedAt: {} },
  observe: (facts, { type, data, metadata: { occurredAt } }) => {
    if (type !== 'ChangeApproved') return facts
    const { approver } = data as ChangeApproved['data']
    return { approvedAt: { ...facts.approvedAt, [approver]: occurredAt } }
  },
  columns: (state) => {
    const { status, expiresAt, target } = state as ChangeProposal
    return { status, expires_at: expiresAt, target }
  },
  view: ({ state, facts, updatedAt }, recorded, at) => {
    const proposal = state as ChangeProposal
    const approvals = proposal.approvals.map((approval) => ({
      ...approval,
      approvedAt: facts.approvedAt[approval.approver] ?? updatedAt,
    }))
    const isOver = proposal.status === 'proposed' && at >= proposal.expiresAt
    return { ...proposal, approvals, ...(isOver ? { status: 'lapsed', lapsed: 'expired' } : {}), ...recorded }
  },
}
