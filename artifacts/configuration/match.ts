import { ArtifactError } from '../artifact-error.ts'
import { type Compared, type CompiledChildren, type CompiledPath, compileChildren, patternOf } from './compile-paths.ts'
import type { ElementMatch, ElementNode, FileKind } from './configuration.ts'
import { fold, type MatchingWork, MatchingWorkExceeded, matchesPath } from './glob.ts'
import { type LookedFor, type MatchFinding, tooFew, tooMany, twice } from './match-findings.ts'
import { type KnownFile, type NearMatch, nearMatches } from './near-matches.ts'

/** What a configuration says of a file in a container. */
export type FileMatch = {
  /** `null`: no element means it. */
  readonly match: ElementMatch | null
  /** Whether it must be signed when no element means it: as the innermost folder's element says; `null` when none says anything. */
  readonly refuseUnsigned: readonly FileKind[] | null
}

/** A folder that an element means which has directives of its own. */
export type FolderMatch = ElementMatch & {
  /** Its path in the container, with `/`; empty for the container itself. */
  readonly folder: string
}

/** What came of all entries of a container. */
export type ContainerMatches = {
  /** What does not fit, the first hundred: nothing may be signed while there is any. */
  readonly findings: readonly MatchFinding[]
  readonly findingCount: number
  readonly folders: readonly FolderMatch[]
}

/** A container, or a folder that a `directory` means: what it holds is compared with the paths of the element's children. */
type Scope = {
  /** How many segments of a path lead to it. */
  readonly base: number
  readonly folder: string
  readonly patterns: CompiledChildren
  readonly refuseUnsigned: readonly FileKind[] | null
  /** What each path means, as far as it was seen. */
  readonly matched: Map<CompiledPath, string[]>
}

/** What all comparisons in one container may take: some seconds on any machine. */
const usualWork = 300_000_000
const mostFindings = 100
/** So many findings say which files come near, which takes a look at all files for each. */
const mostWithNearMatches = 20
/** So many names a path may have: no system has deeper folders. */
const mostNames = 512

/**
 * Finds the elements that the files of one container are meant by. Each file is given once, by its path; in the end the numbers of
 * matches are judged. Folders need not be given: a path names those that it leads through.
 */
export class ContainerMatcher {
  readonly #work: MatchingWork
  readonly #scopes = new Map<string, readonly Scope[]>()
  readonly #files: KnownFile[] = []
  readonly #findings: MatchFinding[] = []
  #findingCount = 0
  readonly #folders: FolderMatch[] = []
  readonly #patterns: CompiledChildren

  /**
   * @param children of the container's element, with parameters resolved
   * @param options.refuseUnsigned what holds for the container
   */
  constructor(
    children: readonly ElementNode[],
    options: { readonly refuseUnsigned?: readonly FileKind[] | null; readonly work?: number } = {},
  ) {
    this.#work = { left: options.work ?? usualWork }
    this.#patterns = compileChildren(children)
    const container = scopeOf(0, '', this.#patterns, options.refuseUnsigned ?? null)
    this.#scopes.set('', this.#withFolders([container], '', []))
  }

  /**
   * @param path as the container has it, with `/` or `\`
   * @throws ArtifactError `MATCHING_LIMIT`
   */
  file(path: string): FileMatch {
    return this.#limited(() => {
      const names = namesOf(path)
      const folded = names.map(fold)
      const scopes = this.#scopesOf(names.slice(0, -1), folded.slice(0, -1))
      this.#files.push({ names, folded })
      const found = scopes.flatMap((scope) => this.#compare(scope, scope.patterns.files, folded))
      const elements = new Map(found.map(({ compiled }) => [compiled.path, compiled]))
      const [match, other] = [...elements.values()]
      for (const { scope, compiled } of found) note(scope, compiled, path)
      if (match !== undefined && other !== undefined) this.#report(() => twice(path, match, other))
      const refuseUnsigned = scopes.findLast((scope) => scope.refuseUnsigned !== null)?.refuseUnsigned ?? null
      return { match: match === undefined ? null : { element: match.element, path: match.path }, refuseUnsigned }
    })
  }

