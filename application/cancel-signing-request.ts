import { mayCancel, Refusal } from '../domain/index.ts'
import type { CancelSigningRequestInput, SigningRequestChanged } from './application.ts'
import type { Caller } from './caller.ts'
import { changeSigningRequest, findSigningRequest } from './change-signing-request.ts'
import type { ApplicationDependencies } from './ports.ts'

/** Cancels a request: its submitter may, and project administrators. */
export async function cancelSigningRequest(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: CancelSigningRequestInput,
): Promise<SigningRequestChanged> {
  const request = await findSigningRequest(dependencies, caller, input.signingRequestId)
  if (!mayCancel(caller, request.submitter))
    throw new Refusal('FORBIDDEN', 'Only the submitter and project administrators may cancel a signing request.', {
      permission: 'cancel',
    })
  const { userId: canceledBy } = caller
  return changeSigningRequest(dependencies, caller, request, { type: 'Cancel', canceledBy, reason: input.reason })
}
