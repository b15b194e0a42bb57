import { maximumPageSize, type SigningRequestFilter, type SigningRequestView } from '../projections/index.ts'
import type { GraphQLContext } from './context.ts'

/**
 * The newest requests that a filter lets through, read in pages.
 *
 * @param most so many at the most
 * @returns newest first, and whether these are all
 */
export async function newestRequests(
  filter: SigningRequestFilter,
  most: number,
  { readModel, caller }: Pick<GraphQLContext, 'readModel' | 'caller'>,
): Promise<{ readonly requests: readonly SigningRequestView[]; readonly complete: boolean }> {
  const requests: SigningRequestView[] = []
  let after: string | undefined
  do {
    const size = Math.min(maximumPageSize, most - requests.length)
    const page = { direction: 'forward', size, ...(after === undefined ? {} : { after }) } as const
    const { items, hasNextPage } = await readModel.listSigningRequests(caller.organizationId, filter, page)
    requests.push(...items.map(({ item }) => item))
    after = hasNextPage ? items.at(-1)?.cursor : undefined
  } while (after !== undefined && requests.length < most)
  return { requests, complete: after === undefined }
}
