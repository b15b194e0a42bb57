import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { GroupChanged } from '../application/index.ts'
import type { GroupId, UserId } from '../domain/index.ts'
import { builder } from './builder.ts'
import { ControlledChangeRef } from './controlled-change.ts'
import { parseEntityId } from './global-id.ts'
import { reached } from './minimum-position.ts'
import { onceProjected } from './once-projected.ts'
import { GroupRef } from './refs.ts'

const PayloadRef = builder.objectRef<GroupChanged>('GroupPayload').implement({
  description: 'A group after a change that is in the log for good, or was proposed.',
  interfaces: [ControlledChangeRef],
  fields: (t) => ({
    groupId: t.exposeID('groupId', { description: 'UUID.' }),
    changeProposalId: t.id({
      nullable: true,
      description: 'The change that was proposed instead: it holds when others have approved it. Null: it is made.',
      resolve: ({ changeProposalId }) => changeProposalId ?? null,
    }),
    group: t.field({
      type: GroupRef,
      nullable: true,
      description: 'Null, with the error `READ_MODEL_BEHIND`, when the read model did not get there in time.',
      resolve: async ({ groupId, position }, _args, context) => {
        await reached(position, context)
        // An earlier mutation of this operation may have loaded what this one changed.
        clearAllDataLoaders(context)
        return groupId
      },
    }),
  }),
})

const CreateGroupInput = builder.inputType('CreateGroupInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    description: t.string(),
    members: t.idList({ description: 'Users: UUIDs or node ids.' }),
  }),
})

const DescribeGroupInput = builder.inputType('DescribeGroupInput', {
  fields: (t) => ({
    groupId: t.id({ required: true, description: 'UUID or node id.' }),
    name: t.string({ required: true }),
    description: t.string({ description: 'Null: none from now on.' }),
    basedOnRevision: t.int({
      required: true,
      description: 'The `revision` that the change was made from: when there is a newer one, `CHANGE_STALE`.',
    }),
  }),
})

const ChangeGroupMembersInput = builder.inputType('ChangeGroupMembersInput', {
  fields: (t) => ({
    groupId: t.id({ required: true, description: 'UUID or node id.' }),
    add: t.idList({ description: 'Users who join: UUIDs or node ids. Those who are members already are passed over.' }),
    remove: t.idList({ description: 'Users who leave. Those who are no members are passed over.' }),
    basedOnRevision: t.int({
      description: 'The `revision` that the change was made from: when there is a newer one, `CHANGE_STALE`.',
    }),
  }),
})

const groupIdOf = (id: string) => parseEntityId<GroupId>(id, 'Group')
const userIdsOf = (ids: readonly string[] | null | undefined) =>
  (ids ?? []).map((id) => parseEntityId<UserId>(id, 'User'))

builder.mutationFields((t) => ({
  createGroup: t.field({
    type: PayloadRef,
    description: 'Creates a group, which can be named wherever a user can.',
    args: { input: t.arg({ type: CreateGroupInput, required: true }) },
    resolve: (_root, { input: { name, description, members } }, context) =>
      onceProjected(
        context,
        context.application.createGroup(context.caller, {
          name,
          description: description ?? null,
          members: userIdsOf(members),
        }),
      ),
  }),
  describeGroup: t.field({
    type: PayloadRef,
    description: 'Gives a group another name or description.',
    args: { input: t.arg({ type: DescribeGroupInput, required: true }) },
    resolve: (_root, { input: { groupId, name, description, basedOnRevision } }, context) =>
      onceProjected(
        context,
        context.application.describeGroup(context.caller, {
          groupId: groupIdOf(groupId),
          name,
          description: description ?? null,
          basedOnRevision,
        }),
      ),
  }),
  changeGroupMembers: t.field({
    type: PayloadRef,
    description: 'Has users join and leave a group. Whatever names the group means its new members from then on.',
    args: { input: t.arg({ type: ChangeGroupMembersInput, required: true }) },
    resolve: (_root, { input: { groupId, add, remove, basedOnRevision = null } }, context) =>
      onceProjected(
        context,
        context.application.changeGroupMembers(context.caller, {
          groupId: groupIdOf(groupId),
          add: userIdsOf(add),
          remove: userIdsOf(remove),
          basedOnRevision,
        }),
      ),
  }),
}))
