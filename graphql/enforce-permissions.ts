import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { permissionsOfUseCases } from '../application/index.ts'
import { hasPermission, type Permission, permissionRule, requirePermission } from '../domain/index.ts'
import type { GraphQLContext } from './context.ts'
import { type FieldPermission, fieldPermissions, useCaseOf } from './field-permissions.ts'

/** A field of the API with the permission that it needs. */
export type FieldAccess = {
  /** `Type.field` */
  readonly field: string
  readonly permission: Permission
  /** Who asks without having it: an error, or null in the field's place. */
  readonly otherwise: 'refused' | 'null'
}

/**
 * Makes every field ask for the permission that it needs, before anything else of it happens. A root field refuses, and
 * the refusal is recorded; a field that can be null is null for who may not see it. What is a use case asks by itself.
 *
 * @throws Error at start, when the table misses a field, or names one that there is not
 */
export function enforcePermissions(schema: GraphQLSchema): GraphQLSchema {
  for (const { field, type, name, needed } of fieldsOf(schema)) {
    // Whoever has a context is a user of the organization.
    if (needed === undefined || permissionRule(needed.permission).everyUser === true) continue
    if (type === schema.getQueryType()?.name || type === schema.getSubscriptionType()?.name) {
      if (field.resolve !== undefined) field.resolve = recorded(name, needed.permission, field.resolve)
      if (field.subscribe !== undefined) field.subscribe = recorded(name, needed.permission, field.subscribe)
    } else field.resolve = seen(needed, field)
  }
  return schema
}

/** Every field of the schema with what it needs, ordered by name. */
export function accessOfFields(schema: GraphQLSchema): readonly FieldAccess[] {
  return fieldsOf(schema)
    .map(({ field, type, name, needed }): FieldAccess => {
      const permission =
        needed?.permission ?? permissionsOfUseCases[useCaseOf(name) as keyof typeof permissionsOfUseCases]
      const isRoot = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].some(
        (root) => root?.name === type,
      )
      return {
        field: `${type}.${name}`,
        permission,
        otherwise: isRoot || isNonNullType(field.type) ? 'refused' : 'null',
      }
    })
    .sort((a, b) => (a.field < b.field ? -1 : 1))
}

type Resolver = GraphQLFieldResolver<unknown, GraphQLContext>

type SchemaField = {
  readonly type: string
  readonly name: string
  readonly field: GraphQLField<unknown, GraphQLContext>
  /** `undefined` for a use case. */
  readonly needed: FieldPermission | undefined
}

function fieldsOf(schema: GraphQLSchema): readonly SchemaField[] {
  const unused = new Set(fieldPermissions.keys())
  const missing: string[] = []
  const found: SchemaField[] = []
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__') || isPage(type.name)) continue
    const isRoot = type === schema.getQueryType() || type === schema.getMutationType()
    for (const [name, field] of Object.entries(type.getFields())) {
      const needed = fieldPermissions.get(`${type.name}.${name}`)
      if (!unused.delete(`${type.name}.${name}`) && !(isRoot && useCaseOf(name) !== undefined))
        missing.push(`${type.name}.${name}`)
      found.push({ type: type.name, name, field, needed })
    }
  }
  if (missing.length + unused.size > 0)
    throw new Error(
      `field-permissions.ts must name each field once. Missing: ${missing.join(', ') || 'none'}. Not in the schema: ${[...unused].join(', ') || 'none'}.`,
    )
  return found
}

/** What the Relay plugin makes of a list. */
function isPage(type: string): boolean {
  return /(?:Connection|Edge)$|^PageInfo$/.test(type)
}

/** A root field that records whom it refuses. */
function recorded(query: string, permission: Permission, resolver: Resolver): Resolver {
  return async (root, args, context, info) => {
    await context.application.authorizeQuery(context.caller, { query, permission })
    return resolver(root, args, context, info)
  }
}

/** A field below the root. */
function seen({ permission, subjectOf }: FieldPermission, field: SchemaField['field']): Resolver {
  const { resolve = defaultFieldResolver, type } = field
  return (parent, args, context, info) => {
    const { caller } = context
    const to = subjectOf?.(parent as never) === caller.userId ? (['self'] as const) : []
    if (!hasPermission(caller, permission, to)) {
      if (!isNonNullType(type)) return null
      requirePermission(caller, permission, to)
    }
    return resolve(parent, args, context, info)
  }
}
