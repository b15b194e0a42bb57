import type { GraphQLFieldConfigArgumentMap, GraphQLFieldResolver, GraphQLSchema } from 'graphql'
import { isObjectType } from 'graphql'
import { Refusal } from '../domain/index.ts'

/**
 * Makes every field refuse texts that cannot be written down, wherever they stand in its arguments: U+0000, which
 * PostgreSQL does not take, and halves of characters, which no encoding has. Variables and literals of the document come
 * the same way. Code `TEXT_MALFORMED`, with the path of the argument.
 */
export function refuseMalformedText(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields())) {
      if (field.args.length === 0) continue
      const { resolve, subscribe } = field
      if (resolve !== undefined) field.resolve = checked(resolve)
      if (subscribe !== undefined) field.subscribe = checked(subscribe)
    }
  }
  return schema
}

type Resolver = GraphQLFieldResolver<unknown, unknown, GraphQLFieldConfigArgumentMap>

function checked(resolver: Resolver): Resolver {
  return (root, args, context, info) => {
    refuseMalformed(args, '')
    return resolver(root, args, context, info)
  }
}

function refuseMalformed(value: unknown, path: string): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed() || value.includes('\0'))
      throw new Refusal('TEXT_MALFORMED', `${path.slice(1)} is no well-formed text, or holds the character U+0000.`, {
        argument: path.slice(1),
      })
  } else if (typeof value === 'object' && value !== null)
    for (const [name, part] of Object.entries(value)) refuseMalformed(part, `${path}.${name}`)
}
