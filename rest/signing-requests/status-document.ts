import { z } from 'zod'
import { isFinalStatus, requestStatus, requestStatuses } from '../../domain/index.ts'
import type { SigningRequestView } from '../../projections/index.ts'
import type { Links } from '../links.ts'

/** Where a request stands in detail, as the clients of the API know it. They break on any other value. */
export const restWorkflowStatuses = [
  'Submitted',
  'RetrievingArtifact',
  'WaitingForApproval',
  'QueuedForMalwareScanning',
  'ScanningForMalware',
  'QueuedForProcessing',
  'Processing',
  'Completed',
  'ProcessingFailed',
  'MalwareScanFailed',
  'MalwareDetected',
  'ArtifactRetrievalFailed',
  'Denied',
  'Canceled',
] as const

type RestWorkflowStatus = (typeof restWorkflowStatuses)[number]

const known: ReadonlySet<string> = new Set(restWorkflowStatuses)

/** A status in the values that clients know: a failure that they do not know is a failure of processing, and `failure.code` says which. */
export function restWorkflowStatus(workflowStatus: SigningRequestView['workflowStatus']): RestWorkflowStatus {
  if (known.has(workflowStatus)) return workflowStatus as RestWorkflowStatus
  return isFinalStatus(workflowStatus) ? 'ProcessingFailed' : 'Processing'
}

/** What `/Status` and every change of a request answer. */
export const statusDocument = z
  .object({
    signingRequestId: z.uuid(),
    status: z.enum(requestStatuses),
    workflowStatus: z.enum(restWorkflowStatuses),
    isFinalStatus: z.boolean().meta({ description: 'Whether nothing can happen to it any more.' }),
    webLink: z.url().meta({ description: 'Where people look at it.' }),
    hasArtifactBeenDownloadedBySignPathInCaseOfArtifactRetrieval: z.boolean().meta({
      description:
        'Whether the service has the artifact: a job whose own storage it comes from may end then. The name is that of the API that clients know.',
    }),
  })
  .meta({ id: 'SigningRequestStatus' })

/** Where a request stands. */
export type StatusDocument = z.input<typeof statusDocument>

/** Says where a request stands. */
export function statusOf(request: SigningRequestView, links: Links): StatusDocument {
  const { signingRequestId, workflowStatus, artifact, source } = request
  return {
    signingRequestId,
    status: requestStatus(workflowStatus),
    workflowStatus: restWorkflowStatus(workflowStatus),
    isFinalStatus: isFinalStatus(workflowStatus),
    webLink: links.webLink(signingRequestId),
    hasArtifactBeenDownloadedBySignPathInCaseOfArtifactRetrieval: artifact !== null || source.isAtHand,
  }
}
