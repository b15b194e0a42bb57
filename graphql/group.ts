import { parsePageRequest } from '../projections/index.ts'
import { asConnection } from './connection.ts'
import { EntityRef } from './entity.ts'
import { pageOfIds } from './page-of-ids.ts'
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
      resolve: ({ members }, args) => asConnection(pageOfIds(members, parsePageRequest(args))),
    }),
  }),
})
