/** How a request can fail. */
export type FailureStatus = 'ArtifactRetrievalFailed' | 'OriginVerificationFailed' | 'ProcessingFailed'

/** Where a request stands, in detail. */
export const workflowStatuses = [
  'Submitted',
  'QueuedForProcessing',
  'WaitingForApproval',
  'Processing',
  'Completed',
  'ArtifactRetrievalFailed',
  'OriginVerificationFailed',
  'ProcessingFailed',
  'Denied',
  'Canceled',
] as const

/** Where a request stands, in detail. */
export type WorkflowStatus = (typeof workflowStatuses)[number]

/** Where a request stands, in short. */
export const requestStatuses = [
  'InProgress',
  'WaitingForApproval',
  'Completed',
  'Failed',
  'Denied',
  'Canceled',
] as const

/** Where a request stands, in short. */
export type RequestStatus = (typeof requestStatuses)[number]

const shortForms: Readonly<Record<WorkflowStatus, RequestStatus>> = {
  Submitted: 'InProgress',
  QueuedForProcessing: 'InProgress',
  WaitingForApproval: 'WaitingForApproval',
  Processing: 'InProgress',
  Completed: 'Completed',
  ArtifactRetrievalFailed: 'Failed',
  OriginVerificationFailed: 'Failed',
  ProcessingFailed: 'Failed',
  Denied: 'Denied',
  Canceled: 'Canceled',
}

/** The short form of a status. */
export function requestStatus(workflowStatus: WorkflowStatus): RequestStatus {
  return shortForms[workflowStatus]
}

/** Whether nothing can happen to a request in this status any more. */
export function isFinalStatus(workflowStatus: WorkflowStatus): boolean {
  const status = requestStatus(workflowStatus)
  return status !== 'InProgress' && status !== 'WaitingForApproval'
}
