import { unseenIn } from '../../domain/text.ts'
import { escapeGlob, fold, matchesPath, parsePath } from './glob.ts'

/** A path of a suggested configuration. */
export type SuggestedPath = { readonly path: string; readonly isMany: boolean }

/** So many files of one ending in one folder become one path. */
const manyFiles = 10
/** Comparing each path with each other is for samples that people look at. */
const mostCompared = 2000

/**
 * Paths that mean all of some files, each once, and none of the others in their container. Many files of one ending in one folder become
 * one path; of the others each has its own, in which numbers of versions are wildcards where nothing else would be meant.
 */
export function suggestPaths(meant: readonly string[], others: readonly string[]): readonly SuggestedPath[] {
  const all = [...meant, ...others].map((path) => path.split('/').map(fold))
  const countOf = (pattern: string) => {
    const parsed = parsePath(pattern)
    if ('fault' in parsed || all.length > mostCompared) return undefined
    const work = { left: Number.POSITIVE_INFINITY }
    return all.filter((names) => matchesPath(parsed, names, 0, work)).length
  }
  const groups = Map.groupBy(meant, (path) => {
    const ending = /[^/.]\.([^./]+)$/.exec(path)?.[1]
    return ending === undefined ? path : `${literal(folderOf(path))}*.${literal(ending)}`
  })
  return [...groups].flatMap(([pattern, paths]): SuggestedPath[] => {
    if (paths.length >= manyFiles && countOf(pattern) === paths.length) return [{ path: pattern, isMany: true }]
    return paths.map((path) => {
      const name = path.slice(folderOf(path).length)
      const versionless = literal(folderOf(path)) + literal(name).replaceAll(/\d+(?:\.\d+)+/g, '*')
      const isAlone = versionless.includes('*') && countOf(versionless) === 1
      return { path: isAlone ? versionless : literal(path), isMany: false }
    })
  })
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1)
}

/** A path that means itself; what cannot be written in a configuration, because nobody would see it, is any character. */
function literal(path: string): string {
  const seen = [...path].map((character) => (unseenIn(`a${character}a`) === undefined ? character : '?'))
  return seen.map((character) => (character === '?' ? character : escapeGlob(character))).join('')
}
