import type { ProjectId } from '../domain/index.ts'
import { type ConnectionArguments, type Page, type PageRequest, parsePageRequest } from '../projections/index.ts'
import { asConnection, type Connection } from './connection.ts'
import type { GraphQLContext } from './context.ts'
import { projectIdOf } from './lookup.ts'

/**
 * A page of what belongs to projects: of one, where its UUID, node id or slug is given, which is empty when there is none of that name;
 * else of all.
 *
 * @throws Refusal `PAGE_MALFORMED`, `PAGE_TOO_LARGE`, `CURSOR_MALFORMED`
 */
export async function listOfProject<View>(
  { project, ...args }: ConnectionArguments & { readonly project?: string | null | undefined },
  context: GraphQLContext,
  list: (filter: { readonly projectId?: ProjectId }, page: PageRequest) => Promise<Page<View>>,
): Promise<Connection<View>> {
  const page = parsePageRequest(args)
  if (project == null) return asConnection(await list({}, page))
  const projectId = await projectIdOf(project, context)
  if (projectId === undefined) return asConnection({ items: [], hasNextPage: false, hasPreviousPage: false })
  return asConnection(await list({ projectId }, page))
}
