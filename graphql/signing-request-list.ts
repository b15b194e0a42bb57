import type { GraphQLResolveInfo } from 'graphql'
import type { Page, PageRequest, SigningRequestFilter, SigningRequestView } from '../projections/index.ts'
import { asksNodesOnly } from './asked-fields.ts'
import type { GraphQLContext } from './context.ts'

/**
 * The fields of a signing request that are resolved from what the read model's lists have of it ({@link ListedSigningRequestView}),
 * those of the command line's list among them. For any other the whole request is read.
 */
export const listedFields: ReadonlySet<string> = new Set([
  '__typename',
  'id',
  'signingRequestId',
  'status',
  'workflowStatus',
  'isFinalStatus',
  'project',
  'signingPolicy',
  'submitter',
  'submittedAt',
  'finishedAt',
  'description',
  'source',
  'artifact',
  'missingApprovals',
  'resubmittedFrom',
  'createdAt',
])

/** A page of requests, newest first, with as much of each as the operation asks. */
export async function requestPage(
  filter: SigningRequestFilter,
  page: PageRequest,
  { readModel, caller: { organizationId } }: GraphQLContext,
  info: GraphQLResolveInfo,
): Promise<Page<SigningRequestView>> {
  if (!asksNodesOnly(info, listedFields)) return readModel.listSigningRequests(organizationId, filter, page)
  // No resolver that runs for these fields reads more of a request than lists have.
  return (await readModel.signingRequestsInShort(organizationId, filter, page)) as Page<SigningRequestView>
}
