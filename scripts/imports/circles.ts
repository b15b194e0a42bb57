import { posix } from 'node:path'
import type { Sources } from './check.ts'
import { readImports } from './read-imports.ts'

/**
 * Finds the circles among files that import each other, types included: such files can only be read, and moved, together.
 *
 * @returns the files of each circle, sorted; circles that share a file are one
 */
export function findCircles(sources: Sources): readonly (readonly string[])[] {
  const targets = new Map([...sources].map(([path, source]) => [path, targetsOf(path, source)]))
  return stronglyConnected(targets).filter(
    ([first = '', ...others]) => others.length > 0 || isOwnTarget(first, targets),
  )
}

type Targets = ReadonlyMap<string, readonly string[]>

function targetsOf(path: string, source: string): readonly string[] {
  return readImports(path, source)
    .imports.filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier }) => posix.join(posix.dirname(path), specifier))
}

function isOwnTarget(path: string, targets: Targets): boolean {
  return targets.get(path)?.includes(path) === true
}

/** The strongly connected components of a graph, by Tarjan's algorithm (SIAM J. Comput. 1 (2), 1972). */
function stronglyConnected(targets: Targets): readonly (readonly string[])[] {
  const components: string[][] = []
  const indexes = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()

  function visit(path: string): number {
    const index = indexes.size
    indexes.set(path, index)
    stack.push(path)
    onStack.add(path)
    let low = index
    for (const target of targets.get(path) ?? []) {
      if (!targets.has(target)) continue
      const known = indexes.get(target)
      if (known === undefined) low = Math.min(low, visit(target))
      else if (onStack.has(target)) low = Math.min(low, known)
    }
    if (low === index) {
      const component = stack.splice(stack.indexOf(path))
      for (const each of component) onStack.delete(each)
      components.push(component.sort())
    }
    return low
  }

  for (const path of targets.keys()) if (!indexes.has(path)) visit(path)
  return components
}
