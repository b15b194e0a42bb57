import { requestStatus } from '../domain/index.ts'
import type { SigningRequestFilter } from './read-model.ts'
import type { SigningRequestView } from './views.ts'

/** Whether a request is one that the filter asks for. */
export function matchesFilter(request: SigningRequestView, filter: SigningRequestFilter): boolean {
  const { projectId, signingPolicyId, submitter, workflowStatuses, statuses, submittedFrom, submittedBefore } = filter
  return (
    (projectId === undefined || request.projectId === projectId) &&
    (signingPolicyId === undefined || request.signingPolicyId === signingPolicyId) &&
    (submitter === undefined || request.submitter === submitter) &&
    (workflowStatuses === undefined || workflowStatuses.includes(request.workflowStatus)) &&
    (statuses === undefined || statuses.includes(requestStatus(request.workflowStatus))) &&
    (submittedFrom === undefined || request.createdAt >= submittedFrom) &&
    (submittedBefore === undefined || request.createdAt < submittedBefore)
  )
}
