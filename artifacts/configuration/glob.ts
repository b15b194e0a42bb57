/** A path with wildcards, made ready to be compared. */
export type PathPattern = {
  readonly segments: readonly SegmentPattern[]
  /** The one path that it means, folded, with `/` between its segments; `null` when it has wildcards. `''` is the folder itself. */
  readonly literal: string | null
}

type SegmentPattern =
  | { readonly kind: 'literal'; readonly folded: string }
  | { readonly kind: 'wild'; readonly tokens: readonly Token[] }
  /** `**`: any number of segments, also none. */
  | { readonly kind: 'segments' }

type Token =
  | { readonly kind: 'character'; readonly folded: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'some' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] }

/** How many steps comparing may take. One comparison takes at most the product of both lengths. */
export type MatchingWork = { left: number }

/** What a comparison ends with that would take longer than its work allows. */
export class MatchingWorkExceeded extends Error {}

/** The longest path of an element, in UTF-16 code units. */
export const longestPath = 1000

/**
 * Reads a path of a configuration: segments between `/` or `\`, in which `*` stands for any characters, `?` for one, `[abc]`, `[a-z]` and
 * `[!abc]` for one of a class, and `**` alone for any number of segments. `.` means the folder itself.
 *
 * @returns what is wrong with it, as the end of a sentence that begins with the path, or the pattern
 */
export function parsePath(path: string): PathPattern | { readonly fault: string } {
  if (path === '') return { fault: 'is empty' }
  if (path.length > longestPath) return { fault: `has more than ${longestPath} characters` }
  const parts = path.split(/[/\\]/)
  if (parts[0] === '') return { fault: 'begins with a separator: paths begin in the container, without one' }
  // A folder may be written as folders often are.
  if (parts.length > 1 && parts.at(-1) === '') parts.pop()
  const segments: SegmentPattern[] = []
  for (const part of parts) {
    if (part === '.') continue
    const segment = parseSegment(part)
    if ('fault' in segment) return segment
    if (segment.kind !== 'segments' || segments.at(-1)?.kind !== 'segments') segments.push(segment)
  }
  const literals = segments.map((segment) => (segment.kind === 'literal' ? segment.folded : undefined))
  return { segments, literal: literals.includes(undefined) ? null : literals.join('/') }
}

/** Whether a path has more than one segment. */
export function hasFolders(path: string): boolean {
  return /[/\\]/.test(path)
}

/** Makes a text stand for itself in a path. */
export function escapeGlob(text: string): string {
  return text.replaceAll(/[*?[]/g, '[$&]')
}

/**
 * Compares a pattern with the segments of a path from one of them on.
 *
 * @param names folded
 * @throws MatchingWorkExceeded
 */
export function matchesPath(
  { segments }: PathPattern,
  names: readonly string[],
  from: number,
  work: MatchingWork,
): boolean {
  return matchesSequence(segments, names, {
    from,
    isStar: ({ kind }) => kind === 'segments',
    fits: (segment, name) => matchesSegment(segment, name, work),
    work,
  })
}

/**
 * What is compared in place of a name: case does not count as it does not to Windows, which maps single characters by themselves. `ß`
 * is not `ss`, and no letter beyond ASCII is the same as one of ASCII.
 */
export function fold(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toUpperCase()
  let folded = ''
  for (let index = 0; index < text.length; index++) folded += simpleCase(text.charAt(index), 'toUpperCase')
  return folded
}

function simpleCase(unit: string, how: 'toUpperCase' | 'toLowerCase'): string {
  const mapped = unit[how]()
  if (mapped.length !== unit.length) return unit
  return unit > '\x7f' && mapped <= '\x7f' ? unit : mapped
}

function parseSegment(text: string): SegmentPattern | { readonly fault: string } {
  if (text === '') return { fault: 'has two separators without a name between them' }
  if (text === '..') return { fault: 'leads out of its container: .. is no name' }
  if (text === '**') return { kind: 'segments' }
  if (text.includes('**'))
    return { fault: 'has ** beside other characters: ** stands for whole segments, such as **/*.dll' }
  const tokens: Token[] = []
  const characters = [...text]
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string
    if (character === '*') tokens.push({ kind: 'some' })
    else if (character === '?') tokens.push({ kind: 'one' })
    else if (character === '[') {
      const end = endOfClass(characters, at)
      if (end === -1) return { fault: 'has a [ that no ] closes; a [ itself is written [[]' }
      const read = parseClass(characters.slice(at + 1, end))
      if ('fault' in read) return read
      tokens.push(read)
      at = end
    } else tokens.push({ kind: 'character', folded: fold(character) })
  }
  const literal = tokens.map(literalOf)
  if (literal.includes(undefined)) return { kind: 'wild', tokens }
  return { kind: 'literal', folded: literal.join('') }
}

