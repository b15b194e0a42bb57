import type { Decider } from '../decider.ts'
import type { Instant } from '../event.ts'
import type { UserId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseText } from '../text.ts'
import type { ChangeLapsed, ChangeProposalEvent, ChangeProposalFacts } from './events.ts'

/** A change that was proposed. */
export type ChangeProposal = ChangeProposalFacts & {
  /** `approved`: enough people agreed, and it waits to be applied. All but the first two are final. */
  readonly status: 'proposed' | 'approved' | 'applied' | 'rejected' | 'lapsed'
  readonly approvals: readonly ChangeApproval[]
  readonly rejection: { readonly rejectedBy: UserId; readonly comment: string | null } | null
  readonly lapsed: ChangeLapsed['data']['reason'] | null
}

/** An approval of a change. */
export type ChangeApproval = { readonly approver: UserId; readonly comment: string | null }

/** Before and after the change was proposed. */
export type ChangeProposalState = { readonly status: 'none' } | ChangeProposal

/** What can be asked of a change. That who asks has the permission that it needs is for the caller to see to. */
export type ChangeProposalCommand =
  | ({ readonly type: 'ProposeChange' } & ChangeProposalFacts)
  | {
      readonly type: 'ApproveChange'
      readonly approver: ChangeApprover
      /** Of the author and those who approved before, the accounts that the same person is behind. */
      readonly samePersonAs: readonly UserId[]
      readonly comment: string | null
      /** Those who approved before and may not any more. */
      readonly noLongerAllowed: readonly UserId[]
      readonly at: Instant
    }
  | {
      readonly type: 'RejectChange'
      readonly rejectedBy: UserId
      readonly comment: string | null
      readonly at: Instant
    }
  | { readonly type: 'ApplyChange'; readonly revision: number }
  | { readonly type: 'LapseChange'; readonly reason: ChangeLapsed['data']['reason']; readonly at: Instant }

/** Who is to approve. */
export type ChangeApprover = { readonly userId: UserId; readonly kind: 'interactive' | 'ci' }

/** So many bytes the events of a change may have as JSON: the append that applies it must have room. */
const mostBytes = 500_000

