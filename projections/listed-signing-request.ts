import type { ProjectId, SigningPolicyId, SigningRequestId, UserId, WorkflowStatus } from '../domain/index.ts'
import { readSummary } from './request-summary.ts'
import type { EntityRow, Tables } from './tables.ts'
import type { ListedSigningRequestView } from './views.ts'

/** A row of signing requests. */
export type SigningRequestRow = Tables['signing_requests'] & EntityRow

/** What lists read of a row that need not say all of a request: columns that are short. */
export const listedColumns = [
  'id',
  'created_at',
  'project_id',
  'signing_policy_id',
  'submitter',
  'workflow_status',
  'summary',
] as const satisfies readonly (keyof SigningRequestRow)[]

/** A row with {@link listedColumns} only. */
export type ListedSigningRequestRow = Pick<SigningRequestRow, (typeof listedColumns)[number]>

/** A request of a list, without its source where that is too long for the summary. */
export type RequestInShort = Omit<ListedSigningRequestView, 'source'> & {
  readonly source: ListedSigningRequestView['source'] | undefined
}

/** A request of a list as queries see it, read from short columns: most of a page's time would go into reading states. */
export function listedSigningRequest(row: ListedSigningRequestRow): RequestInShort {
  const { description, source, artifact, finishedAt, missingApprovals } = readSummary(row.summary)
  // Written out, since this is done for each row of every list: to spread the summary takes twice as long.
  return {
    signingRequestId: row.id as SigningRequestId,
    projectId: row.project_id as ProjectId,
    signingPolicyId: row.signing_policy_id as SigningPolicyId,
    submitter: row.submitter as UserId,
    workflowStatus: row.workflow_status as WorkflowStatus,
    createdAt: row.created_at,
    description,
    source,
    artifact,
    finishedAt,
    missingApprovals,
  }
}
