import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { Handled } from '../application/index.ts'
import { builder } from './builder.ts'
import { reached } from './minimum-position.ts'
import { ChangeProposalRef } from './refs.ts'

/**
 * What every mutation answers whose change an organization may control: a payload names it among its interfaces, and has
 * these fields then.
 */
export const ControlledChangeRef = builder.interfaceRef<Handled>('ControlledChange').implement({
  description: 'A change that was made, or proposed where the organization controls such changes.',
  fields: (t) => ({
    position: t.expose('position', {
      type: 'LogPosition',
      description:
        'Where the change or its proposal is in the log. Pass it as `minimumPosition` to queries that must see it.',
    }),
    changeProposal: t.field({
      type: ChangeProposalRef,
      nullable: true,
      description:
        'The proposal that was made instead: the change holds when others have approved it. Null: it holds now. Null also, with the error `READ_MODEL_BEHIND`, when the read model did not get there in time.',
      resolve: async ({ changeProposalId, position }, _args, context) => {
        if (changeProposalId === undefined) return null
        await reached(position, context)
        // An earlier mutation of this operation may have loaded what this one changed.
        clearAllDataLoaders(context)
        return changeProposalId
      },
    }),
  }),
})
