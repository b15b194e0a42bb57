import { type KeyId, Refusal } from '../domain/index.ts'
import { builder } from './builder.ts'
import { parseEntityId } from './global-id.ts'
import { onceProjected } from './once-projected.ts'
import { organizationPayload } from './organization-payload.ts'

const StatementKeyPayloadRef = organizationPayload(
  'StatementKeyPayload',
  'The organization after another key was named for its statements, or after that was proposed.',
)

const ChangeStatementKeyInput = builder.inputType('ChangeStatementKeyInput', {
  fields: (t) => ({
    keyId: t.id({
      description: "UUID or node id. Null: the key of the policy's certificate; it cannot be left out.",
    }),
    basedOnRevision: t.int({
      description: "The organization's `revision` that the change was made from; another one is `CHANGE_STALE`.",
    }),
  }),
})

builder.mutationField('changeStatementKey', (t) =>
  t.field({
    type: StatementKeyPayloadRef,
    description: 'Says which key signs where something comes from (provenance) from now on.',
    args: { input: t.arg({ type: ChangeStatementKeyInput, required: true }) },
    resolve: (_root, { input: { keyId, basedOnRevision = null } }, context) => {
      if (keyId === undefined)
        throw new Refusal('ARGUMENTS_AMBIGUOUS', "Say which key signs: null is the key of the policy's certificate.")
      const named = keyId === null ? null : parseEntityId<KeyId>(keyId, 'Key')
      return onceProjected(
        context,
        context.application.changeStatementKey(context.caller, { keyId: named, basedOnRevision }),
      )
    },
  }),
)
