/** A place where two JSON values are not the same. */
export type JsonDifference = { readonly path: string; readonly expected: unknown; readonly actual: unknown }

/**
 * Finds every place where two JSON values differ. Objects are compared without regard to the order of their members.
 *
 * @param path the name of the whole
 */
export function differences(expected: unknown, actual: unknown, path = ''): readonly JsonDifference[] {
  if (Object.is(expected, actual)) return []
  if (Array.isArray(expected) && Array.isArray(actual))
    return Array.from({ length: Math.max(expected.length, actual.length) }, (_, index) =>
      differences(expected[index], actual[index], `${path}[${index}]`),
    ).flat()
  if (isObject(expected) && isObject(actual))
    return [...new Set([...Object.keys(expected), ...Object.keys(actual)])].flatMap((key) =>
      differences(member(expected, key), member(actual, key), path === '' ? key : `${path}.${key}`),
    )
  return [{ path, expected, actual }]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function member(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
