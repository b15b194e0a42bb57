import type { OrganizationId, ProjectId, SigningRequestId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { retrieved, type SigningRequestState } from './state.ts'

/** Who takes the artifact of an earlier request, and for which project. */
export type TakenBy = { readonly organizationId: OrganizationId; readonly projectId: ProjectId }

/**
 * A request whose artifact may be submitted again: it is completed, and of the same project.
 *
 * @param signingRequestId as it was asked for; the state may be of nothing
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, also for requests of other organizations; `EARLIER_REQUEST_NOT_USABLE`
 */
export function usableEarlierRequest(state: SigningRequestState, signingRequestId: SigningRequestId, by: TakenBy) {
  if (state.workflowStatus === 'none' || state.organizationId !== by.organizationId)
    throw new Refusal('SIGNING_REQUEST_NOT_FOUND', `There is no signing request ${signingRequestId}.`)
  if (state.projectId !== by.projectId) throw notUsable(signingRequestId, 'it is of another project')
  if (state.source.kind === 'hashPayload')
    throw notUsable(signingRequestId, 'it signed hashes, which are submitted again as they are')
  if (state.workflowStatus !== 'Completed')
    throw notUsable(signingRequestId, `it is ${state.workflowStatus}, and not Completed`)
  return retrieved(state)
}

/** The refusal of an earlier request whose artifact cannot be submitted again. */
export function notUsable(signingRequestId: SigningRequestId, why: string): Refusal {
  return new Refusal(
    'EARLIER_REQUEST_NOT_USABLE',
    `The artifact of the signing request ${signingRequestId} cannot be submitted again: ${why}.`,
    { signingRequestId },
  )
}
