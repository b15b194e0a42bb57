import { parseSlug, Refusal, type TrustedBuildSystemId } from '../domain/index.ts'
import { parsePageRequest } from '../projections/index.ts'
import { asOf, listAsOf } from './as-of.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import { parseEntityId } from './global-id.ts'
import { minimumPosition } from './minimum-position.ts'
import { foldingCost } from './query-cost.ts'
import { TrustedBuildSystemRef } from './refs.ts'

builder.queryFields((t) => ({
  trustedBuildSystem: t.field({
    type: TrustedBuildSystemRef,
    nullable: true,
    description: 'By `id` (UUID or node id) or `slug`: give one of them.',
    complexity: foldingCost,
    args: { id: t.arg.id(), slug: t.arg.string(), asOf: asOf(t), minimumPosition: minimumPosition(t) },
    resolve: async (_root, { id, slug }, { readModel, caller }) => {
      if ((id == null) === (slug == null))
        throw new Refusal('ARGUMENTS_AMBIGUOUS', 'Name the trusted build system by id or by slug, one of them.')
      if (id != null) return parseEntityId<TrustedBuildSystemId>(id, 'TrustedBuildSystem')
      const parsed = parseSlug(slug ?? '', "The trusted build system's slug")
      return (await readModel.trustedBuildSystemBySlug(caller.organizationId, parsed)) ?? null
    },
  }),
  trustedBuildSystems: t.connection(
    {
      type: TrustedBuildSystemRef,
      description: 'By slug.',
      args: { asOf: listAsOf(t), minimumPosition: minimumPosition(t) },
      resolve: async (_root, args, { readModel, caller }) =>
        asConnection(await readModel.listTrustedBuildSystems(caller.organizationId, parsePageRequest(args))),
    },
    { name: 'TrustedBuildSystemConnection' },
  ),
}))
