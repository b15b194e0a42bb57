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

function selectRange(header: string, size: number): Selection {
  const [, first, last] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return { kind: 'whole' }
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? { kind: 'notSatisfiable' } : { kind: 'part', start: size - length, end: size }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return { kind: 'whole' }
  if (start >= size) return { kind: 'notSatisfiable' }
  return { kind: 'part', start, end: last === '' ? size : Math.min(Number(last) + 1, size) }
}

function lists(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? []
  return tags.some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === etag)
}
