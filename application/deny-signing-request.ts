import type { DenySigningRequestInput, SigningRequestChanged } from './application.ts'
import type { Caller } from './caller.ts'
import { changeSigningRequest, findSigningRequest } from './change-signing-request.ts'
import type { ApplicationDependencies } from './ports.ts'
import { principalFor } from './principals.ts'

/** Denies a request. Who may, the request's own policy version says. */
export async function denySigningRequest(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: DenySigningRequestInput,
): Promise<SigningRequestChanged> {
  const request = await findSigningRequest(dependencies, caller, input.signingRequestId)
  const { userId: approver, groups } = await principalFor(dependencies.log, caller, request.approval?.approvers ?? [])
  return changeSigningRequest(dependencies, caller, request, { type: 'Deny', approver, groups, comment: input.comment })
}
