import type { ElementMatch, ElementNode, PathNode, Position } from './configuration.ts'
import type { NearMatch } from './near-matches.ts'

/** What does not fit between the elements and the files of a container. */
export type MatchFinding = {
  /** `ELEMENT_MATCHES_TOO_FEW`, `ELEMENT_MATCHES_TOO_MANY`, or `FILE_MATCHED_TWICE` */
  readonly code: string
  readonly message: string
  readonly element: ElementNode
  readonly path: PathNode
  /** Where the element, or the include, is in the configuration. */
  readonly position: Position
  /** The folder that the path is relative to, within the container; empty for the container itself. */
  readonly folder: string
  /** What matches: the first ten. */
  readonly matched: readonly string[]
  readonly matchCount: number
  /** Of a path that means too few files: those that may have been meant. */
  readonly nearMatches: readonly NearMatch[]
}

/** A path of an element, where it is looked for, and what it means there. */
export type LookedFor = ElementMatch & {
  readonly folder: string
  readonly matched: readonly string[]
}

const shown = 10

/** The finding of a path that means fewer files or folders than it must. */
export function tooFew(place: LookedFor, near: readonly NearMatch[]): MatchFinding {
  const hint = near.length === 0 ? '' : ` ${near.map(({ path, reason }) => `${path} ${reasons[reason]}`).join('; ')}.`
  return finding('ELEMENT_MATCHES_TOO_FEW', place, near, hint)
}

/** The finding of a path that means more files or folders than it may. */
export function tooMany(place: LookedFor): MatchFinding {
  const hint = ` They are: ${place.matched.slice(0, shown).join(', ')}${place.matched.length > shown ? ', …' : ''}. Say max-matches when so many are meant.`
  return finding('ELEMENT_MATCHES_TOO_MANY', place, [], hint)
}

/** The finding of a file that two elements mean, or two includes of one. */
export function twice(file: string, first: ElementMatch, second: ElementMatch): MatchFinding {
  const { position } = second.path
  return {
    code: 'FILE_MATCHED_TWICE',
    message: `${file} is meant by ${writtenAs(first)} and by ${writtenAs(second)}: a file can be meant by one element only.`,
    ...second,
    position,
    folder: '',
    matched: [file],
    matchCount: 1,
    nearMatches: [],
  }
}

const reasons: Readonly<Record<NearMatch['reason'], string>> = {
  otherFolder: 'has the name in another folder',
  oneLevelDeeper: 'would match one folder further down',
  similarName: 'has a similar name',
  sameEnding: 'has the same ending',
  inContainer: 'is a container that may hold it',
}

function finding(code: string, place: LookedFor, near: readonly NearMatch[], hint: string): MatchFinding {
  const { element, path, folder, matched } = place
  const { position } = path
  const what = element.name === 'directory' ? ['folder', 'folders'] : ['file', 'files']
  const count = matched.length === 0 ? `no ${what[0]}` : `${matched.length} ${what[matched.length === 1 ? 0 : 1]}`
  const where = folder === '' ? '' : ` in ${folder}`
  return {
    code,
    message: `${writtenAs(place)} means ${count}${where}, and must mean ${wanted(path)}.${hint}`,
    element,
    path,
    position,
    folder,
    matched: matched.slice(0, shown),
    matchCount: matched.length,
    nearMatches: near,
  }
}

/** An element as people find it again: by its name, path and place. */
function writtenAs({ element, path }: ElementMatch): string {
  const name = element.isSet ? `${element.name}-set` : element.name
  const what = element.isSet ? `include of ${name}` : name
  return `${what} path="${path.path}" (line ${path.position.line}, column ${path.position.column})`
}

function wanted({ minMatches, maxMatches }: PathNode): string {
  if (maxMatches === null) return `${minMatches} or more`
  if (minMatches === maxMatches) return `${minMatches}`
  return `${minMatches} to ${maxMatches}`
}
