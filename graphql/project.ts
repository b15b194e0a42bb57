import type { ProjectId } from '../domain/index.ts'
import type { SigningPolicyView } from '../projections/index.ts'
import { EntityRef } from './entity.ts'
import { ProjectStatusRef } from './enums.ts'
import { ProjectRef, SigningPolicyRef } from './refs.ts'

ProjectRef.implement({
  description: 'What belongs together and is signed under common policies.',
  interfaces: [EntityRef],
  fields: (t) => ({
    projectId: t.exposeID('projectId', { description: 'UUID.' }),
    slug: t.exposeString('slug', { description: 'What tools name the project by.' }),
    name: t.exposeString('name'),
    description: t.exposeString('description', { nullable: true }),
    repositoryUrl: t.exposeString('repositoryUrl', { nullable: true }),
    status: t.expose('status', { type: ProjectStatusRef }),
    signingPolicies: t.loadableList({
      type: SigningPolicyRef,
      description: 'By slug.',
      load: async (projectIds: ProjectId[], { readModel, caller }): Promise<SigningPolicyView[][]> => {
        const lists = await readModel.signingPoliciesOfProjects(caller.organizationId, projectIds)
        return lists.map((list) => [...list])
      },
      resolve: ({ projectId }) => projectId,
    }),
  }),
})
