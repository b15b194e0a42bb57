import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql'
import type { LogPosition } from '../event-log/index.ts'
import type { QueryFieldBuilder } from './builder.ts'
import type { GraphQLContext } from './context.ts'

/** The argument that every root query field has. */
export function minimumPosition(t: QueryFieldBuilder) {
  return t.arg({
    type: 'LogPosition',
    description: 'Wait until the read model has the log up to here; `READ_MODEL_BEHIND` when that takes too long.',
  })
}

/** Makes every root query field wait for its `minimumPosition` before it resolves. */
export function waitForMinimumPosition(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    const resolve = field.resolve as GraphQLFieldResolver<unknown, GraphQLContext>
    field.resolve = async (root, args: { readonly minimumPosition?: LogPosition | null }, context, info) => {
      if (args.minimumPosition != null) await reached(args.minimumPosition, context)
      return resolve(root, args, context, info)
    }
  }
  return schema
}

/**
 * Waits until the read model has the log up to a position.
 *
 * @throws ReadModelError `READ_MODEL_BEHIND`
 */
export function reached(
  position: LogPosition,
  { readModel, readModelTimeoutMs, stopping }: GraphQLContext,
): Promise<void> {
  return readModel.waitFor(position, { timeoutMs: readModelTimeoutMs, signal: stopping })
}
