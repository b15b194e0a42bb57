import type { ElementMatch } from './configuration.ts'
import { fold, type MatchingWork, matchesPath, type PathPattern, parsePath } from './glob.ts'
import { elementRules } from './language.ts'

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

const most = 5
/** So many files are looked at. */
const mostFiles = 100_000
/** Comparing names by letters is for names, and not for pages of text. */
const longestName = 100

/** The files that come nearest to a path that means too few, the nearest first. */
export function nearMatches(
  place: ElementMatch & { readonly folder: string; readonly files: readonly string[] },
): NearMatch[] {
  const pattern = parsePath(place.path.path)
  if ('fault' in pattern) return []
  const isFolder = place.element.name === 'directory'
  const rank = ranking(pattern, isFolder)
  const best = new Map<string, { readonly near: NearMatch; readonly rank: number }>()
  for (const file of place.files.slice(0, mostFiles)) {
    const below = within(file, place.folder)
    if (below === undefined) continue
    for (const candidate of isFolder ? foldersOf(below) : [below]) {
      const found = rank(candidate)
      if (found === undefined) continue
      const path = [place.folder, ...candidate].filter((name) => name !== '').join('/')
      if (!best.has(path)) best.set(path, { near: { path, reason: found }, rank: order.indexOf(found) })
    }
  }
  return [...best.values()]
    .toSorted((one, other) => one.rank - other.rank)
    .slice(0, most)
    .map(({ near }) => near)
}

const order: readonly NearMatch['reason'][] = [
  'oneLevelDeeper',
  'otherFolder',
  'similarName',
  'sameEnding',
  'inContainer',
]

function ranking(
  pattern: PathPattern,
  isFolder: boolean,
): (names: readonly string[]) => NearMatch['reason'] | undefined {
  // What is looked for here is a help, and takes what it is given.
  const work: MatchingWork = { left: Number.POSITIVE_INFINITY }
  const last: PathPattern = { segments: pattern.segments.slice(-1), literal: null }
  const [lastSegment] = last.segments
  const name = lastSegment?.kind === 'literal' ? lastSegment.folded : undefined
  const ending = endingOf(pattern)
  return (names) => {
    const folded = names.map(fold)
    const own = folded.at(-1) ?? ''
    if (own.length > longestName * 10) return undefined
    if (matchesPath(pattern, folded, 1, work)) return 'oneLevelDeeper'
    if (lastSegment?.kind !== 'segments' && matchesPath(last, folded.slice(-1), 0, work)) return 'otherFolder'
    if (name !== undefined && isSimilar(name, own)) return 'similarName'
    if (isFolder) return undefined
    if (ending !== undefined && own.endsWith(ending)) return 'sameEnding'
    return containerEndings.some((each) => own.endsWith(each)) ? 'inContainer' : undefined
  }
}

const containerEndings = [...elementRules.values()]
  .filter(({ isContainer }) => isContainer)
  .flatMap(({ extensions }) => extensions.map((each) => fold(`.${each}`)))

/** `.EXE` of a path that ends with it. */
function endingOf({ segments }: PathPattern): string | undefined {
  const last = segments.at(-1)
  if (last?.kind === 'literal') return /\.[^.]+$/.exec(last.folded)?.[0]
  if (last?.kind !== 'wild') return undefined
  const characters = last.tokens.map((token) => (token.kind === 'character' ? token.folded : '*'))
  return /\.[^.*]+$/.exec(characters.join(''))?.[0]
}

function within(file: string, folder: string): string[] | undefined {
  const names = file.split(/[/\\]/).filter((name) => name !== '')
  const around = folder === '' ? [] : folder.split('/')
  return around.every((name, index) => names[index] === name) ? names.slice(around.length) : undefined
}

function foldersOf(names: readonly string[]): string[][] {
  return names.slice(0, -1).map((_, index) => names.slice(0, index + 1))
}

/** Whether two names differ by at most two letters, and not by most of them: added, left out, or others. */
function isSimilar(wanted: string, given: string): boolean {
  const allowed = Math.min(2, Math.floor(wanted.length / 4))
  if (Math.abs(wanted.length - given.length) > allowed || wanted.length > longestName) return false
  if (wanted.normalize('NFC') === given.normalize('NFC')) return true
  let before = Array.from({ length: given.length + 1 }, (_, index) => index)
  for (let at = 1; at <= wanted.length; at++) {
    const row = [at]
    for (let to = 1; to <= given.length; to++) {
      const same = wanted[at - 1] === given[to - 1]
      row.push(Math.min((before[to - 1] ?? 0) + (same ? 0 : 1), (before[to] ?? 0) + 1, (row[to - 1] ?? 0) + 1))
    }
    before = row
  }
  return (before.at(-1) ?? 0) <= allowed
}
