import type { ProjectId, WebHookId } from '../domain/index.ts'
import { parsePageRequest } from '../projections/index.ts'
import { listAsOf } from './as-of.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import { entityArguments } from './entity-arguments.ts'
import { parseEntityId } from './global-id.ts'
import { minimumPosition } from './minimum-position.ts'
import { foldingCost } from './query-cost.ts'
import { WebHookRef } from './refs.ts'

builder.queryFields((t) => ({
  webHook: t.field({
    type: WebHookRef,
    nullable: true,
    complexity: foldingCost,
    args: entityArguments(t),
    resolve: (_root, { id }) => parseEntityId<WebHookId>(id, 'WebHook'),
  }),
  webHooks: t.connection(
    {
      type: WebHookRef,
      description: 'Newest first, without those that were deleted.',
      args: {
        projectId: t.arg.id({ description: "UUID or node id: the project's own. Left out: all of them." }),
        wholeOrganization: t.arg.boolean({ description: 'Those alone that are told of all projects.' }),
        asOf: listAsOf(t),
        minimumPosition: minimumPosition(t),
      },
      resolve: async (_root, { projectId, wholeOrganization, ...page }, { readModel, caller }) => {
        const filter =
          projectId != null
            ? { projectId: parseEntityId<ProjectId>(projectId, 'Project') }
            : wholeOrganization
              ? { projectId: null }
              : {}
        return asConnection(await readModel.listWebHooks(caller.organizationId, filter, parsePageRequest(page)))
      },
    },
    { name: 'WebHookConnection' },
  ),
}))
