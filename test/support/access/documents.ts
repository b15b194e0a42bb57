import {
  type GraphQLField,
  type GraphQLNamedType,
  getNamedType,
  isCompositeType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'
import { createSchema } from '../../../graphql/schema.ts'
import { fieldArguments } from './asked-fields.ts'

const schema = createSchema()

/** Every query, mutation and subscription, as `Type.field`. */
export const rootFields: readonly string[] = ['Query', 'Mutation', 'Subscription'].flatMap((type) =>
  Object.keys(fieldsOf(type)).map((field) => `${type}.${field}`),
)

/** A place in an answer: fields from the root on, each with the type of the objects below it. */
export type Path = readonly { readonly field: string; readonly on: string }[]

type Field = GraphQLField<unknown, unknown>

/** The root field of `Type.field`. */
export function rootField(name: string): Field {
  const [type = '', field = ''] = name.split('.')
  const found = fieldsOf(type)[field]
  if (found === undefined) throw new Error(`There is no ${name}.`)
  return found
}

/** An operation that asks a root field with variables of the names of its arguments, and selects something of the answer. */
export function operation(name: string, given: readonly string[], selection: string): string {
  const [type = '', field = ''] = name.split('.')
  const used = rootField(name).args.filter((arg) => given.includes(arg.name))
  const declared = used.map((arg) => `$${arg.name}: ${arg.type}`).join(', ')
  const passed = used.map((arg) => `${arg.name}: $${arg.name}`).join(', ')
  const inBraces = (text: string) => (text === '' ? '' : `(${text})`)
  return `${type.toLowerCase()}${inBraces(declared)} { ${field}${inBraces(passed)}${selection} }`
}

/** A selection below a root field that goes on to a place. */
export function below(path: Path, selection: string): string {
  return path.reduceRight((inner, { field, on }, index) => {
    const typed = ` { __typename ... on ${on} { ${inner} } }`
    return index === 0 ? typed : `${field}${typed}`
  }, selection)
}

/** Everything that a type has, without what is below it; with arguments where some are needed. */
export function everyField(type: string): string {
  return Object.values(fieldsOf(type))
    .map((field) => `${askedAs(type, field)}${isCompositeType(getNamedType(field.type)) ? ' { __typename }' : ''}`)
    .join(' ')
}

/** What is below each field of a type that has anything below it. */
export function compositeFields(type: string): readonly { name: string; asked: string }[] {
  return Object.values(fieldsOf(type))
    .filter((field) => isCompositeType(getNamedType(field.type)))
    .map((field) => ({ name: field.name, asked: `${askedAs(type, field)} { __typename }` }))
}

/** The type of what a field answers. */
export function answeredType(field: Field): GraphQLNamedType {
  return getNamedType(field.type)
}

/** The selection of everything of an answer, one level of it. */
export function selectionOf(field: Field): string {
  const type = answeredType(field)
  if (!isCompositeType(type)) return ''
  return isObjectType(type) ? ` { ${everyField(type.name)} }` : ' { __typename }'
}

/** All objects at a place of an answer to {@link below}. */
export function objectsAt(data: unknown, path: Path): readonly Readonly<Record<string, unknown>>[] {
  let found: unknown[] = [data]
  for (const { field, on } of path) {
    found = found.flatMap((each) => (each as Readonly<Record<string, unknown>> | null)?.[field] ?? [])
    found = found.filter((each) => (each as { readonly __typename?: string } | null)?.__typename === on)
  }
  return found as Readonly<Record<string, unknown>>[]
}

function askedAs(type: string, field: Field): string {
  const given = fieldArguments[`${type}.${field.name}`]
  if (given === undefined && field.args.some(isRequiredArgument))
    throw new Error(`${type}.${field.name} needs arguments: give it some in fieldArguments of asked.ts.`)
  return `${field.name}${given ?? ''}`
}

function fieldsOf(type: string): Readonly<Record<string, Field>> {
  const found = schema.getType(type)
  if (!isObjectType(found)) throw new Error(`${type} is no type of objects.`)
  return found.getFields()
}
