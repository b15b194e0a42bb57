import type { ElementMatch, ElementNode, PathNode } from './configuration.ts'
import { type PathPattern, parsePath } from './glob.ts'

/** A path of an element, ready to be compared; of a folder with those in it. */
export type CompiledPath = ElementMatch & {
  readonly pattern: PathPattern
  readonly children: CompiledChildren | undefined
}

/** The paths of all elements in one. */
export type CompiledChildren = {
  readonly all: readonly CompiledPath[]
  readonly files: Compared
  readonly folders: Compared
}

/** Paths without wildcards by what they mean, and the others. */
export type Compared = {
  readonly literal: ReadonlyMap<string, readonly CompiledPath[]>
  readonly wild: readonly CompiledPath[]
}

/** Makes the paths of elements ready to be compared. */
export function compileChildren(children: readonly ElementNode[]): CompiledChildren {
  const all = children.flatMap((element) => {
    const isFolder = element.name === 'directory'
    const inside = isFolder ? compileChildren(element.children) : undefined
    return element.paths.map((path): CompiledPath => ({ element, path, pattern: patternOf(path), children: inside }))
  })
  return {
    all,
    files: compared(all.filter(({ children: inside }) => inside === undefined)),
    folders: compared(all.filter(({ children: inside }) => inside !== undefined)),
  }
}

function compared(paths: readonly CompiledPath[]): Compared {
  const literals = paths.filter(({ pattern }) => pattern.literal !== null)
  return {
    literal: Map.groupBy(literals, ({ pattern }) => pattern.literal ?? ''),
    wild: paths.filter(({ pattern }) => pattern.literal === null),
  }
}

/** The pattern of a path that was read. */
export function patternOf({ path, position }: PathNode): PathPattern {
  const pattern = parsePath(path)
  if ('fault' in pattern) throw new TypeError(`The path ${path} of line ${position.line} ${pattern.fault}.`)
  return pattern
}
