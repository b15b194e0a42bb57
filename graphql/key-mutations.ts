import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { KeyId } from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
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

const DeletionInput = builder.inputType('KeyDeletionInput', {
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'UUID or node id.' }),
    reason: t.string(),
  }),
})

const ConfirmInput = builder.inputType('ConfirmKeyDeletionInput', {
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'UUID or node id.' }),
    label: t.string({ required: true, description: "The key's label, so that it is this one that is meant." }),
  }),
})

builder.mutationFields((t) => ({
  requestKeyDeletion: t.field({
    type: PayloadRef,
    description:
      'Asks for the destruction of a key that no active policy uses. It signs nothing from now on; another person has to confirm it within seven days.',
    args: { input: t.arg({ type: DeletionInput, required: true }) },
    resolve: (_root, { input: { keyId, reason } }, context) =>
      changed(context, keyId, (id) =>
        context.application.requestKeyDeletion(context.caller, { keyId: id, reason: reason ?? null }),
      ),
  }),
  confirmKeyDeletion: t.field({
    type: PayloadRef,
    description: 'Confirms the destruction of a key that another person asked for: the signer destroys it, for good.',
    args: { input: t.arg({ type: ConfirmInput, required: true }) },
    resolve: (_root, { input: { keyId, label } }, context) =>
      changed(context, keyId, (id) => context.application.confirmKeyDeletion(context.caller, { keyId: id, label })),
  }),
  withdrawKeyDeletion: t.field({
    type: PayloadRef,
    description: 'Keeps a key after all whose destruction was asked for and not confirmed.',
    args: { input: t.arg({ type: DeletionInput, required: true }) },
    resolve: (_root, { input: { keyId, reason } }, context) =>
      changed(context, keyId, (id) =>
        context.application.withdrawKeyDeletion(context.caller, { keyId: id, reason: reason ?? null }),
      ),
  }),
}))

async function changed(
  context: GraphQLContext,
  id: string | number,
  change: (keyId: KeyId) => Promise<{ readonly position: LogPosition }>,
) {
  const keyId = parseEntityId(String(id), 'Key') as KeyId
  return { keyId, ...(await onceProjected(context, change(keyId))) }
}

builder.mutationField('disableKey', (t) =>
  t.field({
    type: PayloadRef,
    description: 'Disables a key for good: it signs nothing from now on, whatever certificates it has.',
    args: { input: t.arg({ type: DisableInput, required: true }) },
    resolve: (_root, { input: { keyId, reason } }, context) =>
      changed(context, keyId, (id) =>
        context.application.disableKey(context.caller, { keyId: id, reason: reason ?? null }),
      ),
  }),
)
