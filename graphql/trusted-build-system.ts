import type { ProjectId } from '../domain/index.ts'
import type { TrustedBuildSystemTokenView, TrustedBuildSystemView } from '../projections/index.ts'
import { parsePageRequest } from '../projections/index.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import { EntityRef } from './entity.ts'
import { pageOfIds } from './page-of-ids.ts'
import { ProjectRef, TrustedBuildSystemRef } from './refs.ts'
import {
  TrustedBuildSystemKindRef,
  TrustedBuildSystemStatusRef,
  TrustedBuildSystemTokenStatusRef,
} from './trusted-build-system-enums.ts'

const TokenRef = builder.objectRef<TrustedBuildSystemTokenView>('TrustedBuildSystemToken').implement({
  description: 'A token of a trusted build system. The token itself is shown only to whoever makes it.',
  fields: (t) => ({
    tokenId: t.exposeID('tokenId', { description: 'UUID.' }),
    prefix: t.exposeString('prefix', { description: 'The first characters of its secret part.' }),
    status: t.expose('status', { type: TrustedBuildSystemTokenStatusRef }),
    issuedAt: t.expose('issuedAt', { type: 'DateTime' }),
    validUntil: t.expose('validUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when a replaced one works.',
    }),
  }),
})

TrustedBuildSystemRef.implement({
  description: 'What vouches by its token that a call comes from it.',
  interfaces: [EntityRef],
  fields: (t) => ({
    trustedBuildSystemId: t.exposeID('trustedBuildSystemId', { description: 'UUID.' }),
    slug: t.exposeString('slug', { description: 'What tools name it by.' }),
    name: t.exposeString('name'),
    description: t.exposeString('description', { nullable: true }),
    kind: t.expose('kind', { type: TrustedBuildSystemKindRef }),
    status: t.expose('status', { type: TrustedBuildSystemStatusRef }),
    tokens: t.field({ type: [TokenRef], description: 'The oldest first.', resolve: ({ tokens }) => [...tokens] }),
    projectCount: t.int({ resolve: ({ projects }) => projects.length }),
    projects: t.connection({
      type: ProjectRef,
      description: 'Those that it is linked to, by id.',
      resolve: ({ projects }, args) => asConnection(pageOfIds(projects, parsePageRequest(args))),
    }),
  }),
})

builder.objectField(ProjectRef, 'trustedBuildSystems', (t) =>
  t.loadableList({
    type: TrustedBuildSystemRef,
    description: 'Those that are linked to it, by id.',
    load: async (projectIds: ProjectId[], { readModel, caller }): Promise<TrustedBuildSystemView[][]> => {
      const lists = await readModel.trustedBuildSystemsOfProjects(caller.organizationId, projectIds, 'linked')
      return lists.map((list) => [...list])
    },
    resolve: ({ projectId }) => projectId,
  }),
)
