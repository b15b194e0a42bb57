import {
  type GraphQLFieldConfigArgumentMap,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  GraphQLString,
  getNamedType,
  isInterfaceType,
  isObjectType,
} from 'graphql'
import { withChangeReason } from '../application/index.ts'
import type { GraphQLContext } from './context.ts'

/**
 * Gives every mutation whose change an organization may control (its payload is a `ControlledChange`) the argument
 * `changeReason`, and its use case a caller who gave this reason.
 */
export function takeChangeReasons(schema: GraphQLSchema): GraphQLSchema {
  const controlled = schema.getType('ControlledChange')
  for (const [name, field] of Object.entries(schema.getMutationType()?.getFields() ?? {})) {
    // What is said of a change that was proposed has a comment of its own.
    if (name === 'approveChange' || name === 'rejectChange') continue
    const payload = getNamedType(field.type)
    const { resolve } = field
    if (!isInterfaceType(controlled) || !isObjectType(payload) || resolve === undefined) continue
    if (!payload.getInterfaces().includes(controlled)) continue
    field.args = [
      ...field.args,
      {
        name: 'changeReason',
        description:
          'Why, for those who must approve the change where it is proposed: up to 4,000 characters. It is kept with the proposal, and with nothing when the change is made at once.',
        type: GraphQLString,
        defaultValue: undefined,
        deprecationReason: undefined,
        extensions: {},
        astNode: undefined,
      },
    ]
    field.resolve = givingReason(resolve)
  }
  return schema
}

type Resolver = GraphQLFieldResolver<unknown, GraphQLContext, GraphQLFieldConfigArgumentMap>

function givingReason(resolve: Resolver): Resolver {
  return (root, args: { readonly changeReason?: string | null }, context, info) => {
    const { changeReason = null } = args
    if (changeReason === null) return resolve(root, args as never, context, info)
    return resolve(root, args as never, { ...context, caller: withChangeReason(context.caller, changeReason) }, info)
  }
}