  /**
   * A folder that the container lists itself, so that one without files is there too.
   *
   * @throws ArtifactError `MATCHING_LIMIT`
   */
  folder(path: string): void {
    this.#limited(() => {
      const names = namesOf(path)
      this.#scopesOf(names, names.map(fold))
    })
  }

  /** Judges the numbers of matches; called when all entries were given. */
  finish(): ContainerMatches {
    const seen = new Set<Scope>()
    for (const scopes of this.#scopes.values()) for (const scope of scopes) seen.add(scope)
    for (const scope of seen)
      for (const compiled of scope.patterns.all) {
        const { element, path } = compiled
        const matched = scope.matched.get(compiled) ?? []
        const { minMatches, maxMatches } = path
        const place = { element, path, folder: scope.folder, matched }
        if (matched.length < minMatches) this.#report(() => tooFew(place, this.#nearMatches(place)))
        else if (maxMatches !== null && matched.length > maxMatches) this.#report(() => tooMany(place))
      }
    return { findings: this.#findings, findingCount: this.#findingCount, folders: this.#folders }
  }

  #nearMatches(place: LookedFor): readonly NearMatch[] {
    return this.#findings.length < mostWithNearMatches ? nearMatches(place, place.folder, this.#files) : []
  }

  #report(finding: () => MatchFinding): void {
    this.#findingCount += 1
    if (this.#findings.length < mostFindings) this.#findings.push(finding())
  }

  /**
   * The container and the folders whose children may mean what is in this folder. One folder may be written in capitals and small letters:
   * it is told as it comes first.
   */
  #scopesOf(names: readonly string[], folded: readonly string[]): readonly Scope[] {
    const key = folded.join('/')
    const known = this.#scopes.get(key)
    if (known !== undefined) return known
    const around = this.#scopesOf(names.slice(0, -1), folded.slice(0, -1))
    const scopes = this.#withFolders(around, names.join('/'), folded)
    this.#scopes.set(key, scopes)
    return scopes
  }

  /** Adds those that begin in the folder itself, and in these others that are the same folder again (`.`). */
  #withFolders(around: readonly Scope[], folder: string, folded: readonly string[]): readonly Scope[] {
    const scopes = [...around]
    const begun = new Set<CompiledPath>()
    for (let at = 0; at < scopes.length; at++) {
      const scope = scopes[at] as Scope
      for (const { compiled } of this.#compare(scope, scope.patterns.folders, folded)) {
        note(scope, compiled, folder)
        // However many ways lead to it, it is one folder.
        if (begun.has(compiled) || compiled.children === undefined) continue
        begun.add(compiled)
        const { element, path, children } = compiled
        scopes.push(scopeOf(folded.length, folder, children, element.options.refuseUnsigned))
        if (element.directives.length + element.verifications.length > 0) this.#folders.push({ element, path, folder })
      }
    }
    return scopes.length === around.length ? around : scopes
  }

  #compare(scope: Scope, { literal, wild }: Compared, folded: readonly string[]) {
    this.#work.left -= 1
    if (literal.size + wild.length === 0) return []
    const named = literal.get(folded.slice(scope.base).join('/')) ?? []
    const fitting = wild.filter(({ pattern }) => matchesPath(pattern, folded, scope.base, this.#work))
    return [...named, ...fitting].map((compiled) => ({ scope, compiled }))
  }

  #limited<Result>(compare: () => Result): Result {
    try {
      return compare()
    } catch (error) {
      if (!(error instanceof MatchingWorkExceeded)) throw error
      throw new ArtifactError(
        'MATCHING_LIMIT',
        'Comparing the paths of the artifact configuration with the files of a container takes too long: there are too many files for so many wildcards. Use fewer paths with * and **.',
      )
    }
  }
}

/**
 * Whether the root's path, where it has one, means a file.
 *
 * @param fileName of the artifact
 */
export function matchesRoot(root: ElementNode, fileName: string): boolean {
  const [path] = root.paths
  if (path === undefined) return true
  return matchesPath(patternOf(path), [fold(fileName)], 0, { left: usualWork })
}

function note(scope: Scope, compiled: CompiledPath, path: string): void {
  const matched = scope.matched.get(compiled)
  if (matched === undefined) scope.matched.set(compiled, [path])
  else if (matched.at(-1) !== path) matched.push(path)
}

function scopeOf(
  base: number,
  folder: string,
  patterns: CompiledChildren,
  refuseUnsigned: readonly FileKind[] | null,
): Scope {
  return { base, folder, patterns, refuseUnsigned, matched: new Map() }
}

function namesOf(path: string): string[] {
  const names = path.split(/[/\\]/).filter((name) => name !== '')
  if (names.length > mostNames)
    throw new ArtifactError(
      'MATCHING_LIMIT',
      `A path in the container has more than ${mostNames} folders: ${path.slice(0, 100)}…`,
    )
  return names
}
