import { parseSha256Digest } from '../domain/index.ts'
import type { ApproveSigningRequestInput, SigningRequestChanged } from './application.ts'
import type { Caller } from './caller.ts'
import { changeSigningRequest, findSigningRequest } from './change-signing-request.ts'
import type { ApplicationDependencies } from './ports.ts'
import { principalFor } from './principals.ts'

/**
 * Approves the plan that the caller looked at. Who may, the request's own policy version says, and the groups that it names
 * as they are now.
 */
export async function approveSigningRequest(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: ApproveSigningRequestInput,
): Promise<SigningRequestChanged> {
  const planDigest = parseSha256Digest(input.planDigest, 'The plan digest')
  const request = await findSigningRequest(dependencies, caller, input.signingRequestId)
  const { userId: approver, groups } = await principalFor(dependencies.log, caller, request.approval?.approvers ?? [])
  return changeSigningRequest(dependencies, caller, request, {
    type: 'Approve',
    approver,
    groups,
    planDigest,
    comment: input.comment,
  })
}
