import type { GroupId, UserId } from '../domain/index.ts'
import type { GraphQLContext } from './context.ts'
import { GroupRef } from './refs.ts'

/** Who is in which groups. */
type Members = ReadonlyMap<GroupId, readonly UserId[]>

/** The members of groups, many at once. */
export async function membersOfGroups(groups: readonly GroupId[], context: GraphQLContext): Promise<Members> {
  const loaded = await Promise.all(groups.map((id) => GroupRef.getDataloader(context).load(id)))
  return new Map(loaded.flatMap((group) => (group === null ? [] : [[group.groupId, group.members] as const])))
}

/** Those of the groups whose member somebody is. */
export function groupsOf(user: UserId, members: Members): readonly GroupId[] {
  return [...members].flatMap(([group, users]) => (users.includes(user) ? [group] : []))
}
