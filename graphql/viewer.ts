import type { Caller } from '../application/index.ts'
import { builder } from './builder.ts'
import { GlobalRoleRef } from './enums.ts'
import { nameOf } from './person.ts'
import { OrganizationRef, UserRef } from './refs.ts'
import { ApiTokenRef } from './user.ts'

/** Who is asking. */
export const ViewerRef = builder.objectRef<Caller>('Viewer').implement({
  description: 'Who is asking, as the token proves it.',
  fields: (t) => ({
    userId: t.exposeID('userId', { description: 'UUID.' }),
    name: t.string({
      resolve: ({ organizationId, userId, person }, _, context) =>
        nameOf({ organizationId, userId, ...person, erased: false }, context),
    }),
    roles: t.field({ type: [GlobalRoleRef], resolve: ({ roles }) => [...roles] }),
    user: t.field({ type: UserRef, nullable: true, resolve: ({ userId }) => userId }),
    organization: t.field({
      type: OrganizationRef,
      nullable: true,
      resolve: ({ organizationId }) => organizationId,
    }),
    apiToken: t.field({
      type: ApiTokenRef,
      nullable: true,
      description: 'The API token of this call, if it was made by one.',
      resolve: async ({ userId, authentication }, _args, context) => {
        if (authentication.method !== 'apiToken') return null
        const { tokenId } = authentication
        const user = await UserRef.getDataloader(context).load(userId)
        return user?.tokens.find((token) => token.tokenId === tokenId) ?? null
      },
    }),
  }),
})
