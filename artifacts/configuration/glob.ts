/** A path with wildcards, made ready to be compared. */
export type PathPattern = {
  readonly segments: readonly SegmentPattern[]
  /** The one path that it means, folded, with `/` between its segments; `null` when it has wildcards. `''` is the folder itself. */
  readonly literal: string | null
  /** With what the last name must end, folded: most names are told apart by that. */
  readonly ending: string
}

type SegmentPattern =
  | { readonly kind: 'literal'; readonly folded: string }
  | { readonly kind: 'wild'; readonly tokens: readonly Token[] }
  /** `**`: any number of segments, also none. */
  | { readonly kind: 'segments' }

type Token =
  | { readonly kind: 'character'; readonly code: number }
  | { readonly kind: 'one' }
  | { readonly kind: 'some' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly CodeRange[] }

/** Code points, the last one too. */
type CodeRange = readonly [number, number]

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
  return {
    segments,
    literal: literals.includes(undefined) ? null : literals.join('/'),
    ending: endingOf(segments.at(-1)),
  }
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
 * Compares a pattern with the segments of a path from one of them on. Each `**` takes as little as it can, and only the last one is ever
 * given more: what stands before it fits already, and the first place where that fits leaves most to what follows. The same holds for
 * `*` in a segment.
 *
 * @param names folded
 * @throws MatchingWorkExceeded
 */
export function matchesPath(
  { segments, ending }: PathPattern,
  names: readonly string[],
  from: number,
  work: MatchingWork,
): boolean {
  if (ending !== '' && (names.length === from || !names.at(-1)?.endsWith(ending))) return false
  let at = 0
  let name = from
  let starAt = -1
  let starName = 0
  while (name < names.length) {
    spend(work)
    const segment = segments[at]
    if (segment?.kind === 'segments') {
      starAt = at++
      starName = name
    } else if (segment !== undefined && matchesSegment(segment, names[name] ?? '', work)) {
      at += 1
      name += 1
    } else if (starAt !== -1) {
      at = starAt + 1
      name = ++starName
    } else return false
  }
  while (segments[at]?.kind === 'segments') at += 1
  return at === segments.length
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
    } else tokens.push({ kind: 'character', code: codeOf(fold(character)) })
  }
  const literal = tokens.map(literalOf)
  if (literal.includes(undefined)) return { kind: 'wild', tokens }
  return { kind: 'literal', folded: literal.join('') }
}

/** A class of one character, such as `[*]`, stands for that character. */
function literalOf(token: Token): string | undefined {
  if (token.kind === 'character') return String.fromCodePoint(token.code)
  if (token.kind !== 'class' || token.negated || token.ranges.length !== 1) return undefined
  const [from, to] = token.ranges[0] as CodeRange
  return from === to ? fold(String.fromCodePoint(from)) : undefined
}

function endingOf(segment: SegmentPattern | undefined): string {
  if (segment === undefined || segment.kind === 'segments') return ''
  if (segment.kind === 'literal') return segment.folded
  const first = segment.tokens.findLastIndex(({ kind }) => kind !== 'character') + 1
  return segment.tokens.slice(first).map(literalOf).join('')
}

/** Where the class that begins here ends: a `]` right at its beginning is one of its characters. */
function endOfClass(characters: readonly string[], start: number): number {
  const first = characters[start + 1] === '!' ? start + 2 : start + 1
  return characters.indexOf(']', first + 1)
}

function parseClass(content: readonly string[]): Extract<Token, { kind: 'class' }> | { readonly fault: string } {
  const negated = content[0] === '!'
  const members = negated ? content.slice(1) : content
  const ranges: CodeRange[] = []
  for (let at = 0; at < members.length; at++) {
    const from = members[at] ?? ''
    const to = members[at + 1] === '-' ? members[at + 2] : undefined
    if (to !== undefined) at += 2
    if (codeOf(from) > codeOf(to ?? from)) return { fault: `has the range ${from}-${to}, which runs backwards` }
    ranges.push([codeOf(from), codeOf(to ?? from)])
  }
  return { kind: 'class', negated, ranges }
}

function matchesSegment(segment: SegmentPattern, name: string, work: MatchingWork): boolean {
  if (segment.kind === 'literal') return segment.folded === name
  return segment.kind === 'segments' || matchesTokens(segment.tokens, codesOf(name), work)
}

function matchesTokens(tokens: readonly Token[], codes: readonly number[], work: MatchingWork): boolean {
  let at = 0
  let code = 0
  let starAt = -1
  let starCode = 0
  while (code < codes.length) {
    spend(work)
    const token = tokens[at]
    if (token?.kind === 'some') {
      starAt = at++
      starCode = code
    } else if (token !== undefined && fitsToken(token, codes[code] ?? 0)) {
      at += 1
      code += 1
    } else if (starAt !== -1) {
      at = starAt + 1
      code = ++starCode
    } else return false
  }
  while (tokens[at]?.kind === 'some') at += 1
  return at === tokens.length
}

function fitsToken(token: Exclude<Token, { kind: 'some' }>, code: number): boolean {
  if (token.kind === 'character') return token.code === code
  return token.kind === 'one' || token.negated !== isInRanges(token.ranges, code)
}

function isInRanges(ranges: readonly CodeRange[], code: number): boolean {
  const lower = code > 0xffff ? code : codeOf(simpleCase(String.fromCharCode(code), 'toLowerCase'))
  return ranges.some(([from, to]) => (from <= code && code <= to) || (from <= lower && lower <= to))
}

function spend(work: MatchingWork): void {
  work.left -= 1
  if (work.left < 0) throw new MatchingWorkExceeded()
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0
}

function codesOf(name: string): number[] {
  const codes: number[] = []
  for (const character of name) codes.push(codeOf(character))
  return codes
}
