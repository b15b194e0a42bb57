import { parseSha256Digest } from '../domain/index.ts'
import type { Application, SigningRequestChanged } from './application.ts'
import type { Caller } from './caller.ts'
import { changeSigningRequest, findSigningRequest } from './change-signing-request.ts'
import type { ApplicationDependencies } from './ports.ts'

/** Approves the plan that the caller looked at. Who may, the request's own policy version says. */
export async function approveSigningRequest(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: Parameters<Application['approveSigningRequest']>[1],
): Promise<SigningRequestChanged> {
  const planDigest = parseSha256Digest(input.planDigest, 'The plan digest')
  const request = await findSigningRequest(dependencies, caller, input.signingRequestId)
  const { userId: approver } = caller
  return changeSigningRequest(dependencies, caller, request, {
    type: 'Approve',
    approver,
    planDigest,
    comment: input.comment,
  })
}
