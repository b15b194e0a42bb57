import type { Kysely, SelectQueryBuilder } from 'kysely'
import { type OrganizationId, requestStatus, type WorkflowStatus, workflowStatuses } from '../domain/index.ts'
import { asView } from './entity.ts'
import { type Cursor, decodeCursor, encodeCursor, type Page, type PageRequest } from './page.ts'
import type { SigningRequestFilter } from './read-model.ts'
import { type ListOrder, pageOf, rowsAround } from './read-page.ts'
import { signingRequests } from './signing-requests.ts'
import type { EntityRow, Tables } from './tables.ts'
import type { SigningRequestView } from './views.ts'

const newestFirst: ListOrder = { key: 'created_at', id: 'id', direction: 'desc' }

// biome-ignore lint/suspicious/noExplicitAny: the same conditions narrow rows and keys
type AnyQuery = SelectQueryBuilder<any, any, any>

/**
 * Reads a page of signing requests, newest first. There is an index for each combination of what the filter may equal, so a page
 * costs its own rows and no others, however many requests there are and wherever the page is. Of several statuses the newest of
 * each are found in the index, and only the rows that are then in the page are read.
 *
 * @throws Refusal `CURSOR_MALFORMED`
 */
export async function listSigningRequests(
  database: Kysely<Tables>,
  organizationId: OrganizationId,
  filter: SigningRequestFilter,
  page: PageRequest,
): Promise<Page<SigningRequestView>> {
  const toItem = (row: EntityRow) => asView(signingRequests, row)
  const statuses = statusesOf(filter)
  const belongs = await belongsTogether(database, organizationId, filter)
  if (statuses?.length === 0 || belongs === 'never') {
    // A cursor that is none is refused here too.
    boundsOf(filter, page)
    return { items: [], hasNextPage: false, hasPreviousPage: false }
  }
  const { start, isWithin } = boundsOf(filter, page)
  const narrow = (all: AnyQuery, status: WorkflowStatus | undefined) => {
    const query = narrowed(all, organizationId, filter, belongs === 'always')
    return rowsAround(status === undefined ? query : query.where('workflow_status', '=', status), newestFirst, start)
  }
  const all = database.selectFrom('signing_requests')
  if (statuses === undefined || statuses.length === 1) {
    const rows = (await narrow(all.selectAll(), statuses?.[0]).execute()) as EntityRow[]
    return pageOf(rows.filter(isWithin), newestFirst, page, toItem)
  }
  const newestOf = (status: WorkflowStatus): AnyQuery =>
    database.selectFrom(narrow(all.select(['created_at', 'id']), status).as('newest')).select(['created_at', 'id'])
  const [first, ...others] = statuses.map(newestOf)
  const direction = page.direction === 'backward' ? 'asc' : 'desc'
  const keys = await others
    .reduce((union, other) => union.unionAll(other), first as AnyQuery)
    .orderBy('created_at', direction)
    .orderBy('id', direction)
    .limit(page.size + 1)
    .execute()
  const ids = (keys as Key[]).filter(isWithin).map(({ id }) => id)
  const rows = ids.length === 0 ? [] : await all.selectAll().where('id', 'in', ids).execute()
  const byId = new Map(rows.map((row) => [row.id, row]))
  const inOrder = ids.flatMap((id) => byId.get(id) ?? [])
  return pageOf(inOrder, newestFirst, page, toItem)
}

/** Where a request stands in the list. */
type Key = { readonly created_at: string; readonly id: string }

/**
 * Where reading starts, and until where what was read belongs to the page. Only the start is a condition of the query: with one on
 * either side SQLite takes the index with these columns alone for as good as one with all that the filter equals.
 */
function boundsOf(
  { submittedFrom, submittedBefore }: SigningRequestFilter,
  { direction, size, after, before }: PageRequest,
): { readonly start: PageRequest; readonly isWithin: (row: Key) => boolean } {
  const oldest = [
    ...(before === undefined ? [] : [decodeCursor(before)]),
    ...(submittedFrom === undefined ? [] : [{ key: submittedFrom, id: '' }]),
  ]
    .sort(compareCursors)
    .at(-1)
  const newest = [
    ...(after === undefined ? [] : [decodeCursor(after)]),
    ...(submittedBefore === undefined ? [] : [{ key: submittedBefore, id: '' }]),
  ].sort(compareCursors)[0]
  const key = ({ created_at, id }: Key): Cursor => ({ key: created_at, id })
  if (direction === 'forward')
    return {
      start: { direction, size, ...(newest === undefined ? {} : { after: encodeCursor(newest) }) },
      isWithin: (row) => oldest === undefined || compareCursors(key(row), oldest) > 0,
    }
  return {
    start: { direction, size, ...(oldest === undefined ? {} : { before: encodeCursor(oldest) }) },
    isWithin: (row) => newest === undefined || compareCursors(key(row), newest) < 0,
  }
}

/** As the databases compare: byte by byte, which for ASCII is by UTF-16 code units. */
function compareCursors(a: Cursor, b: Cursor): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1
  if (a.id === b.id) return 0
  return a.id < b.id ? -1 : 1
}

/** The states that a request may be in; `undefined`: any. */
function statusesOf({
  statuses,
  workflowStatuses: wanted,
}: SigningRequestFilter): readonly WorkflowStatus[] | undefined {
  if (statuses === undefined && wanted === undefined) return undefined
  return workflowStatuses.filter(
    (status) =>
      (wanted === undefined || wanted.includes(status)) &&
      (statuses === undefined || statuses.includes(requestStatus(status))),
  )
}

/** A policy belongs to one project: where both are named, either all requests of the policy are of the project, or none is. */
async function belongsTogether(
  database: Kysely<Tables>,
  organizationId: OrganizationId,
  { projectId, signingPolicyId }: SigningRequestFilter,
): Promise<'always' | 'never' | 'unknown'> {
  if (projectId === undefined || signingPolicyId === undefined) return 'unknown'
  const policy = await database
    .selectFrom('signing_policies')
    .select('project_id')
    .where('id', '=', signingPolicyId)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst()
  if (policy === undefined) return 'unknown'
  return policy.project_id === projectId ? 'always' : 'never'
}

function narrowed(
  all: AnyQuery,
  organizationId: OrganizationId,
  { projectId, signingPolicyId, submitter }: SigningRequestFilter,
  ofItsProject: boolean,
): AnyQuery {
  let query = all.where('organization_id', '=', organizationId)
  if (projectId !== undefined && !ofItsProject) query = query.where('project_id', '=', projectId)
  if (signingPolicyId !== undefined) query = query.where('signing_policy_id', '=', signingPolicyId)
  if (submitter !== undefined) query = query.where('submitter', '=', submitter)
  return query
}
