import SchemaBuilder from '@pothos/core'
import ComplexityPlugin from '@pothos/plugin-complexity'
import DataloaderPlugin from '@pothos/plugin-dataloader'
import RelayPlugin from '@pothos/plugin-relay'
import { type ConnectionArguments, defaultPageSize, maximumPageSize } from '../projections/index.ts'
import type { GraphQLContext } from './context.ts'
import { decodeGlobalId, encodeGlobalId } from './global-id.ts'
import { foldingListCost } from './query-cost.ts'

/** What the schema is built of. */
export type SchemaTypes = {
  Context: GraphQLContext
  DefaultFieldNullability: false
  DefaultEdgesNullability: false
  DefaultNodeNullability: false
  Scalars: {
    ID: { Input: string; Output: string | number | bigint }
    /** A moment in UTC, ISO 8601 text. */
    DateTime: { Input: string; Output: string }
    LogPosition: { Input: string; Output: string }
    ByteCount: { Input: number; Output: number }
    JSON: { Input: unknown; Output: unknown }
  }
}

/** What adds fields to the root of queries. */
export type QueryFieldBuilder = PothosSchemaTypes.QueryFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>,
  object
>

/** How many items a connection may answer: what its fields' cost is multiplied by. */
export function pageSizeOf({ first, last }: ConnectionArguments): number {
  const asked = first ?? last ?? defaultPageSize
  return Math.min(Math.max(asked, 1), maximumPageSize)
}

/** The one builder that every type family adds to; `schema.ts` makes the schema of it. */
export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ComplexityPlugin, RelayPlugin, DataloaderPlugin],
  defaultFieldNullability: false,
  complexity: {
    // The limits are enforced before execution, by limits.ts: they then have one error for the whole operation.
    disabled: true,
    defaultListMultiplier: 5,
  },
  relay: {
    cursorType: 'String',
    encodeGlobalID: encodeGlobalId,
    decodeGlobalID: decodeGlobalId,
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    nodesOnConnection: true,
    nodeTypeOptions: { description: 'Something that can be fetched again by its `id`.' },
    pageInfoTypeOptions: { description: "A page's place in its list (Relay cursor connections)." },
    defaultConnectionFieldOptions: {
      complexity: (args) => foldingListCost(args as { readonly asOf?: string | null }, pageSizeOf(args)),
    },
    edgesFieldOptions: { complexity: { field: 1, multiplier: 1 } },
    nodesFieldOptions: { complexity: { field: 1, multiplier: 1 } },
    firstArgOptions: { description: `At most this many from the start; ${maximumPageSize} or fewer.` },
    lastArgOptions: { description: `At most this many from the end; ${maximumPageSize} or fewer.` },
    afterArgOptions: { description: 'Only what comes after this cursor.' },
    beforeArgOptions: { description: 'Only what comes before this cursor.' },
  },
})

builder.queryType({
  description: 'What can be read. With `minimumPosition`, a field waits until the read model has that part of the log.',
})
builder.mutationType({ description: 'What can be changed. Answers carry the log position that the change reached.' })
builder.subscriptionType({ description: 'What can be followed, by server-sent events or graphql-transport-ws.' })
