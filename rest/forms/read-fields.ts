import type { z } from 'zod'
import { schemaFaults, valueAt } from '../../domain/index.ts'
import { InvalidInput } from '../invalid-input.ts'
import type { Branch, FieldNode, Leaf } from './field-tree.ts'

/** Whether values are texts that stand for others, as in forms and queries, or what they are, as in JSON. */
export type Notation = 'text' | 'json'

type Errors = Record<string, string[]>

/** So many fields at fault are named in one answer: a body of a million faults costs no more to refuse than to read. */
const mostNamed = 100

/** Without a prototype: a field that is named like one is a fault like any other. */
function noErrors(): Errors {
  return Object.create(null)
}

function areEnough(errors: Errors): boolean {
  return Object.keys(errors).length >= mostNamed
}

function note(errors: Errors, field: string, ...messages: readonly string[]): void {
  if (!areEnough(errors)) errors[field] = [...(errors[field] ?? []), ...messages]
}

/**
 * Reads fields as a schema asks for: under the schema's names, and in forms with texts as the numbers and truth values that they
 * stand for. An empty text in a form, and `null` where the schema has none, is a field that was left out.
 *
 * @throws InvalidInput naming the fields that are unknown, repeated, missing or of the wrong form, {@link mostNamed} of them at the most
 */
export function readFields<Schema extends z.ZodType>(
  schema: Schema,
  fields: FieldNode,
  notation: Notation,
): z.output<Schema> {
  const errors = noErrors()
  const value = valueFor(schema, fields, notation, '', errors)
  const parsed = schema.safeParse(value ?? {})
  if (parsed.success && Object.keys(errors).length === 0) return parsed.data
  for (const { path, message } of parsed.error === undefined ? [] : schemaFaults(parsed.error, value)) {
    if (areEnough(errors)) break
    const field = path.map(String).join('.') || 'request'
    if (isBelowAny(field, errors)) continue
    const said = valueAt(value, path) === undefined ? `must be given (${expectation(message)})` : message
    note(errors, field, `${said}${shownValue(schema, value, path)}`)
  }
  throw new InvalidInput(errors)
}

/** What a message says is expected, without that nothing came. */
function expectation(message: string): string {
  return message.replace(/^Invalid input: (expected .+), received undefined$/, '$1')
}

/** What a schema is at its core: without what makes it optional, and before what is made of the value. */
function core(schema: z.ZodType): z.ZodType {
  const { def } = schema as unknown as { readonly def: SchemaDefinition }
  if (def.type === 'pipe' && def.in !== undefined && def.out !== undefined)
    return core(def.in.def.type === 'transform' ? def.out : def.in)
  if (def.type === 'lazy' && def.getter !== undefined) return core(def.getter())
  return def.innerType === undefined ? schema : core(def.innerType)
}

function definitionOf(schema: z.ZodType): SchemaDefinition {
  return (core(schema) as unknown as { readonly def: SchemaDefinition }).def
}

type SchemaDefinition = {
  readonly type: string
  readonly innerType?: z.ZodType
  readonly in?: z.ZodType
  readonly out?: z.ZodType
  readonly getter?: () => z.ZodType
  readonly shape?: Readonly<Record<string, z.ZodType>>
  readonly element?: z.ZodType
  readonly valueType?: z.ZodType
  readonly options?: readonly z.ZodType[]
}

function valueFor(schema: z.ZodType, node: FieldNode, notation: Notation, at: string, errors: Errors): unknown {
  const { type, shape, element, valueType, options } = definitionOf(schema)
  if (type === 'union' && options !== undefined) return unionValue(options, node, notation, at, errors)
  if (node.kind === 'leaf' && type !== 'array') return leafValue(schema, type, node, notation, at, errors)
  if (type === 'object' && shape !== undefined && node.kind === 'branch')
    return objectValue(shape, node, notation, at, errors)
  if (type === 'record' && valueType !== undefined && node.kind === 'branch')
    return recordValue(valueType, node, notation, at, errors)
  if (type === 'array' && element !== undefined) {
    const items = itemsOf(node, notation)
    if (items !== undefined)
      return items.map((each, index) => valueFor(element, each, notation, below(at, index), errors))
  }
  return plain(node)
}

function objectValue(
  shape: Readonly<Record<string, z.ZodType>>,
  { children }: Branch,
  notation: Notation,
  at: string,
  errors: Errors,
): Record<string, unknown> {
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]))
  const fitted: Record<string, unknown> = {}
  for (const [key, { name, node }] of children) {
    const known = names.get(key)
    const schema = known === undefined ? undefined : shape[known]
    if (known === undefined || schema === undefined)
      note(errors, below(at, name), `is not known; the fields here are ${[...names.values()].join(', ')}`)
    else {
      const value = valueFor(schema, node, notation, below(at, known), errors)
      if (value !== undefined) fitted[known] = value
    }
  }
  return fitted
}

function recordValue(
  valueType: z.ZodType,
  { children }: Branch,
  notation: Notation,
  at: string,
  errors: Errors,
): Record<string, unknown> {
  const entries = [...children.values()].map(({ name, node }) => {
    if (name === '__proto__') note(errors, below(at, name), 'is no name that can be used')
    return [name, valueFor(valueType, node, notation, below(at, name), errors)] as const
  })
  return Object.fromEntries(entries.filter(([name]) => name !== '__proto__'))
}

