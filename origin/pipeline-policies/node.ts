import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseAllDocuments } from 'yaml'
import { Refusal } from '../../domain/refusal.ts'

/** Where something stands in the text of a pipeline policy; the first line and the first column are 1. */
export type Position = { readonly line: number; readonly column: number }

/** A part of a pipeline policy's YAML, with its place. */
export type PolicyNode =
  | { readonly kind: 'mapping'; readonly at: Position; readonly entries: ReadonlyMap<string, PolicyEntry> }
  | { readonly kind: 'list'; readonly at: Position; readonly items: readonly PolicyNode[] }
  | {
      readonly kind: 'scalar'
      readonly at: Position
      readonly value: string | number | boolean | null
      /** As it is written, without quotation marks: `1.0` where the value is the number 1. */
      readonly source: string
    }

/** A key of a mapping, where it stands, and what it has. */
export type PolicyEntry = { readonly keyAt: Position; readonly value: PolicyNode }

/** The longest text of a pipeline policy, in characters. */
export const longestPolicy = 65_536
/** So many parts a policy may have, where each alias counts as all that it stands for. */
const mostNodes = 5_000
const deepest = 16
/** So many brackets may be open at once in what is given to the parser. */
const mostOpened = 200

/**
 * Reads YAML 1.2 into parts with their places. Aliases are replaced by what they stand for, as long as all of it stays within the
 * number of parts that a policy may have.
 *
 * @throws Refusal `PIPELINE_POLICY_TOO_LARGE`, `PIPELINE_POLICY_MALFORMED`
 */
export function readPolicyText(text: string): PolicyNode {
  if (text.length > longestPolicy)
    throw new Refusal(
      'PIPELINE_POLICY_TOO_LARGE',
      `A pipeline policy has no more than ${longestPolicy} characters; this one has ${text.length}.`,
    )
  const lines = new LineCounter()
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  if (isNestedTooDeep(text))
    throw malformed({ line: 1, column: 1 }, `there are more than ${mostOpened} lists or mappings within each other.`)
  const document = parsed(text, lines, place)
  // An alias stands for the last part before it that has its anchor.
  const anchors = new Map<string, ParsedNode>()
  let nodes = 0

  function convert(node: ParsedNode | null, depth: number, fallback: Position): PolicyNode {
    nodes += 1
    const at = node === null ? fallback : place(node.range[0])
    if (nodes > mostNodes || depth > deepest)
      throw refusedAt(
        'PIPELINE_POLICY_TOO_LARGE',
        at,
        `a pipeline policy has no more than ${mostNodes} parts, each alias counted as all that it stands for, and no more than ${deepest} within each other.`,
      )
    if (node === null) return { kind: 'scalar', at, value: null, source: '' }
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target === undefined) throw malformed(at, `the alias *${node.source} stands for nothing.`)
      return convert(target, depth + 1, at)
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node)
    if (isSeq(node)) return { kind: 'list', at, items: node.items.map((item) => convert(item, depth + 1, at)) }
    if (isMap(node)) {
      const entries = new Map<string, PolicyEntry>()
      for (const { key, value } of node.items) {
        const keyAt = place(key.range[0])
        if (!isScalar(key) || typeof key.value !== 'string') throw malformed(keyAt, 'a key must be text.')
        entries.set(key.value, { keyAt, value: convert(value, depth + 1, keyAt) })
      }
      return { kind: 'mapping', at, entries }
    }
    const { value } = node
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value))
      return { kind: 'scalar', at, value: value as string | number | boolean | null, source: node.source ?? '' }
    throw malformed(at, 'a value must be text, a number, true or false.')
  }

  return convert(document.contents as ParsedNode | null, 0, { line: 1, column: 1 })
}

/**
 * Whether brackets, or dashes in one line, are so many within each other that the parser would take long for them, or exhaust its
 * stack. Those in text and comments count too; nobody has as many there without closing them.
 */
function isNestedTooDeep(text: string): boolean {
  let opened = 0
  for (const character of text) {
    if (character === '[' || character === '{') opened += 1
    if ((character === ']' || character === '}') && opened > 0) opened -= 1
    if (opened > mostOpened) return true
  }
  return new RegExp(`(?:[-?][ \\t]+){${mostOpened}}`).test(text)
}

/** The one document of the text. */
function parsed(text: string, lineCounter: LineCounter, place: (offset: number) => Position) {
  let documents: ReturnType<typeof parseAllDocuments>
  try {
    documents = parseAllDocuments(text, { lineCounter, prettyErrors: false, uniqueKeys: true, version: '1.2' })
  } catch {
    throw malformed({ line: 1, column: 1 }, 'it cannot be read as YAML.')
  }
  const [document, second] = 'empty' in documents ? [] : documents
  if (document === undefined) throw malformed({ line: 1, column: 1 }, 'it is empty.')
  // A tag that the schema does not know is a warning to the library.
  const [fault] = [...document.errors, ...document.warnings]
  if (fault !== undefined) throw malformed(place(fault.pos[0]), `${fault.message.replace(/\.?$/, '.')}`)
  if (second !== undefined)
    throw malformed(place(second.range?.[0] ?? 0), 'a second document begins here; one is possible.')
  return document
}

/** A refusal that says at which line and column something is wrong. */
export function refusedAt(code: string, { line, column }: Position, what: string): Refusal {
  return new Refusal(code, `Pipeline policy, line ${line}, column ${column}: ${what}`, { line, column })
}

/** What is not of the form that it must have. */
export function malformed(at: Position, what: string): Refusal {
  return refusedAt('PIPELINE_POLICY_MALFORMED', at, what)
}
