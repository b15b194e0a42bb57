import { InvalidInput } from '../invalid-input.ts'

/** One field, as it was sent: the texts (or JSON values) under its name, and the names by which they came. */
export type Leaf = { readonly kind: 'leaf'; readonly names: string[]; readonly values: unknown[] }

/** Fields below a name, by their names in lower case. */
export type Branch = {
  readonly kind: 'branch'
  readonly children: Map<string, { readonly name: string; readonly node: FieldNode }>
}

/** What was sent under a name. */
export type FieldNode = Leaf | Branch | { readonly kind: 'list'; readonly items: readonly FieldNode[] }

const [longestName, deepest, mostFields] = [300, 8, 1_000]
/** The most values of a JSON text, lists and objects among them: whatever is done for each is done so often at the most. */
const mostValues = 20_000

/**
 * Puts the fields of a form together. Names are equal without regard to case, and dots are equal to brackets:
 * `Parameters[x]`, `parameters.X`. What came under one name twice stands in one leaf; whether it may, the schema knows.
 *
 * @throws InvalidInput when a name cannot be read, or stands for a value and for fields below it at once
 */
export function treeOfFields(fields: Iterable<readonly [name: string, value: unknown]>): Branch {
  const root: Branch = { kind: 'branch', children: new Map() }
  let count = 0
  for (const [name, value] of fields) {
    if (++count > mostFields) throw new InvalidInput({ request: [`has more than ${mostFields} fields`] })
    addField(root, name, value)
  }
  return root
}

function addField(root: Branch, name: string, value: unknown): void {
  const path = fieldPath(name)
  let branch = root
  path.forEach((part, index) => {
    const key = part.toLowerCase()
    const child = branch.children.get(key)
    const isLast = index === path.length - 1
    const node = child?.node
    if (isLast) {
      if (node?.kind === 'leaf') {
        node.names.push(name)
        node.values.push(value)
      } else if (node === undefined) branch.children.set(key, { name: part, node: nodeOf(name, value) })
      else throw contradictory(name)
      return
    }
    if (node?.kind === 'leaf') throw contradictory(name)
    if (node?.kind === 'branch') {
      branch = node
      return
    }
    const below: Branch = { kind: 'branch', children: new Map() }
    branch.children.set(key, { name: part, node: below })
    branch = below
  })
}

/** A part of a form that is JSON itself has fields of its own. */
function nodeOf(name: string, value: unknown): FieldNode {
  return typeof value === 'object' && value !== null
    ? treeOfJson(value, name)
    : { kind: 'leaf', names: [name], values: [value] }
}

/** A field's name in one spelling: in lower case, with dots: two names that are equal in it are one field's. */
export function fieldKey(name: string): string {
  return fieldPath(name).join('.').toLowerCase()
}

/** @throws InvalidInput */
function fieldPath(name: string): readonly string[] {
  const shown = JSON.stringify(name.slice(0, 100))
  if (name.length > longestName) throw new InvalidInput({ request: [`has a field whose name is too long: ${shown}…`] })
  const isReadable = /^[^.[\]]+(?:\.[^.[\]]+|\[[^.[\]]+\])*$/.test(name)
  const path = name.split(/[.[\]]+/).filter((part) => part !== '')
  if (!isReadable || path.length > deepest)
    throw new InvalidInput({ request: [`has a field whose name cannot be read: ${shown}`] })
  return path
}

function contradictory(name: string): InvalidInput {
  return new InvalidInput({ [name]: ['was given as one value and as fields below it at once'] })
}

/**
 * Members of a JSON object that have one of these names, in any spelling; what is no object stays as it is. Of the others not even the
 * names are compared.
 */
export function onlyNamed(names: readonly string[], value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const known = new Set(names.map((name) => name.toLowerCase()))
  return Object.fromEntries(Object.entries(value).filter(([name]) => known.has(name.toLowerCase())))
}

/**
 * A JSON value in the same form, so that one rule compares names.
 *
 * @throws InvalidInput when an object has names that differ in case only, and when there are too many values
 */
export function treeOfJson(value: unknown, at = '', counted = { values: 0 }): FieldNode {
  if (++counted.values > mostValues) throw new InvalidInput({ request: [`has more than ${mostValues} values`] })
  if (Array.isArray(value))
    return { kind: 'list', items: value.map((each, index) => treeOfJson(each, `${at}.${index}`, counted)) }
  if (typeof value !== 'object' || value === null) return { kind: 'leaf', names: [at], values: [value] }
  const children: Branch['children'] = new Map()
  for (const [name, child] of Object.entries(value)) {
    const key = name.toLowerCase()
    const twin = children.get(key)
    if (twin !== undefined) throw new InvalidInput({ [name]: [`was given twice, as ${twin.name} and as ${name}`] })
    children.set(key, { name, node: treeOfJson(child, at === '' ? name : `${at}.${name}`, counted) })
  }
  return { kind: 'branch', children }
}
