import { type Group, type GroupState, referenceKey, type UserId } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { groupDecider } from './folds.ts'
import type { GroupView } from './views.ts'

/** Who was a member once and is none now. */
type GroupFacts = { readonly former: readonly UserId[] }

/** `group-<id>` → `groups`, and its members → `named_principals`. */
export const groups: EntityProjection<GroupState, GroupFacts, GroupView> = {
  kind: 'group',
  table: 'groups',
  decider: groupDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: { former: [] },
  observe: ({ former }, { type, data }) => {
    if (type !== 'GroupMembersChanged') return { former }
    const added = new Set(data.added as readonly UserId[])
    const gone = new Set([...former, ...(data.removed as readonly UserId[])])
    return { former: added.size === 0 ? [...gone] : [...gone].filter((user) => !added.has(user)) }
  },
  columns: (state) => ({ name: (state as Group).name }),
  named: (state, { former }, id) => {
    const { organizationId, members } = state as Group
    const row = (user: UserId, holds: 'yes' | 'no') => ({
      id: `${id} member ${referenceKey({ user })}`,
      organization_id: organizationId,
      entity_id: id,
      role: 'member' as const,
      principal: referenceKey({ user }),
      holds,
    })
    return [...members.map((user) => row(user, 'yes')), ...former.map((user) => row(user, 'no'))]
  },
  view: ({ state }, recorded) => ({ ...(state as Group), ...recorded }),
}
