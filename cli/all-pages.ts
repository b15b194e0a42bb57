import type { Connected } from './documents/requests.ts'

/** The service gives out this many at once, at most. */
const largestPage = 100

/**
 * Reads a list page by page.
 *
 * @param limit how many at most
 * @param pageSize how many at a time; fewer than the service gives out where items are so large that its limit on costs is met
 * @returns the items, and whether there are more
 */
export async function allPages<Item>(
  read: (page: { readonly first: number; readonly after: string | null }) => Promise<Connected<Item>>,
  limit = Number.POSITIVE_INFINITY,
  pageSize = largestPage,
): Promise<{ readonly items: readonly Item[]; readonly more: boolean }> {
  const items: Item[] = []
  for (let after: string | null = null; ; ) {
    const { nodes, pageInfo }: Connected<Item> = await read({
      first: Math.min(pageSize, limit - items.length),
      after,
    })
    items.push(...nodes)
    after = pageInfo.endCursor
    if (!pageInfo.hasNextPage || items.length >= limit || after === null) return { items, more: pageInfo.hasNextPage }
  }
}
