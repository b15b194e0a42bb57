import {
  parseSha256Digest,
  refuseApprovalFromBuild,
  relationsToRequest,
  type SigningRequest,
  type SigningRequestId,
  signingRequestDecider,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { RequestCommand } from '../workflows/port.ts'
import { authorize } from './authorize.ts'
import { type Caller, initiatorOf } from './caller.ts'
import { loadSigningRequest } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { peopleBehindCaller, principalFor, stillActive } from './principals.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'workflows'>

/** What a changed signing request answers: where the log was when the change was in it. */
export type SigningRequestChanged = {
  readonly signingRequestId: SigningRequestId
  /** The change is visible to every query that waits for this position. */
  readonly position: LogPosition
}

/** What an approval says. */
export type ApproveSigningRequestInput = {
  readonly signingRequestId: string
  readonly planDigest: string
  readonly comment: string | null
}

/** What a denial says. */
export type DenySigningRequestInput = {
  readonly signingRequestId: string
  readonly comment: string | null
}

/** What a cancellation says. */
export type CancelSigningRequestInput = {
  readonly signingRequestId: string
  readonly reason: string | null
}

/**
 * Approves the plan that the caller looked at. Who may, the request's own policy version says, and the groups that it names
 * as they are now.
 *
 * @throws Refusal `APPROVAL_FROM_BUILD`, `DIGEST_MALFORMED`, `SIGNING_REQUEST_NOT_FOUND`, `USER_DEACTIVATED`, and as the decider of signing requests
 */
export async function approveSigningRequest(
  dependencies: Dependencies,
  caller: Caller,
  input: ApproveSigningRequestInput,
): Promise<SigningRequestChanged> {
  refuseApprovalFromBuild(caller)
  const planDigest = parseSha256Digest(input.planDigest, 'The plan digest')
  const request = await loadSigningRequest(dependencies.log, caller, input.signingRequestId)
  const approver = await approverFor(dependencies, caller, request)
  const behind = await peopleBehindCaller(dependencies.log, caller)
  const people = behind.length === 0 ? {} : { peopleBehind: behind }
  const { comment } = input
  return sendCommand(dependencies, caller, request, { type: 'Approve', ...approver, ...people, planDigest, comment })
}

/**
 * Denies a request. Who may, the request's own policy version says, as for approvals.
 *
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `USER_DEACTIVATED`, and as the decider of signing requests
 */
export async function denySigningRequest(
  dependencies: Dependencies,
  caller: Caller,
  input: DenySigningRequestInput,
): Promise<SigningRequestChanged> {
  const request = await loadSigningRequest(dependencies.log, caller, input.signingRequestId)
  const approver = await approverFor(dependencies, caller, request)
  return sendCommand(dependencies, caller, request, { type: 'Deny', ...approver, comment: input.comment })
}

/**
 * Cancels a request: its submitter may, and project administrators.
 *
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `FORBIDDEN`, `USER_DEACTIVATED`, and as the decider of signing requests
 */
export async function cancelSigningRequest(
  dependencies: Dependencies,
  caller: Caller,
  input: CancelSigningRequestInput,
): Promise<SigningRequestChanged> {
  const request = await loadSigningRequest(dependencies.log, caller, input.signingRequestId)
  const { userId: canceledBy, roles } = await stillActive(dependencies.log, caller)
  const canceler = { userId: canceledBy, groups: [] }
  authorize({ ...caller, roles }, 'cancelSigningRequest', relationsToRequest(canceler, request))
  return sendCommand(dependencies, caller, request, { type: 'Cancel', canceledBy, reason: input.reason })
}

/** The caller as a decision about an approval takes them: active, and in those groups of the policy that they are in now. */
async function approverFor({ log }: Dependencies, caller: Caller, { approval }: SigningRequest) {
  const [{ userId: approver }, { groups }] = await Promise.all([
    stillActive(log, caller),
    principalFor(log, caller, approval?.approvers ?? []),
  ])
  return { approver, groups }
}

/**
 * Sends a command to the request's workflow, which decides it and appends what happens. It is decided here first, on the
 * log: what must be refused needs no workflow, and a request that is over starts none.
 */
async function sendCommand(
  { workflows }: Dependencies,
  caller: Caller,
  request: SigningRequest,
  command: RequestCommand,
): Promise<SigningRequestChanged> {
  const { signingRequestId } = request
  signingRequestDecider.decide(command, request)
  const { position } = await workflows.change(signingRequestId, { command, initiator: initiatorOf(caller) })
  return { signingRequestId, position }
}