/**
 * Change proposal: a change of a rule that others than its author must approve before it holds. It is never changed itself:
 * who wants another change proposes another.
 *
 * Refuses with `CHANGE_PROPOSAL_EXISTS`, `CHANGE_PROPOSAL_NOT_FOUND`, `CHANGE_PROPOSAL_FINAL`, `CHANGE_PROPOSAL_EXPIRED`,
 * `CHANGE_NOT_APPROVED`, `CHANGE_APPROVED_BEFORE`, `CHANGE_APPROVER_IS_AUTHOR`, `CHANGE_APPROVER_NOT_A_PERSON`,
 * `CHANGE_TOO_LARGE`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const changeProposalDecider: Decider<ChangeProposalState, ChangeProposalCommand, ChangeProposalEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: [
    'ChangeProposed',
    'ChangeApproved',
    'ChangeApprovalInvalidated',
    'ChangeRejected',
    'ChangeApplied',
    'ChangeLapsed',
  ],

  decide(command, state) {
    if (command.type === 'ProposeChange') {
      if (state.status !== 'none') throw new Refusal('CHANGE_PROPOSAL_EXISTS', 'A change with this id exists already.')
      const { type: _, ...facts } = command
      const size = JSON.stringify(facts.events).length
      if (size > mostBytes)
        throw new Refusal(
          'CHANGE_TOO_LARGE',
          `A proposed change has at most ${mostBytes} characters as JSON; this one has ${size}. Propose it in parts.`,
          { size, limit: mostBytes },
        )
      const reason = parseText(facts.reason, 'The reason of the change')
      return [{ type: 'ChangeProposed', data: { schemaVersion: 1, ...facts, reason } }]
    }
    if (state.status === 'none') throw new Refusal('CHANGE_PROPOSAL_NOT_FOUND', 'There is no such change.')
    switch (command.type) {
      case 'ApproveChange': {
        const { approver, comment, noLongerAllowed, at } = command
        refuseUnlessOpen(state, at)
        refuseApprover(state, approver, [approver.userId, ...command.samePersonAs])
        const invalidated = state.approvals.filter((approval) => noLongerAllowed.includes(approval.approver))
        const data = { approver: approver.userId, comment: parseText(comment, 'The comment') }
        return [
          ...invalidated.map(
            (approval): ChangeProposalEvent => ({
              type: 'ChangeApprovalInvalidated',
              data: { schemaVersion: 1, approver: approval.approver },
            }),
          ),
          { type: 'ChangeApproved', data: { schemaVersion: 1, ...data } },
        ]
      }
      case 'RejectChange': {
        refuseUnlessOpen(state, command.at)
        const { rejectedBy, comment } = command
        return [
          {
            type: 'ChangeRejected',
            data: { schemaVersion: 1, rejectedBy, comment: parseText(comment, 'The comment') },
          },
        ]
      }
      case 'ApplyChange':
        if (state.status !== 'approved') throw notApproved(state)
        return [{ type: 'ChangeApplied', data: { schemaVersion: 1, revision: command.revision } }]
      case 'LapseChange':
        if (isFinalChange(state)) throw final(state)
        if (command.reason === 'expired' && command.at < state.expiresAt)
          throw new Refusal('CHANGE_NOT_APPROVED', `The change can be approved until ${state.expiresAt}.`)
        return [{ type: 'ChangeLapsed', data: { schemaVersion: 1, reason: command.reason } }]
    }
  },

  evolve(state, event) {
    if (event.type === 'ChangeProposed') {
      if (state.status !== 'none') return state
      const { schemaVersion: _, ...facts } = event.data
      return { ...facts, status: 'proposed', approvals: [], rejection: null, lapsed: null }
    }
    // What is over stays over, whatever the stream says after it.
    if (state.status === 'none' || isFinalChange(state)) return state
    switch (event.type) {
      case 'ChangeApproved': {
        const { approver, comment } = event.data
        const approvals = [...state.approvals, { approver, comment }]
        return { ...state, approvals, status: approvals.length >= state.requiredApprovals ? 'approved' : 'proposed' }
      }
      case 'ChangeApprovalInvalidated':
        return { ...state, approvals: state.approvals.filter(({ approver }) => approver !== event.data.approver) }
      case 'ChangeRejected': {
        const { rejectedBy, comment } = event.data
        return { ...state, status: 'rejected', rejection: { rejectedBy, comment } }
      }
      case 'ChangeApplied':
        return { ...state, status: 'applied' }
      case 'ChangeLapsed':
        return { ...state, status: 'lapsed', lapsed: event.data.reason }
    }
  },
}

/** Whether nothing can become of a change any more. */
export function isFinalChange({ status }: ChangeProposal): boolean {
  return status === 'applied' || status === 'rejected' || status === 'lapsed'
}

function refuseUnlessOpen(change: ChangeProposal, at: Instant): void {
  if (isFinalChange(change) || change.status === 'approved') throw final(change)
  if (at >= change.expiresAt)
    throw new Refusal(
      'CHANGE_PROPOSAL_EXPIRED',
      `The change could be decided about until ${change.expiresAt}. Propose it again.`,
      { expiresAt: change.expiresAt },
    )
}

function refuseApprover(
  { author, approvals }: ChangeProposal,
  { kind }: ChangeApprover,
  accounts: readonly UserId[],
): void {
  if (kind !== 'interactive')
    throw new Refusal('CHANGE_APPROVER_NOT_A_PERSON', 'Changes of rules are approved by people, not by CI users.')
  if (author !== null && accounts.includes(author))
    throw new Refusal(
      'CHANGE_APPROVER_IS_AUTHOR',
      'Others than its author must approve a change: not whoever is responsible for its CI user, or made the token that it was proposed with, either.',
    )
  if (approvals.some(({ approver }) => accounts.includes(approver)))
    throw new Refusal(
      'CHANGE_APPROVED_BEFORE',
      'You have approved this change already; everybody counts once, by whatever account.',
    )
}

function notApproved({ approvals, requiredApprovals, status }: ChangeProposal): Refusal {
  return new Refusal(
    'CHANGE_NOT_APPROVED',
    `The change is ${status}, with ${approvals.length} of ${requiredApprovals} approvals.`,
    { status, approvals: approvals.length, requiredApprovals },
  )
}

function final({ status }: ChangeProposal): Refusal {
  return new Refusal('CHANGE_PROPOSAL_FINAL', `Nothing can be decided about the change any more: it is ${status}.`, {
    status,
  })
}
