import { CliError } from './cli-error.ts'
import type { Connected, EntityEvent } from './documents/requests.ts'

/** The service gives out this many at once, at most. */
const largestPage = 100

/**
 * Reads a list page by page.
 *
 * @param limit how many at most
 * @param pageSize how many at a time; fewer than the service gives out where items are so large that its limit on costs is met
 * @returns the items, and whether there are more
 * @throws CliError `ANSWER_UNEXPECTED` when a page has more than was asked for, or says that there are more and brings none
 */
export async function allPages<Item>(
  read: (page: { readonly first: number; readonly after: string | null }) => Promise<Connected<Item>>,
  limit = Number.POSITIVE_INFINITY,
  pageSize = largestPage,
): Promise<{ readonly items: readonly Item[]; readonly more: boolean }> {
  const items: Item[] = []
  for (let after: string | null = null; ; ) {
    const first = Math.min(pageSize, limit - items.length)
    const { nodes, pageInfo }: Connected<Item> = await read({ first, after })
    const { hasNextPage, endCursor } = pageInfo
    const isStuck = nodes.length === 0 || endCursor === null || endCursor === after
    if (nodes.length > first || (hasNextPage && isStuck))
      throw new CliError('ANSWER_UNEXPECTED', 'The service sent a page of a list that does not fit what was asked.')
    items.push(...nodes)
    after = endCursor
    if (!hasNextPage || items.length >= limit) return { items, more: hasNextPage }
  }
}

/**
 * Reads something with its whole time line, page by page; its other fields are those of the last page.
 *
 * @param read asks for it and the events behind `after`; `null` when it is not there
 * @param notFound the error then
 */
export async function withAllEvents<Details extends object>(
  read: (after: string | null) => Promise<(Details & { readonly events: Connected<EntityEvent> }) | null>,
  notFound: () => CliError,
): Promise<Details & { readonly events: readonly EntityEvent[] }> {
  let found: Details | undefined
  const { items } = await allPages(async ({ after }) => {
    const entity = await read(after)
    if (entity === null) throw notFound()
    found = entity
    return entity.events
  })
  if (found === undefined) throw notFound()
  return { ...found, events: items }
}
