/** What makes a JSON text ambiguous, or costly to look through. */
export type JsonFault = { readonly kind: 'repeated'; readonly name: string } | { readonly kind: 'tooDeep' }

/**
 * Looks through a text that is known to be JSON (RFC 8259) for an object that has one name twice, and for objects and arrays that
 * lie deeper in each other than they may. Names are compared as they read, whatever their escapes.
 *
 * @returns the first fault; `undefined` when there is none
 */
export function repeatedJsonName(text: string, deepest: number): JsonFault | undefined {
  const open: (Set<string> | undefined)[] = []
  for (const [token, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (colon !== undefined) {
      const name = JSON.parse(token.slice(0, -colon.length)) as string
      const names = open.at(-1)
      if (names?.has(name)) return { kind: 'repeated', name }
      names?.add(name)
    }
    if (open.length > deepest) return { kind: 'tooDeep' }
  }
  return undefined
}
