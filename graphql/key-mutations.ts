import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { KeyId } from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import { builder } from './builder.ts'
import { parseEntityId } from './global-id.ts'
import { reached } from './minimum-position.ts'
import { onceProjected } from './once-projected.ts'
import { KeyRef } from './refs.ts'

const PayloadRef = builder
  .objectRef<{ readonly keyId: KeyId; readonly position: LogPosition }>('KeyPayload')
  .implement({
    description: 'A key after a change that is in the log for good.',
    fields: (t) => ({
      keyId: t.exposeID('keyId', { description: 'UUID.' }),
      position: t.expose('position', {
        type: 'LogPosition',
        description: 'Where the change is in the log. Pass it as `minimumPosition` to queries that must see it.',
      }),
      key: t.field({
        type: KeyRef,
        nullable: true,
        description: 'Null, with the error `READ_MODEL_BEHIND`, when the read model did not get there in time.',
        resolve: async ({ keyId, position }, _args, context) => {
          await reached(position, context)
          // An earlier mutation of this operation may have loaded what this one changed.
          clearAllDataLoaders(context)
          return keyId
        },
      }),
    }),
  })

const DisableInput = builder.inputType('DisableKeyInput', {
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'UUID or node id.' }),
    reason: t.string(),
  }),
})

builder.mutationField('disableKey', (t) =>
  t.field({
    type: PayloadRef,
    description: 'Disables a key for good: it signs nothing from now on, whatever certificates it has.',
    args: { input: t.arg({ type: DisableInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const keyId = parseEntityId(String(input.keyId), 'Key') as KeyId
      const disabled = context.application.disableKey(context.caller, { keyId, reason: input.reason ?? null })
      return { keyId, ...(await onceProjected(context, disabled)) }
    },
  }),
)
