import { type GraphQLResolveInfo, type GraphQLSchema, isObjectType } from 'graphql'
import type { Instant } from '../domain/index.ts'
import { readModelAsOf } from '../projections/index.ts'
import type { QueryFieldBuilder } from './builder.ts'
import type { GraphQLContext } from './context.ts'

/** The argument of fields that can answer from the log as it stood at a moment. */
export function asOf(t: QueryFieldBuilder) {
  return t.arg({
    type: 'DateTime',
    description:
      'The state at this moment, folded from the log: all that occurred then or before, in the order of the log, up to the first event that says it occurred later. What the answer refers to is as of the same moment. Names of people are as they can be read now. A moment to come is answered as now.',
  })
}

/** The same of a list. */
export function listAsOf(t: QueryFieldBuilder) {
  return t.arg({
    type: 'DateTime',
    description:
      'As of this moment: the page of now, in the order of now, without what was made later, so that it may have fewer items than asked for; each item is the state at that moment.',
  })
}

/** Contexts of the fields of an operation that answer as of a moment, by the names of these fields in the answer. */
type PastContexts = Map<string | number, GraphQLContext>

/**
 * Makes fields with the argument `asOf` answer from the log as it stood then, and everything below them: what resolves
 * there is given a context whose read model is that of the moment.
 */
export function answerAsOf(schema: GraphQLSchema): GraphQLSchema {
  const past = new WeakMap<GraphQLContext, PastContexts>()

  function begin(context: GraphQLContext, { path }: GraphQLResolveInfo, at: Instant): GraphQLContext {
    const { log, readModel } = context
    const then: GraphQLContext = { ...context, moment: at, readModel: readModelAsOf(log, readModel, at) }
    const contexts = past.get(context) ?? new Map()
    past.set(context, contexts.set(path.key, then))
    return then
  }

  function contextOf(context: GraphQLContext, { path }: GraphQLResolveInfo): GraphQLContext {
    const contexts = past.get(context)
    if (contexts === undefined) return context
    let root = path
    while (root.prev !== undefined) root = root.prev
    return contexts.get(root.key) ?? context
  }

  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    const isRoot = type === schema.getQueryType()
    for (const field of Object.values(type.getFields())) {
      const { resolve } = field
      if (resolve === undefined) continue
      field.resolve = (parent, args: { readonly asOf?: Instant | null }, context: GraphQLContext, info) =>
        resolve(
          parent,
          args,
          isRoot && args.asOf != null ? begin(context, info, args.asOf) : contextOf(context, info),
          info,
        )
    }
  }
  return schema
}
