import { Refusal } from '../domain/index.ts'
import { decodeCursor, encodeCursor, type Page, type PageRequest } from './page.ts'

/** A list whose items are numbered without gaps, from 0. */
export type NumberedList<Item> = {
  /** Its id, which its cursors name. */
  readonly list: string
  /** How many items it has. */
  readonly count: number
  /** Gives the items `from` (inclusive) to `to` (exclusive). */
  readonly read: (from: number, to: number) => Promise<readonly Item[]>
}

/**
 * One page of such a list.
 *
 * @throws Refusal `CURSOR_MALFORMED`
 */
export async function numberedPage<Item>(
  { list, count, read }: NumberedList<Item>,
  page: PageRequest,
): Promise<Page<Item>> {
  const start = page.after === undefined ? 0 : numberOf(page.after, list, count) + 1
  const end = page.before === undefined ? count : numberOf(page.before, list, count)
  const from = page.direction === 'forward' ? start : Math.max(start, end - page.size)
  const to = page.direction === 'forward' ? Math.min(end, start + page.size) : end
  const items = from < to ? await read(from, to) : []
  return {
    items: items.map((item, offset) => ({ cursor: cursorOf(from + offset, list), item })),
    hasNextPage: to < count,
    hasPreviousPage: from > 0,
  }
}

/** The cursor of an item of a numbered list. */
export function cursorOf(number: number, list: string): string {
  return encodeCursor({ key: String(number), id: list })
}

/** Which item a cursor is of, in a list of so many. @throws Refusal `CURSOR_MALFORMED` */
export function numberOf(cursor: string, list: string, count: number): number {
  const { key, id } = decodeCursor(cursor)
  if (id !== list || !/^\d{1,15}$/.test(key) || Number(key) >= count) throw foreignCursor()
  return Number(key)
}

/** The error of a cursor that this list never gave. */
export function foreignCursor(): Refusal {
  return new Refusal('CURSOR_MALFORMED', 'The cursor belongs to another list. Start from the first page.')
}
