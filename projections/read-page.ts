import type { Kysely, SelectQueryBuilder } from 'kysely'
import { decodeCursor, encodeCursor, type Page, type PageRequest } from './page.ts'
import type { ProjectedTable, Tables } from './tables.ts'

/** How a list is ordered. */
export type ListOrder = {
  /** The column that it is ordered by. */
  readonly key: string
  /** A column that is unique, for the order of equals; `null` when the key is unique itself. */
  readonly id: string | null
  readonly direction: 'asc' | 'desc'
}

// biome-ignore lint/suspicious/noExplicitAny: tables differ in their columns; what lists need of them is in ListOrder
type AnyQuery = SelectQueryBuilder<any, any, any>

/**
 * Reads a page by its keys (no offsets: a page costs the same wherever it is).
 *
 * @param narrow adds what restricts the list
 * @throws Refusal `CURSOR_MALFORMED`
 */
export async function readPage<Row extends object, Item>(
  database: Kysely<Tables>,
  table: ProjectedTable,
  order: ListOrder,
  page: PageRequest,
  narrow: (query: AnyQuery) => AnyQuery,
  toItem: (row: Row) => Item,
): Promise<Page<Item>> {
  const query = narrow(database.selectFrom(table).selectAll() as AnyQuery)
  return pageOf((await rowsAround(query, order, page).execute()) as Row[], order, page, toItem)
}

/**
 * Restricts a query to the rows of a page, in the order in which they are read, and one more than asked for, which says whether
 * there is more.
 *
 * @throws Refusal `CURSOR_MALFORMED`
 */
export function rowsAround(all: AnyQuery, order: ListOrder, page: PageRequest): AnyQuery {
  let query = all
  if (page.after !== undefined) query = beyond(query, order, page.after, order.direction === 'asc' ? '>' : '<')
  if (page.before !== undefined) query = beyond(query, order, page.before, order.direction === 'asc' ? '<' : '>')
  const direction = (order.direction === 'asc') === (page.direction === 'backward') ? 'desc' : 'asc'
  const ordered = query.orderBy(order.key, direction)
  const unique = order.id === null ? ordered : ordered.orderBy(order.id, direction)
  return unique.limit(page.size + 1)
}

/** The page of rows that were read so. */
export function pageOf<Row extends object, Item>(
  rows: readonly Row[],
  order: ListOrder,
  page: PageRequest,
  toItem: (row: Row) => Item,
): Page<Item> {
  const backward = page.direction === 'backward'
  const more = rows.length > page.size
  const kept = rows.slice(0, page.size)
  if (backward) kept.reverse()
  return {
    items: kept.map((row) => new ReadItem(row, order, toItem(row))),
    hasNextPage: backward ? page.before !== undefined : more,
    hasPreviousPage: backward ? more : page.after !== undefined,
  }
}

/** An item whose cursor is written when it is asked for: most lists ask for that of the last item only. */
class ReadItem<Row extends object, Item> {
  readonly #row: Row
  readonly #order: ListOrder
  readonly item: Item

  constructor(row: Row, order: ListOrder, item: Item) {
    this.#row = row
    this.#order = order
    this.item = item
  }

  get cursor(): string {
    return cursorOf(this.#row as Record<string, unknown>, this.#order)
  }
}

function beyond(query: AnyQuery, { key, id }: ListOrder, cursor: string, operator: '<' | '>'): AnyQuery {
  const at = decodeCursor(cursor)
  if (id === null) return query.where(key, operator, at.key)
  return query.where(({ eb, refTuple, tuple }) => eb(refTuple(key, id), operator, tuple(at.key, at.id)))
}

function cursorOf(row: Record<string, unknown>, { key, id }: ListOrder): string {
  return encodeCursor({ key: String(row[key]), id: id === null ? '' : String(row[id]) })
}

/**
 * Texts for a condition with `in`: `in ()` is not SQL, and must match nothing; neither does a text with U+0000, which
 * PostgreSQL does not take.
 */
export function oneOf(values: readonly string[]): string[] {
  const possible = values.filter((value) => !value.includes('\0'))
  return possible.length === 0 ? [''] : [...new Set(possible)]
}
