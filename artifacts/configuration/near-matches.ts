import type { ElementMatch } from './configuration.ts'
import { fold, type MatchingWork, matchesPath, type PathPattern, parsePath } from './glob.ts'
import { elementRules } from './language.ts'
import { isSimilar, longestComparedName } from './similar-names.ts'

/** A file that may have been meant by a path that does not mean it. */
export type NearMatch = {
  readonly path: string
  /**
   * `oneLevelDeeper`: the path would mean it in the folder that it is in. `otherFolder`: the last part of the path means its name.
   * `similarName`: its name differs by a letter or two. `sameEnding`: it ends as the path does. `inContainer`: it is a container, which no
   * element opens, and nothing nearer was found.
   */
  readonly reason: 'oneLevelDeeper' | 'otherFolder' | 'similarName' | 'sameEnding' | 'inContainer'
}

/** A file of a container, with its path made ready to be looked at. */
export type KnownFile = {
  readonly names: readonly string[]
  /** The same, folded. */
  readonly folded: readonly string[]
}

const most = 5

/** The files that come nearest to a path that means too few, the nearest first. */
export function nearMatches(
  { element, path }: ElementMatch,
  folder: string,
  files: readonly KnownFile[],
): readonly NearMatch[] {
  const pattern = parsePath(path.path)
  if ('fault' in pattern) return []
  const isFolder = element.name === 'directory'
  const rank = ranking(pattern, isFolder)
  const around = folder === '' ? [] : folder.split('/').map(fold)
  const found = new Map(order.map((reason) => [reason, new Set<string>()]))
  for (const { names, folded } of files) {
    if (!around.every((name, index) => folded[index] === name)) continue
    const firstEnd = isFolder ? around.length + 1 : names.length
    const lastEnd = isFolder ? names.length - 1 : names.length
    for (let end = firstEnd; end <= lastEnd; end++) {
      const reason = rank(folded, around.length, end)
      const paths = reason && found.get(reason)
      if (paths !== undefined && paths.size < most) paths.add(names.slice(0, end).join('/'))
    }
  }
  const all = [...found].flatMap(([reason, paths]) => [...paths].map((each) => ({ path: each, reason })))
  return all.slice(0, most)
}

const order: readonly NearMatch['reason'][] = [
  'oneLevelDeeper',
  'otherFolder',
  'similarName',
  'sameEnding',
  'inContainer',
]

/** Says of the first names of a path, down to an end, why they may have been meant. */
function ranking(
  pattern: PathPattern,
  isFolder: boolean,
): (folded: readonly string[], base: number, end: number) => NearMatch['reason'] | undefined {
  // What is looked for here is a help, and takes what it is given.
  const work: MatchingWork = { left: Number.POSITIVE_INFINITY }
  const last: PathPattern = { ...pattern, segments: pattern.segments.slice(-1) }
  const [lastSegment] = last.segments
  const name = lastSegment?.kind === 'literal' ? lastSegment.folded : undefined
  const ending = /\.[^.]+$/.exec(pattern.ending)?.[0]
  return (folded, base, end) => {
    const own = folded[end - 1] ?? ''
    if (own.length > 10 * longestComparedName) return undefined
    if (lastSegment?.kind !== 'segments' && matchesPath(last, [own], 0, work))
      return matchesPath(pattern, folded.slice(0, end), base + 1, work) ? 'oneLevelDeeper' : 'otherFolder'
    if (name !== undefined && isSimilar(name, own)) return 'similarName'
    if (isFolder) return undefined
    if (ending !== undefined && own.endsWith(ending)) return 'sameEnding'
    return containerEndings.has(/\.[^.]*$/.exec(own)?.[0] ?? '') ? 'inContainer' : undefined
  }
}

const containerEndings = new Set(
  [...elementRules.values()]
    .filter(({ isContainer }) => isContainer)
    .flatMap(({ extensions }) => extensions.map((each) => fold(`.${each}`))),
)
