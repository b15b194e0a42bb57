import { decodeCursor, encodeCursor, type Page, type PageRequest } from '../projections/index.ts'

/** A page of ids that an entity names, in their own order. @throws Refusal `CURSOR_MALFORMED` */
export function pageOfIds<Id extends string>(
  ids: readonly Id[],
  { after, before, size, direction }: PageRequest,
): Page<Id> {
  const sorted = [...ids].sort()
  const start = after === undefined ? 0 : firstIndex(sorted, (id) => id > decodeCursor(after).id)
  const end = before === undefined ? sorted.length : firstIndex(sorted, (id) => id >= decodeCursor(before).id)
  const from = direction === 'forward' ? start : Math.max(start, end - size)
  const to = direction === 'forward' ? Math.min(end, start + size) : end
  return {
    items: sorted.slice(from, to).map((id) => ({ cursor: encodeCursor({ key: '', id }), item: id })),
    hasNextPage: to < sorted.length,
    hasPreviousPage: from > 0,
  }
}

function firstIndex<Id>(ids: readonly Id[], matches: (id: Id) => boolean): number {
  const index = ids.findIndex(matches)
  return index === -1 ? ids.length : index
}
