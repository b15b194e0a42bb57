import type { Things } from './things.ts'

/** The same things whenever they are asked for, but those that calls change: they are made anew. */
export function unchanging(things: Things, changed: readonly (keyof Things)[] = []): Things {
  const made = new Map<string, Promise<unknown>>()
  const once = (kind: keyof Things) => () => {
    const known = (changed.includes(kind) ? undefined : made.get(kind)) ?? things[kind]()
    made.set(kind, known)
    return known
  }
  return Object.fromEntries((Object.keys(things) as (keyof Things)[]).map((kind) => [kind, once(kind)])) as Things
}
