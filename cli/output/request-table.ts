import type { RequestSummary } from '../documents/request-fields.ts'
import { count, readableTime } from './quantities.ts'
import { statusMark } from './style.ts'
import { type Marker, table } from './table.ts'

/** Requests as a table. */
export function requestTable(requests: readonly RequestSummary[], marker: Marker): string {
  return table(
    ['id', 'status', 'policy', 'file', 'submitted', 'by'],
    requests.map((request) => [
      request.signingRequestId,
      { text: statusText(request), mark: statusMark(request.status) },
      policyName(request),
      request.artifact?.fileName ?? request.source.fileName ?? '–',
      readableTime(request.submittedAt),
      request.submitter?.name ?? '–',
    ]),
    marker,
  )
}

/** `project/policy` of a request. */
export function policyName({ project, signingPolicy }: Pick<RequestSummary, 'project' | 'signingPolicy'>): string {
  return `${project?.slug ?? '?'}/${signingPolicy?.slug ?? '?'}`
}

/** The status as people read it: with what is missing, or with the step. */
export function statusText(request: RequestSummary): string {
  const { status, workflowStatus, missingApprovals } = request
  if (status === 'WaitingForApproval') return `${status} (${count(missingApprovals, 'more approval')})`
  return status === workflowStatus ? status : `${status} (${workflowStatus})`
}
