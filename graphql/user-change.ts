import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { UserChanged } from '../application/index.ts'
import type { UserId } from '../domain/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { ControlledChangeRef } from './controlled-change.ts'
import { parseEntityId } from './global-id.ts'
import { reached } from './minimum-position.ts'
import { UserRef } from './refs.ts'

/** What every change of a user answers. */
export const UserChangeRef = builder.interfaceRef<UserChanged>('UserChange').implement({
  description: 'A user after a change that is in the log for good, or was proposed.',
  fields: (t) => ({
    userId: t.exposeID('userId', { description: 'UUID.' }),
    position: t.expose('position', {
      type: 'LogPosition',
      description: 'Where the change is in the log. Pass it as `minimumPosition` to queries that must see it.',
    }),
    changeProposalId: t.id({
      nullable: true,
      description: 'The change that was proposed instead: it holds when others have approved it. Null: it is made.',
      resolve: ({ changeProposalId }) => changeProposalId ?? null,
    }),
    user: t.field({
      type: UserRef,
      nullable: true,
      description: 'Null, with the error `READ_MODEL_BEHIND`, when the read model did not get there in time.',
      resolve: async ({ userId, position }, _args, context: GraphQLContext) => {
        await reached(position, context)
        // An earlier mutation of this operation may have loaded what this one changed.
        clearAllDataLoaders(context)
        return userId
      },
    }),
  }),
})

/** A user after a change. */
export const UserPayloadRef = builder.objectRef<UserChanged>('UserPayload').implement({
  description: 'A user after a change.',
  interfaces: [UserChangeRef, ControlledChangeRef],
  isTypeOf: () => true,
})

/** What inputs say of a revision. */
export const basedOnRevisionDescription =
  'The `revision` that the change was made from: when there is a newer one, `CHANGE_STALE` and no change.'

/** A user's id, as an argument names it. */
export const userIdOf = (id: string) => parseEntityId<UserId>(id, 'User')
