import { type SelectQueryBuilder, sql } from 'kysely'
import type { WorkflowStatus } from '../domain/index.ts'
import type { PreparedQuery, ReadModelDatabase } from './database.ts'
import { type ListedSigningRequestRow, listedColumns, type SigningRequestRow } from './listed-signing-request.ts'
import { type Cursor, maximumPageSize, type PageRequest } from './page.ts'

/** Where requests are looked for: columns and what they must equal. */
export type RequestPlace = { readonly project_id?: string; readonly signing_policy_id?: string }

/** What is read of rows: everything, or columns that are short. */
export type RequestRows = { readonly all: SigningRequestRow; readonly listed: ListedSigningRequestRow }

/** Which rows are read. */
export type RequestListQuery<Columns extends keyof RequestRows> = {
  readonly columns: Columns
  readonly equal: RequestPlace & { readonly organization_id: string; readonly submitter?: string }
  /** Any of these; none: any status. */
  readonly statuses: readonly WorkflowStatus[]
  /** The rows beyond this one, in the direction of reading. */
  readonly start: Cursor | undefined
  readonly direction: PageRequest['direction']
  /** At least so many, as far as there are. */
  readonly rows: number
}

/** What a query's text depends on: everything but its values. */
type Shape = {
  readonly read: keyof RequestRows
  readonly columns: readonly string[]
  readonly statuses: number
  readonly isStarted: boolean
  readonly direction: PageRequest['direction']
  readonly limit: number
}

// biome-ignore lint/suspicious/noExplicitAny: the same conditions narrow rows and keys
type AnyQuery = SelectQueryBuilder<any, any, any>

/**
 * Limits stand in the text, since PostgreSQL plans a limit that it does not know for a tenth of all rows. There are few of them,
 * the default page's among them, so that there are few texts.
 */
const limits = [26, 51, maximumPageSize + 1]
/** As many statuses stand in a text; no status at all fills what is left. */
const statusCounts = [0, 1, 2, 4, 8]

/** The queries of lists, each written once for all values. */
export function requestListQueries(database: ReadModelDatabase) {
  const prepared = new Map<string, PreparedQuery>()

  function preparedFor(shape: Shape): PreparedQuery {
    const key = `${shape.read} ${shape.columns.join()} ${shape.statuses} ${shape.isStarted} ${shape.direction} ${shape.limit}`
    const query = prepared.get(key) ?? database.prepare(textOf(shape))
    prepared.set(key, query)
    return query
  }

  /**
   * A value that PostgreSQL does not look at when it plans. For one that it sees it takes a plan of its own each time for better, since
   * it knows how many rows stand behind it, which costs as much as finding the page.
   */
  function bound(name: string) {
    return database.kind === 'postgres' ? sql`(select ${name}::text)` : sql`${name}`
  }

  /** Each value's place is marked by its name, which says which value is to stand there. */
  function textOf({ read, columns, statuses, isStarted, direction, limit }: Shape) {
    const order = direction === 'backward' ? 'asc' : 'desc'
    const all = database.reads.selectFrom('signing_requests')
    const ordered = (query: AnyQuery) => query.orderBy('created_at', order).orderBy('id', order).limit(sql.lit(limit))
    const narrow = (query: AnyQuery, status?: number) => {
      let narrowed = query
      for (const column of columns) narrowed = narrowed.where(column, '=', column)
      if (status !== undefined) narrowed = narrowed.where('workflow_status', '=', `status ${status}`)
      if (!isStarted) return narrowed
      return narrowed.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('created_at', 'id'), order === 'asc' ? '>' : '<', tuple(bound('start key'), bound('start id'))),
      )
    }
    // The index has the keys of each status in this order. SQLite merges them and reads no more than the page has; PostgreSQL
    // would read them all, so it is said of each status how many there may be in the page.
    const keysOf = (query: AnyQuery): AnyQuery =>
      database.kind === 'sqlite' ? query : database.reads.selectFrom(ordered(query).as('newest')).selectAll()
    const rows = read === 'all' ? all.selectAll('signing_requests') : all.select([...listedColumns])
    if (statuses <= 1) return ordered(narrow(rows, statuses === 1 ? 0 : undefined)).compile()
    const [first, ...others] = Array.from({ length: statuses }, (_, status) =>
      keysOf(narrow(all.select(['created_at', 'id']), status)),
    ) as [AnyQuery, ...AnyQuery[]]
    const found = database.reads
      .selectFrom(ordered(others.reduce((union, other) => union.unionAll(other), first)).as('page'))
      .innerJoin('signing_requests', 'signing_requests.id', 'page.id')
    const ofRows = listedColumns.map((column) => `signing_requests.${column}` as const)
    return (read === 'all' ? found.selectAll('signing_requests') : found.select(ofRows)).compile()
  }

  return {
    /** The rows, in the order in which they are read. */
    async read<Columns extends keyof RequestRows>({
      columns,
      equal,
      statuses,
      start,
      direction,
      rows,
    }: RequestListQuery<Columns>): Promise<readonly RequestRows[Columns][]> {
      const values: Record<string, string> = { ...equal, 'start key': start?.key ?? '', 'start id': start?.id ?? '' }
      const count = statusCounts.find((count) => count >= statuses.length) ?? statuses.length
      for (let number = 0; number < count; number += 1) values[`status ${number}`] = statuses[number] ?? ''
      const query = preparedFor({
        read: columns,
        columns: Object.keys(equal),
        statuses: count,
        isStarted: start !== undefined,
        direction,
        limit: limits.find((limit) => limit >= rows) ?? rows,
      })
      const found = await query.read<RequestRows[Columns]>(values)
      return count <= 1 ? found : inOrder(found, direction)
    },
  }
}

/** The rows of a page that was found by its keys come in any order. */
function inOrder<Row extends ListedSigningRequestRow>(
  rows: readonly Row[],
  direction: PageRequest['direction'],
): readonly Row[] {
  const sign = direction === 'backward' ? 1 : -1
  const isBefore = (a: Row, b: Row) => (a.created_at === b.created_at ? a.id < b.id : a.created_at < b.created_at)
  return rows.toSorted((a, b) => (isBefore(a, b) ? -sign : sign))
}
