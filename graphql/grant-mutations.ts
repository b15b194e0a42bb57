import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { GrantChanged } from '../application/index.ts'
import { builder } from './builder.ts'
import { parseEntityId, uuidOrSlug } from './global-id.ts'
import { reached } from './minimum-position.ts'
import { onceProjected } from './once-projected.ts'
import { GrantRef } from './refs.ts'

const GrantPayloadRef = builder.objectRef<GrantChanged>('GrantPayload').implement({
  description: 'A grant after a change that is in the log for good.',
  fields: (t) => ({
    grantId: t.exposeID('grantId', { description: 'UUID.' }),
    position: t.expose('position', {
      type: 'LogPosition',
      description: 'Where the change is in the log. Pass it as `minimumPosition` to queries that must see it.',
    }),
    grant: t.field({
      type: GrantRef,
      nullable: true,
      description:
        'With the change in it. Null, with the error `READ_MODEL_BEHIND`, when the read model did not get there in time: the change happened all the same.',
      resolve: async ({ grantId, position }, _args, context) => {
        await reached(position, context)
        // An earlier mutation of this operation may have loaded what this one changed.
        clearAllDataLoaders(context)
        return grantId
      },
    }),
  }),
})

const GiveGrantInput = builder.inputType('GiveGrantInput', {
  fields: (t) => ({
    project: t.string({ required: true, description: 'Slug, UUID or node id.' }),
    signingPolicy: t.string({
      required: true,
      description: 'Slug (in the project), UUID or node id. You must be one of its approvers.',
    }),
    from: t.field({ type: 'DateTime', description: 'From when on it approves; from now on when absent.' }),
    until: t.field({ type: 'DateTime', required: true, description: 'Until when, exclusively: 90 days at the most.' }),
    maximumRequests: t.int({ required: true, description: 'How many requests it is for, 1 to 1,000.' }),
    fileNames: t.stringList({
      required: true,
      description:
        "Globs of the artifact's file name, one or more: one must match. `*` is any text without /, `?` one character.",
    }),
    versions: t.stringList({
      description: 'Globs of the version that the submission says: one must match. It does not matter when absent.',
    }),
    branches: t.stringList({
      description:
        'Globs of the branch that the origin names, such as release/*: one must match. A request without an origin has none. It does not matter when absent.',
    }),
    comment: t.string(),
  }),
})

const RevokeGrantInput = builder.inputType('RevokeGrantInput', {
  fields: (t) => ({
    grantId: t.id({ required: true, description: 'UUID or node id.' }),
    reason: t.string(),
  }),
})

builder.mutationFields((t) => ({
  giveGrant: t.field({
    type: GrantPayloadRef,
    description: 'Approves requests of a signing policy in advance, in your own name.',
    args: { input: t.arg({ type: GiveGrantInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        context.application.giveGrant(context.caller, {
          project: uuidOrSlug(input.project, 'Project'),
          signingPolicy: uuidOrSlug(input.signingPolicy, 'SigningPolicy'),
          from: input.from ?? null,
          until: input.until,
          maximumRequests: input.maximumRequests,
          fileNames: input.fileNames,
          versions: input.versions ?? [],
          branches: input.branches ?? [],
          comment: input.comment ?? null,
        }),
      ),
  }),
  revokeGrant: t.field({
    type: GrantPayloadRef,
    description:
      'Takes a grant back, at once: also what was approved by it and is not signed yet needs another approval.',
    args: { input: t.arg({ type: RevokeGrantInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        context.application.revokeGrant(context.caller, {
          grantId: parseEntityId(input.grantId, 'Grant'),
          reason: input.reason ?? null,
        }),
      ),
  }),
}))
