import type { Decider } from '../decider.ts'
import type { OrganizationId, UserId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseName, parseText } from '../text.ts'
import type { GroupEvent, GroupFacts } from './events.ts'

/** A group that exists. */
export type Group = GroupFacts & {
  readonly status: 'active'
  /** Each once, those who joined last at the end. Users who were deactivated since may be among them. */
  readonly members: readonly UserId[]
}

/** Before and after the group was created. */
export type GroupState = { readonly status: 'none' } | Group

/** What can be asked of a group. That the users exist in its organization is for the caller to see to. */
export type GroupCommand =
  | ({ readonly type: 'CreateGroup'; readonly members: readonly UserId[] } & GroupFacts)
  | { readonly type: 'DescribeGroup'; readonly name: string; readonly description: string | null }
  | {
      readonly type: 'ChangeGroupMembers'
      /** Those who are members already are passed over. */
      readonly add: readonly UserId[]
      /** Those who are no members are passed over. */
      readonly remove: readonly UserId[]
    }

/** So many members a group may have: an event that names them all stays below what the event store takes at once. */
const mostMembers = 10_000

/**
 * Group: users that can be named together. Who is meant by it is settled when something is decided, not when it is named.
 *
 * Refuses with `GROUP_EXISTS`, `GROUP_NOT_FOUND`, `GROUP_UNCHANGED`, `GROUP_TOO_LARGE`, `MEMBERS_REPEATED`,
 * `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const groupDecider: Decider<GroupState, GroupCommand, GroupEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: ['GroupCreated', 'GroupDescribed', 'GroupMembersChanged'],

  decide(command, state) {
    if (command.type === 'CreateGroup') {
      if (state.status !== 'none') throw new Refusal('GROUP_EXISTS', 'A group with this id exists already.')
      const { groupId, organizationId, members } = command
      refuseRepeated(members)
      refuseTooMany(members.length)
      const described = checkedDescription(command)
      return [{ type: 'GroupCreated', data: { schemaVersion: 1, groupId, organizationId, ...described, members } }]
    }
    const group = existingGroup(state)
    switch (command.type) {
      case 'DescribeGroup': {
        const described = checkedDescription(command)
        if (described.name === group.name && described.description === group.description) throw unchanged(group)
        return [{ type: 'GroupDescribed', data: { schemaVersion: 1, ...described } }]
      }
      case 'ChangeGroupMembers': {
        refuseRepeated([...command.add, ...command.remove])
        const members = new Set(group.members)
        const added = command.add.filter((user) => !members.has(user))
        const removed = command.remove.filter((user) => members.has(user))
        if (added.length + removed.length === 0) throw unchanged(group)
        refuseTooMany(group.members.length + added.length - removed.length)
        return [{ type: 'GroupMembersChanged', data: { schemaVersion: 1, added, removed } }]
      }
    }
  },

  evolve(state, event) {
    if (event.type === 'GroupCreated') {
      if (state.status !== 'none') return state
      const { schemaVersion: _, ...facts } = event.data
      return { ...facts, status: 'active' }
    }
    if (state.status === 'none') return state
    switch (event.type) {
      case 'GroupDescribed': {
        const { name, description } = event.data
        return { ...state, name, description }
      }
      case 'GroupMembersChanged': {
        const members = new Set(state.members)
        for (const user of event.data.removed) members.delete(user)
        for (const user of event.data.added) members.add(user)
        return { ...state, members: [...members] }
      }
    }
  },
}

/**
 * The group, if there is one.
 *
 * @throws Refusal `GROUP_NOT_FOUND`
 */
export function existingGroup(state: GroupState): Group {
  if (state.status === 'none') throw new Refusal('GROUP_NOT_FOUND', 'There is no such group.')
  return state
}

/** Whether the group exists in the organization and the user is a member of it. */
export function isMember(state: GroupState, organizationId: OrganizationId, user: UserId): boolean {
  return state.status !== 'none' && state.organizationId === organizationId && state.members.includes(user)
}

function checkedDescription({ name, description }: Pick<GroupFacts, 'name' | 'description'>) {
  return { name: parseName(name, "The group's name"), description: parseText(description, 'The description') }
}

function refuseRepeated(users: readonly UserId[]): void {
  if (new Set(users).size !== users.length)
    throw new Refusal('MEMBERS_REPEATED', 'A change of a group must name each user once, to add or to remove.')
}

function refuseTooMany(members: number): void {
  if (members > mostMembers)
    throw new Refusal(
      'GROUP_TOO_LARGE',
      `A group has ${mostMembers} members at the most; this one would have ${members}.`,
      {
        limit: mostMembers,
        actual: members,
      },
    )
}

function unchanged(group: Group): Refusal {
  return new Refusal('GROUP_UNCHANGED', `The group ${group.name} is already as the change would make it.`)
}
