import type { FragmentDefinitionNode, SelectionSetNode } from 'graphql'
import { Kind } from 'graphql/language/kinds.js'
import { parse } from 'graphql/language/parser.js'

/** What a document asks of an object: its fields by their names in the answer. */
type Selection = ReadonlyMap<string, Field>

/** A field that is asked for. */
type Field = {
  /** Of what is below it; nothing for a field that is a value itself. */
  readonly below: Selection | undefined
  /** Whether only objects of some type have it. */
  readonly optional: boolean
}

/**
 * Finds what a document asks for and an answer does not have: a service of another release, or something between, may answer
 * otherwise than the service that the document was written for.
 *
 * @param document of the command line's own: operations with named fragments, aliases and fragments for some types
 * @returns the path of the first field that is missing, or is no object where one is asked for; `undefined` when there is none
 */
export function missingInAnswer(document: string, data: unknown): string | undefined {
  return missing(selectionOf(document), data, '')
}

function missing(selection: Selection, value: unknown, path: string): string | undefined {
  if (value === null) return undefined
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = missing(selection, item, `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (typeof value !== 'object') return path
  const object = value as Readonly<Record<string, unknown>>
  for (const [name, { below, optional }] of selection) {
    const at = path === '' ? name : `${path}.${name}`
    const isThere = Object.hasOwn(object, name) && object[name] !== undefined
    if (!isThere && !optional) return at
    const found = isThere && below !== undefined ? missing(below, object[name], at) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** Of documents that were looked at: a subscription's is held against each of its events. */
const selections = new Map<string, Selection>()

function selectionOf(document: string): Selection {
  const known = selections.get(document)
  if (known !== undefined) return known
  const { definitions } = parse(document, { noLocation: true })
  const operation = definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION)
  const fragments = new Map(
    definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each] as const] : [])),
  )
  const selection = operation === undefined ? new Map() : fieldsOf(operation.selectionSet, fragments, false)
  selections.set(document, selection)
  return selection
}

/** @param optional whether only objects of some type have these fields */
function fieldsOf(
  { selections }: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  optional: boolean,
): Map<string, Field> {
  const fields = new Map<string, Field>()
  for (const each of selections) {
    if (each.kind === Kind.FIELD) {
      const below = each.selectionSet && fieldsOf(each.selectionSet, fragments, false)
      fields.set((each.alias ?? each.name).value, { below, optional })
      continue
    }
    const spread = each.kind === Kind.INLINE_FRAGMENT ? each : fragments.get(each.name.value)
    const isOptional = optional || each.kind === Kind.INLINE_FRAGMENT
    if (spread !== undefined)
      for (const [name, field] of fieldsOf(spread.selectionSet, fragments, isOptional)) fields.set(name, field)
  }
  return fields
}
