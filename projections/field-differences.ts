/** A field that two states of an entity differ in. */
export type FieldDifference = {
  /** Where, such as `approval.requiredApprovals`; a member of a list that has an id stands behind the list as `tokens[<id>]`. */
  readonly path: string
  /** Whether what stands there came, went, or became another. Members of a list that have no id come and go. */
  readonly kind: 'added' | 'removed' | 'changed'
  /** What stood there; `undefined` for what was added. */
  readonly before?: unknown
  /** What stands there; `undefined` for what was removed. */
  readonly after?: unknown
}

type Json = Readonly<Record<string, unknown>>

/** Members of lists by which these tell their elements apart, where all of them have one, each another. */
const identities = /^(\w*Id|approver|attempt)$/

/**
 * Finds every place in which a value is another than before, from the outermost in: what is new or gone as a whole is named as a
 * whole. Objects are compared without regard to the order of their members. Lists are compared as sets: what came and what
 * went is named; of elements with an id what changed in them, too; and of lists that only differ in their order, both. What is
 * `null` and what is not there are the same.
 */
export function fieldDifferences(before: unknown, after: unknown, path = ''): readonly FieldDifference[] {
  if ((before ?? null) === (after ?? null)) return []
  if (before === undefined) return [{ path, kind: 'added', after }]
  if (after === undefined) return [{ path, kind: 'removed', before }]
  if (Array.isArray(before) && Array.isArray(after)) return differencesOfLists(before, after, path)
  if (isObject(before) && isObject(after)) return differencesOfObjects(before, after, (key) => join(path, key))
  return [{ path, kind: 'changed', before, after }]
}

function differencesOfObjects(before: Json, after: Json, pathOf: (key: string) => string): readonly FieldDifference[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) => fieldDifferences(member(before, key), member(after, key), pathOf(key)))
}

function differencesOfLists(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
): readonly FieldDifference[] {
  const identity = identityOf([before, after])
  if (identity !== undefined) {
    const byId = (list: readonly unknown[]) =>
      Object.fromEntries((list as readonly Json[]).map((each) => [String(each[identity]), each]))
    return differencesOfObjects(byId(before), byId(after), (id) => `${path}[${id}]`)
  }
  const added = without(after, before)
  const removed = without(before, after)
  const isReordered = added.length + removed.length === 0 && before.some((each, at) => text(each) !== text(after[at]))
  return [
    ...removed.map((each): FieldDifference => ({ path, kind: 'removed', before: each })),
    ...added.map((each): FieldDifference => ({ path, kind: 'added', after: each })),
    ...(isReordered ? [{ path, kind: 'changed' as const, before, after }] : []),
  ]
}

/** The member by which the elements of each list can be told apart. */
function identityOf(lists: readonly (readonly unknown[])[]): string | undefined {
  const [first] = lists.flat()
  if (!isObject(first)) return undefined
  return Object.keys(first).find(
    (key) =>
      identities.test(key) &&
      lists.every((list) => {
        const ids = list.map((each) => (isObject(each) ? member(each, key) : undefined))
        const areIds = ids.every((id) => typeof id === 'string' || typeof id === 'number')
        return areIds && new Set(ids).size === ids.length
      }),
  )
}

/** The elements of a list that another one does not have, as often as it has fewer of them. */
function without(list: readonly unknown[], other: readonly unknown[]): readonly unknown[] {
  const left = new Map<string, number>()
  for (const each of other) left.set(text(each), (left.get(text(each)) ?? 0) + 1)
  return list.filter((each) => {
    const count = left.get(text(each)) ?? 0
    left.set(text(each), count - 1)
    return count <= 0
  })
}

/** The same text for values that are the same, whatever the order of their members. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  )
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function member(object: Json, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