/** Which of the forms is meant is known by which fits; where none does, by the names of the fields. */
function unionValue(
  options: readonly z.ZodType[],
  node: FieldNode,
  notation: Notation,
  at: string,
  errors: Errors,
): unknown {
  const tried = options.map((option) => {
    const faults = noErrors()
    const value = valueFor(option, node, notation, at, faults)
    const { shape } = definitionOf(option)
    const names = shape && Object.keys(shape)
    const isClean = Object.keys(faults).length === 0
    return { value, faults, names, isClean, fits: isClean && option.safeParse(value).success }
  })
  const read = tried.find(({ fits }) => fits) ?? tried.find(({ isClean }) => isClean)
  if (read !== undefined) return read.value
  const keys = node.kind === 'branch' ? [...node.children.keys()] : []
  const knows = ({ names }: { readonly names: readonly string[] | undefined }, key: string) =>
    names === undefined || names.some((name) => name.toLowerCase() === key)
  const meant = tried.find((form) => keys.every((key) => knows(form, key)))
  if (meant !== undefined) {
    for (const [field, messages] of Object.entries(meant.faults)) note(errors, field, ...messages)
    return meant.value
  }
  const forms = tried.map(({ names = [] }) => names.join(', ')).join('; or ')
  const unknown = keys.filter((key) => !tried.some((form) => knows(form, key)))
  for (const key of unknown) {
    const { name = key } = (node.kind === 'branch' && node.children.get(key)) || {}
    note(errors, below(at, name), `is not known; the fields here are ${forms}`)
  }
  if (unknown.length === 0) note(errors, at === '' ? 'request' : at, `must have fields of one form alone: ${forms}`)
  return undefined
}

function leafValue(
  schema: z.ZodType,
  type: string,
  { names, values }: Leaf,
  notation: Notation,
  at: string,
  errors: Errors,
): unknown {
  const [value] = values
  if (values.length > 1) {
    note(errors, at, `was given ${values.length} times, as ${names.join(' and ')}; give it once`)
    return undefined
  }
  if (value === null && !schema.safeParse(null).success && schema.safeParse(undefined).success) return undefined
  if (notation === 'json' || typeof value !== 'string') return value
  if (value === '' && schema.safeParse(undefined).success) return undefined
  if ((type === 'number' || type === 'int') && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value)) return Number(value)
  if (type === 'boolean' && /^(?:true|false)$/i.test(value)) return value.toLowerCase() === 'true'
  return value
}

/** The items of a list: of JSON, under numbers from 0 on (`a[0]`), or one name given several times. */
function itemsOf(node: FieldNode, notation: Notation): readonly FieldNode[] | undefined {
  if (node.kind === 'list') return node.items
  if (node.kind === 'leaf')
    return notation === 'json'
      ? undefined
      : node.values.map((value, index) => ({ kind: 'leaf', names: [node.names[index] ?? ''], values: [value] }))
  const numbered = [...node.children].map(([key, { node: item }]) => ({ index: Number(key), key, item }))
  if (numbered.some(({ key, index }) => !/^(?:0|[1-9]\d{0,3})$/.test(key) || index >= numbered.length)) return undefined
  return numbered.sort((a, b) => a.index - b.index).map(({ item }) => item)
}

/** What was sent, as the schema will say that it is not what it asks for. */
function plain(node: FieldNode): unknown {
  if (node.kind === 'list') return node.items.map(plain)
  if (node.kind === 'leaf') return node.values.length === 1 ? node.values[0] : node.values
  return Object.fromEntries(
    [...node.children.values()]
      .filter(({ name }) => name !== '__proto__')
      .map(({ name, node: child }) => [name, plain(child)]),
  )
}

function below(at: string, name: string | number): string {
  return at === '' ? String(name) : `${at}.${name}`
}

function isBelowAny(field: string, errors: Errors): boolean {
  return Object.keys(errors).some((known) => field === known || field.startsWith(`${known}.`))
}

const secretName = /token|secret|password|authorization|headers|url|pkcs12|invitation|key$/i

/** The value at fault, as far as it is short, and neither secret itself nor named like something that is. */
function shownValue(schema: z.ZodType, root: unknown, path: readonly PropertyKey[]): string {
  if (path.some((name) => secretName.test(String(name))) || holdsSecret(schema, path)) return ''
  const value = valueAt(root, path)
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return ''
  const text = JSON.stringify(value)
  return `; got ${text.length > 120 ? `${text.slice(0, 120)}…` : text}`
}

function holdsSecret(schema: z.ZodType, path: readonly PropertyKey[]): boolean {
  let at: z.ZodType | undefined = schema
  for (const name of path) {
    if (at === undefined) return false
    if (isSecret(at)) return true
    const { shape, element, valueType }: SchemaDefinition = definitionOf(at)
    at = shape?.[String(name)] ?? element ?? valueType
  }
  return at !== undefined && isSecret(at)
}

function isSecret(schema: z.ZodType): boolean {
  return schema.meta()?.writeOnly === true || core(schema).meta()?.writeOnly === true
}
