import { asEventOf, type FoldedEvent } from '../decider.ts'
import { type ChangeProposalState, changeProposalDecider } from './decider.ts'

/** The event of a change's history with which its approvals were enough; `undefined` while they are not. */
export function quorumEvent<Event extends FoldedEvent>(history: readonly Event[]): Event | undefined {
  let state: ChangeProposalState = changeProposalDecider.initialState()
  for (const event of history) {
    state = changeProposalDecider.evolve(state, asEventOf(changeProposalDecider, event))
    if (state.status === 'approved') return event
  }
  return undefined
}
