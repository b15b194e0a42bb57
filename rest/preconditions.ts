import { parse } from 'range-parser'

/** The headers of a request that say which answer it wants of a representation (RFC 9110 §13, §14). */
export type ConditionalHeaders = {
  readonly 'if-match'?: string | undefined
  readonly 'if-none-match'?: string | undefined
  readonly 'if-range'?: string | undefined
  readonly range?: string | undefined
}

/** What to answer: the whole, a part (end exclusive), that nothing changed, or that it cannot be as asked. */
export type Selection =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'notModified' }
  | { readonly kind: 'preconditionFailed' }
  | { readonly kind: 'notSatisfiable' }

/**
 * Says what a GET or HEAD of a representation answers, in the order of RFC 9110 §13.2.2. Several ranges at once, and
 * ranges in other units or malformed, are answered with the whole, as §14.2 lets a server do.
 *
 * @param etag the representation's strong entity tag, with its quotation marks
 * @param size bytes
 */
export function select(headers: ConditionalHeaders, etag: string, size: number): Selection {
  const { range } = headers
  const ifMatch = headers['if-match']
  const ifNoneMatch = headers['if-none-match']
  const ifRange = headers['if-range']
  if (ifMatch !== undefined && !lists(ifMatch, etag, 'strong')) return { kind: 'preconditionFailed' }
  if (ifNoneMatch !== undefined && lists(ifNoneMatch, etag, 'weak')) return { kind: 'notModified' }
  if (range === undefined || (ifRange !== undefined && ifRange.trim() !== etag)) return { kind: 'whole' }
  return selectRange(range, size)
}

/** What `range-parser` says of a header, as bits. */
const rangeFault = { malformed: 1, behindEnd: 2 } as const

function selectRange(header: string, size: number): Selection {
  const { code, type, ranges } = parse(size, header)
  if (type !== 'bytes' || code & rangeFault.malformed) return { kind: 'whole' }
  const [range, another] = ranges
  if (range === undefined && code & rangeFault.behindEnd) return { kind: 'notSatisfiable' }
  // Of several ranges, those behind the end are not in the list.
  if (range === undefined || another !== undefined || code !== 0) return { kind: 'whole' }
  return { kind: 'part', start: range.start, end: range.end + 1 }
}

function lists(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? []
  return tags.some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === etag)
}
