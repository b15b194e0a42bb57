import { randomUUID } from 'node:crypto'
import { type GroupId, groupDecider, streams, type UserId } from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { type BasedOn, type Handled, handleCommand } from './handle-command.ts'
import type { ApplicationDependencies } from './ports.ts'
import { requireUser } from './principals.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now'>

/** What a group is to be. */
export type GroupInput = {
  readonly name: string
  readonly description: string | null
  readonly members: readonly UserId[]
}

/** What a group is to be called. */
export type GroupDescription = BasedOn & {
  readonly groupId: GroupId
  readonly name: string
  readonly description: string | null
}

/** A group, and where the log was when it was changed. */
export type GroupChanged = Handled & { readonly groupId: GroupId }

/** Who is to join a group, and who is to leave it. */
export type GroupMembersChange = BasedOn & {
  readonly groupId: GroupId
  readonly add: readonly UserId[]
  readonly remove: readonly UserId[]
}

/**
 * Creates a group, which can be named wherever a user can.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, and as the group's decider
 */
export async function createGroup(
  dependencies: Dependencies,
  requester: Requester,
  input: GroupInput,
): Promise<GroupChanged> {
  for (const user of input.members) await requireUser(dependencies.log, requester, user)
  const groupId = randomUUID() as GroupId
  const { organizationId } = requester
  const { name, description, members } = input
  const handled = await handleCommand(dependencies, requester, streams.group(groupId), groupDecider, {
    type: 'CreateGroup',
    groupId,
    organizationId,
    name,
    description,
    members,
  })
  return { groupId, ...handled }
}

/**
 * Gives a group another name or description.
 *
 * @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as the group's decider
 */
export async function describeGroup(
  dependencies: Dependencies,
  requester: Requester,
  input: GroupDescription,
): Promise<GroupChanged> {
  const { groupId, name, description, ...basis } = input
  const command = { type: 'DescribeGroup', name, description } as const
  return {
    groupId,
    ...(await handleCommand(dependencies, requester, streams.group(groupId), groupDecider, command, basis)),
  }
}

/**
 * Has users join and leave a group, all at once. Whatever names the group means its new members from then on.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, and as the group's decider
 */
export async function changeGroupMembers(
  dependencies: Dependencies,
  requester: Requester,
  input: GroupMembersChange,
): Promise<GroupChanged> {
  const { groupId, add, remove, ...basis } = input
  for (const user of add) await requireUser(dependencies.log, requester, user)
  const command = { type: 'ChangeGroupMembers', add, remove } as const
  return {
    groupId,
    ...(await handleCommand(dependencies, requester, streams.group(groupId), groupDecider, command, basis)),
  }
}
