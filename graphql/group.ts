import type { UserId } from '../domain/index.ts'
import {
  decodeCursor,
  encodeCursor,
  type GroupView,
  type Page,
  type PageRequest,
  parsePageRequest,
} from '../projections/index.ts'
import { asConnection } from './connection.ts'
import { EntityRef } from './entity.ts'
import { GroupRef, UserRef } from './refs.ts'

GroupRef.implement({
  description: 'Users that can be named together, wherever a user can.',
  interfaces: [EntityRef],
  fields: (t) => ({
    groupId: t.exposeID('groupId', { description: 'UUID.' }),
    name: t.exposeString('name'),
    description: t.exposeString('description', { nullable: true }),
    memberCount: t.int({ resolve: ({ members }) => members.length }),
    members: t.connection({
      type: UserRef,
      description: 'By id. Users who were deactivated since may be among them.',
      resolve: (group, args) => asConnection(pageOfMembers(group, parsePageRequest(args))),
    }),
  }),
})

/** A page of a group's members, by id. @throws Refusal `CURSOR_MALFORMED` */
function pageOfMembers(group: GroupView, { after, before, size, direction }: PageRequest): Page<UserId> {
  const members = [...group.members].sort()
  const start = after === undefined ? 0 : firstIndex(members, (id) => id > decodeCursor(after).id)
  const end = before === undefined ? members.length : firstIndex(members, (id) => id >= decodeCursor(before).id)
  const from = direction === 'forward' ? start : Math.max(start, end - size)
  const to = direction === 'forward' ? Math.min(end, start + size) : end
  return {
    items: members.slice(from, to).map((id) => ({ cursor: encodeCursor({ key: '', id }), item: id })),
    hasNextPage: to < members.length,
    hasPreviousPage: from > 0,
  }
}

function firstIndex(members: readonly UserId[], matches: (id: UserId) => boolean): number {
  const index = members.findIndex(matches)
  return index === -1 ? members.length : index
}
