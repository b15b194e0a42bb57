import { workflowInfo } from '@temporalio/workflow'
import { parseId, Refusal, type SigningRequestId } from '../domain/index.ts'
import { failureFromRefusal } from './refusals.ts'

/** The request whose id the workflow has. @throws ApplicationFailure `ID_MALFORMED` when that is none */
export function ownId(): SigningRequestId {
  const { workflowId } = workflowInfo()
  try {
    const id = parseId<SigningRequestId>(workflowId, "A signing request's workflow id")
    // Ids of requests are in small letters: another spelling would be a second workflow of the same request.
    if (id === workflowId) return id
  } catch (error) {
    if (error instanceof Refusal) throw failureFromRefusal(error)
    throw error
  }
  throw failureFromRefusal(new Refusal('ID_MALFORMED', `The workflow id ${workflowId} is not in small letters.`))
}