/** A class of one character, such as `[*]`, stands for that character. */
function literalOf(token: Token): string | undefined {
  if (token.kind === 'character') return token.folded
  if (token.kind !== 'class' || token.negated || token.ranges.length !== 1) return undefined
  const [from, to] = token.ranges[0] as readonly [string, string]
  return from === to ? fold(from) : undefined
}

/** Where the class that begins here ends: a `]` right at its beginning is one of its characters. */
function endOfClass(characters: readonly string[], start: number): number {
  const first = characters[start + 1] === '!' ? start + 2 : start + 1
  return characters.indexOf(']', first + 1)
}

function parseClass(content: readonly string[]): Extract<Token, { kind: 'class' }> | { readonly fault: string } {
  const negated = content[0] === '!'
  const members = negated ? content.slice(1) : content
  const ranges: (readonly [string, string])[] = []
  for (let at = 0; at < members.length; at++) {
    const from = members[at] as string
    const to = members[at + 1] === '-' ? members[at + 2] : undefined
    if (to === undefined) {
      ranges.push([from, from])
      continue
    }
    if (codeOf(from) > codeOf(to)) return { fault: `has the range ${from}-${to}, which runs backwards` }
    ranges.push([from, to])
    at += 2
  }
  return { kind: 'class', negated, ranges }
}

function matchesSegment(segment: SegmentPattern, name: string, work: MatchingWork): boolean {
  if (segment.kind === 'literal') return segment.folded === name
  if (segment.kind === 'segments') return true
  return matchesSequence(segment.tokens, [...name], {
    from: 0,
    isStar: ({ kind }) => kind === 'some',
    fits: fitsToken,
    work,
  })
}

function fitsToken(token: Token, folded: string): boolean {
  if (token.kind === 'character') return token.folded === folded
  return token.kind !== 'class' || token.negated !== isInRanges(token.ranges, folded)
}

function isInRanges(ranges: readonly (readonly [string, string])[], folded: string): boolean {
  const lower = folded.length === 1 ? simpleCase(folded, 'toLowerCase') : folded
  return [folded, lower].some((each) =>
    ranges.some(([from, to]) => codeOf(from) <= codeOf(each) && codeOf(each) <= codeOf(to)),
  )
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0
}

/**
 * Compares a sequence with one in which stars stand for any number of members. Each star takes as little as it can, and only the last one
 * is ever given more: what stands before it fits already, and the first place where that fits leaves most to what follows.
 */
function matchesSequence<Wanted, Given>(
  pattern: readonly Wanted[],
  members: readonly Given[],
  how: {
    readonly from: number
    readonly isStar: (wanted: Wanted) => boolean
    readonly fits: (wanted: Wanted, given: Given) => boolean
    readonly work: MatchingWork
  },
): boolean {
  let at = 0
  let member = how.from
  let star: { readonly at: number; member: number } | undefined
  while (member < members.length) {
    how.work.left -= 1
    if (how.work.left < 0) throw new MatchingWorkExceeded()
    const wanted = pattern[at]
    if (wanted !== undefined && how.isStar(wanted)) {
      star = { at, member }
      at += 1
    } else if (wanted !== undefined && how.fits(wanted, members[member] as Given)) {
      at += 1
      member += 1
    } else if (star !== undefined) {
      star.member += 1
      at = star.at + 1
      member = star.member
    } else return false
  }
  return pattern.slice(at).every(how.isStar)
}
