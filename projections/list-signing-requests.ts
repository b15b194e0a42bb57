import {
  type OrganizationId,
  requestStatus,
  type SigningRequest,
  type WorkflowStatus,
  workflowStatuses,
} from '../domain/index.ts'
import type { ReadModelDatabase } from './database.ts'
import { asView } from './entity.ts'
import { listedSigningRequest, type RequestInShort } from './listed-signing-request.ts'
import { type Cursor, decodeCursor, type Page, type PageRequest } from './page.ts'
import type { ReadModel, SigningRequestFilter } from './read-model.ts'
import { type ListOrder, pageOf } from './read-page.ts'
import { type RequestPlace, type RequestRows, requestListQueries } from './request-list-queries.ts'
import { signingRequests } from './signing-requests.ts'
import type { EntityRow } from './tables.ts'
import type { ListedSigningRequestView } from './views.ts'

const newestFirst: ListOrder = { key: 'created_at', id: 'id', direction: 'desc' }

const nothing = { items: [], hasNextPage: false, hasPreviousPage: false }

/** So many policies are remembered with their projects. */
const policiesKept = 10_000

/** Reads pages of signing requests, newest first. Each fails with the Refusal `CURSOR_MALFORMED`. */
export type SigningRequestLists = Pick<ReadModel, 'listSigningRequests' | 'signingRequestsInShort'>

/**
 * Lists over a database. There is an index for each combination of what a filter may equal, so a page costs its own rows and no
 * others, however many requests there are and wherever the page is. Of several statuses the newest of each are found in the index,
 * and only the rows that are then in the page are read. Queries differ by their values only, so each is written and prepared once.
 */
export function signingRequestLists(database: ReadModelDatabase): SigningRequestLists {
  const queries = requestListQueries(database)
  /** Where policies belong: that never changes. */
  const projectOfPolicy = new Map<string, string>()

  /** A policy belongs to one project: where both are named, either all requests of the policy are of the project, or none is. */
  async function placeOf(
    organizationId: OrganizationId,
    { projectId, signingPolicyId }: SigningRequestFilter,
  ): Promise<RequestPlace | 'nowhere'> {
    const project = projectId === undefined ? {} : { project_id: projectId }
    if (signingPolicyId === undefined) return project
    const policy = { signing_policy_id: signingPolicyId }
    if (projectId === undefined) return policy
    const key = `${organizationId} ${signingPolicyId}`
    const known = projectOfPolicy.get(key) ?? (await recordedProject(organizationId, signingPolicyId))
    if (known === undefined) return { ...project, ...policy }
    if (projectOfPolicy.size >= policiesKept) projectOfPolicy.clear()
    projectOfPolicy.set(key, known)
    return known === projectId ? policy : 'nowhere'
  }

  async function recordedProject(organizationId: OrganizationId, id: string): Promise<string | undefined> {
    const policy = await database.reads
      .selectFrom('signing_policies')
      .select('project_id')
      .where('id', '=', id)
      .where('organization_id', '=', organizationId)
      .executeTakeFirst()
    return policy?.project_id
  }

  /** The rows of a page; `undefined` where none can match. */
  async function rowsOf<Columns extends keyof RequestRows>(
    columns: Columns,
    organizationId: OrganizationId,
    filter: SigningRequestFilter,
    page: PageRequest,
  ): Promise<readonly RequestRows[Columns][] | undefined> {
    // A cursor that is none is refused also where nothing can match.
    const { start, isWithin } = boundsOf(filter, page)
    const statuses = statusesOf(filter)
    const place = await placeOf(organizationId, filter)
    if (statuses?.length === 0 || place === 'nowhere') return undefined
    const person = filter.submitter === undefined ? {} : { submitter: filter.submitter }
    const equal = { organization_id: organizationId, ...place, ...person }
    const { direction, size } = page
    const rows = await queries.read({ columns, equal, statuses: statuses ?? [], start, direction, rows: size + 1 })
    return rows.filter(isWithin)
  }

  /** A page with the sources that were too long for summaries. */
  async function withSources(page: Page<RequestInShort>): Promise<Page<ListedSigningRequestView>> {
    const ids = page.items.flatMap(({ item }) => (item.source === undefined ? [item.signingRequestId] : []))
    if (ids.length === 0) return page as Page<ListedSigningRequestView>
    const rows = await database.reads
      .selectFrom('signing_requests')
      .select(['id', 'state'])
      .where('id', 'in', ids)
      .execute()
    const sources = new Map(rows.map(({ id, state }) => [id, (JSON.parse(state) as SigningRequest).source]))
    // What a rebuild of the read model took away in between is not there any more.
    const items = page.items.flatMap(({ item, cursor }) => {
      const source = item.source ?? sources.get(item.signingRequestId)
      return source === undefined ? [] : [{ item: { ...item, source }, cursor }]
    })
    return { ...page, items }
  }

  return {
    async listSigningRequests(organizationId, filter, page) {
      const rows = await rowsOf('all', organizationId, filter, page)
      return rows === undefined ? nothing : pageOf(rows, newestFirst, page, (row) => asView(signingRequests, row))
    },
    async signingRequestsInShort(organizationId, filter, page) {
      const rows = await rowsOf('listed', organizationId, filter, page)
      return rows === undefined ? nothing : withSources(pageOf(rows, newestFirst, page, listedSigningRequest))
    },
  }
}

/** Where a request stands in the list. */
type Key = Pick<EntityRow, 'created_at' | 'id'>

/**
 * Where reading starts, and until where what was read belongs to the page. Only the start is a condition of the query: with one on
 * either side SQLite takes the index with these columns alone for as good as one with all that the filter equals.
 */
function boundsOf(
  { submittedFrom, submittedBefore }: SigningRequestFilter,
  { direction, after, before }: PageRequest,
): { readonly start: Cursor | undefined; readonly isWithin: (row: Key) => boolean } {
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
  return direction === 'forward'
    ? { start: newest, isWithin: (row) => oldest === undefined || compareCursors(key(row), oldest) > 0 }
    : { start: oldest, isWithin: (row) => newest === undefined || compareCursors(key(row), newest) < 0 }
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
  const possible = workflowStatuses.filter(
    (status) =>
      (wanted === undefined || wanted.includes(status)) &&
      (statuses === undefined || statuses.includes(requestStatus(status))),
  )
  return possible.length === workflowStatuses.length ? undefined : possible
}
