import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { Handled } from '../application/index.ts'
import { builder } from './builder.ts'
import { ControlledChangeRef } from './controlled-change.ts'
import { reached } from './minimum-position.ts'
import type { EntityRefs } from './refs.ts'

/** An entity that was created or changed, or whose change was proposed. */
export type EntityChanged = Handled & { readonly id: string }

/** What a payload says of one kind of entity. */
export type PayloadForm<Type extends keyof EntityRefs> = {
  readonly type: Type
  readonly ref: EntityRefs[Type]
  /** Of the field with the entity; the field with its id is named after it. */
  readonly field: string
  /** The payload's own name; that of the type and `Payload` when absent. */
  readonly name?: string
}

/**
 * The type that changes of one kind of entity answer: its id, where the change is in the log, whether it was proposed
 * instead, and the entity with the change in it.
 */
export function entityPayload<Type extends keyof EntityRefs>({
  type,
  ref,
  field,
  name = `${type}Payload`,
}: PayloadForm<Type>) {
  return builder.objectRef<EntityChanged>(name).implement({
    description: `A ${type} after a change that is in the log for good, or after a proposal of it.`,
    interfaces: [ControlledChangeRef],
    fields: (t) => ({
      [`${field}Id`]: t.exposeID('id', { description: 'UUID.' }),
      changeProposalId: t.id({
        nullable: true,
        description: 'The change that was proposed instead: it holds when others have approved it. Null: it is made.',
        resolve: ({ changeProposalId }) => changeProposalId ?? null,
      }),
      [field]: t.field({
        type: ref as EntityRefs['Project'],
        nullable: true,
        description:
          'The entity with the change in it. Null, with the error `READ_MODEL_BEHIND`, when the read model did not get there in time: the change happened all the same. Null also when its creation was proposed.',
        resolve: async ({ id, position }, _args, context) => {
          await reached(position, context)
          // An earlier mutation of this operation may have loaded what this one changed.
          clearAllDataLoaders(context)
          return id
        },
      }),
    }),
  })
}
