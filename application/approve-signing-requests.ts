import { Refusal } from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { Caller } from './caller.ts'
import type { ApproveSigningRequestInput, SigningRequestChanged } from './change-signing-request.ts'
import { asCallersFailure, ServiceError } from './service-failure.ts'

/** Approvals of several requests, each named with the digest of its plan. */
export type ApproveSigningRequestsInput = { readonly approvals: readonly ApproveSigningRequestInput[] }

/** What became of one approval of several. */
export type ApprovalAnswer = {
  /** As it was asked for. */
  readonly signingRequestId: string
  /** Where the log was when the approval was in it; `null` when it was not given. */
  readonly position: LogPosition | null
  /** Why it was not given; `null` when it was. */
  readonly refusal: {
    readonly code: string
    readonly message: string
    readonly details: Readonly<Record<string, unknown>>
    /** Whether the same approval may succeed later, without anything being changed. */
    readonly transient: boolean
  } | null
}

/** The most requests that one call approves. */
export const mostApprovals = 100

/** How many approvals are under way at the same time. */
const atOnce = 8

/**
 * Approves several requests one by one: each is decided, recorded and answered by itself, whatever becomes of the others.
 *
 * @param approveOne as for a single request: it records refusals
 * @returns an answer for each, in their order
 * @throws Refusal `BATCH_MALFORMED` when there are none or too many, or one request is named twice
 */
export async function approveSigningRequests(
  approveOne: (caller: Caller, input: ApproveSigningRequestInput) => Promise<SigningRequestChanged>,
  caller: Caller,
  { approvals }: ApproveSigningRequestsInput,
): Promise<readonly ApprovalAnswer[]> {
  const ids = new Set(approvals.map(({ signingRequestId }) => signingRequestId.toLowerCase()))
  if (approvals.length < 1 || approvals.length > mostApprovals || ids.size < approvals.length)
    throw new Refusal(
      'BATCH_MALFORMED',
      `One call approves 1 to ${mostApprovals} requests, each named once; this one names ${approvals.length}, ${ids.size} of them different.`,
      { maximum: mostApprovals, given: approvals.length, different: ids.size },
    )
  const answers: ApprovalAnswer[] = []
  const open = approvals.entries()
  const work = async () => {
    for (const [index, approval] of open) answers[index] = await answerTo(approval, approveOne(caller, approval))
  }
  const worked = await Promise.allSettled(Array.from({ length: atOnce }, work))
  // A fault of ours is told when nothing is under way any more: who asks again learns what was approved.
  const fault = worked.find((each) => each.status === 'rejected')
  if (fault !== undefined) throw fault.reason
  return answers
}

async function answerTo(
  { signingRequestId }: ApproveSigningRequestInput,
  approving: Promise<SigningRequestChanged>,
): Promise<ApprovalAnswer> {
  try {
    const { position } = await approving
    return { signingRequestId, position, refusal: null }
  } catch (error) {
    const failure = asCallersFailure(error)
    if (!(failure instanceof Refusal || failure instanceof ServiceError)) throw error
    const { code, message } = failure
    const isRefused = failure instanceof Refusal
    const details = isRefused ? failure.details : {}
    return { signingRequestId, position: null, refusal: { code, message, details, transient: !isRefused } }
  }
}
