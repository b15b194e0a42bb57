import type { DomainEvent } from '../event.ts'
import type { GroupId, OrganizationId, UserId } from '../ids.ts'

/** What a group is from the beginning. */
export type GroupFacts = {
  readonly groupId: GroupId
  readonly organizationId: OrganizationId
  readonly name: string
  readonly description: string | null
}

/** A group came to be, with its first members, if any. */
export type GroupCreated = DomainEvent<'GroupCreated', GroupFacts & { readonly members: readonly UserId[] }>

/** The group is called or described otherwise. Its members stay. */
export type GroupDescribed = DomainEvent<
  'GroupDescribed',
  { readonly name: string; readonly description: string | null }
>

/**
 * Users joined the group and left it, all at the same moment. From here on it stands for its new members wherever it is
 * named.
 */
export type GroupMembersChanged = DomainEvent<
  'GroupMembersChanged',
  {
    /** None of them was a member. */
    readonly added: readonly UserId[]
    /** Each of them was one. */
    readonly removed: readonly UserId[]
  }
>

/** Everything that happens to a group. */
export type GroupEvent = GroupCreated | GroupDescribed | GroupMembersChanged
