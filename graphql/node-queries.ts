import { Refusal } from '../domain/index.ts'
import { builder } from './builder.ts'
import { decodeGlobalId } from './global-id.ts'
import { loadNode } from './load-node.ts'
import { minimumPosition } from './minimum-position.ts'

/** So many nodes may be asked for at once. */
const mostNodes = 100

builder.queryFields((t) => ({
  node: t.field({
    type: builder.nodeInterfaceRef(),
    nullable: true,
    description: 'Anything by its node id.',
    args: { id: t.arg.id({ required: true }), minimumPosition: minimumPosition(t) },
    resolve: (_root, { id }, context) => loadNode(decodeGlobalId(id), context),
  }),
  nodes: t.field({
    type: [builder.nodeInterfaceRef()],
    nullable: { list: false, items: true },
    complexity: ({ ids }) => ({ field: 1, multiplier: Math.min(ids.length, mostNodes) }),
    description: `Anything by its node id, ${mostNodes} at most.`,
    args: { ids: t.arg.idList({ required: true }), minimumPosition: minimumPosition(t) },
    resolve: (_root, { ids }, context) => {
      if (ids.length > mostNodes)
        throw new Refusal('PAGE_TOO_LARGE', `At most ${mostNodes} nodes at once; got ${ids.length}.`, {
          limit: mostNodes,
          actual: ids.length,
        })
      return ids.map((id) => loadNode(decodeGlobalId(id), context))
    },
  }),
}))
