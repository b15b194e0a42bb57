/** A field that two states of an entity differ in. */
export type FieldDifference = {
  /** Names of fields from the outermost on, such as `settings.approval.requiredApprovals`. */
  readonly path: string
  /** `null` where there is nothing before. */
  readonly before: unknown
  /** `null` where there is nothing after. */
  readonly after: unknown
}

/**
 * Finds the fields that two states of an entity differ in, in the order in which the states have them. A list is one value:
 * that somebody left it moves all who stand behind.
 */
export function fieldDifferences(before: unknown, after: unknown, path = ''): readonly FieldDifference[] {
  if (isObject(before) && isObject(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
      fieldDifferences(member(before, name), member(after, name), path === '' ? name : `${path}.${name}`),
    )
  return isSame(before, after) ? [] : [{ path, before: before ?? null, after: after ?? null }]
}

function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]))
  if (isObject(one) && isObject(other)) return fieldDifferences(one, other).length === 0
  return (one ?? null) === (other ?? null)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function member(object: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
