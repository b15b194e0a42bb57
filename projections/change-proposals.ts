import type { ChangeProposal, ChangeProposalState } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { changeProposalDecider } from './folds.ts'
import type { ChangeProposalView } from './views.ts'

/** `changeProposal-<id>` → `change_proposals`. Hashes of tokens that a change makes are left out. */
export const changeProposals: EntityProjection<ChangeProposalState, object, ChangeProposalView> = {
  kind: 'changeProposal',
  table: 'change_proposals',
  decider: changeProposalDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: {},
  observe: (facts) => facts,
  columns: (state) => {
    const { status, target } = state as ChangeProposal
    return { status, target }
  },
  view: ({ state }, recorded) => ({ ...(state as ChangeProposal), ...recorded }),
}
