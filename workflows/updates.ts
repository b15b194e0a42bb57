import type { UpdateDefinition } from '@temporalio/common'
import { CancellationScope, condition, setHandler } from '@temporalio/workflow'
import {
  Refusal,
  type SigningRequest,
  type SigningRequestCommand,
  type SigningRequestId,
  signingRequestDecider,
} from '../domain/index.ts'
import {
  type AddressedChange,
  approveUpdate,
  type Changed,
  cancelUpdate,
  denyUpdate,
  submitAndFollowUpdate,
  submitUpdate,
} from './contract.ts'
import { failureFromRefusal } from './refusals.ts'
import type { RequestHistory } from './request-history.ts'
import { unopenedCode } from './unopened.ts'

/** What the updates of a signing request are applied to. */
export type UpdatedRequest = {
  readonly signingRequestId: SigningRequestId
  readonly history: RequestHistory
  /** Whether the request's stream is empty until a submission arrives, and is not read before. */
  readonly isNew: boolean
  /** Called after each update that was applied. */
  readonly applied: () => void
  /** Resolves when the request is over, or waits for people or for a reason that was recorded. */
  readonly followed: () => Promise<SigningRequest>
}

/**
 * Lets the workflow answer what people ask of its request: submit, approve, deny, cancel. Each update is decided by the
 * domain, first by its validator, which leaves no trace of what it refuses, and then where it is appended. Handlers run in
 * the scope that this is called in.
 */
export function acceptUpdates(request: UpdatedRequest): void {
  accept(submitUpdate, request)
  accept(submitAndFollowUpdate, request, async ({ position }) => {
    const { workflowStatus, signedArtifact, failure } = await request.followed()
    return { position, workflowStatus, signedArtifact, failure }
  })
  accept(approveUpdate, request)
  accept(denyUpdate, request)
  accept(cancelUpdate, request)
}

/** @param answer what an update answers that was applied */
function accept<Command extends SigningRequestCommand, Answer extends Changed = Changed>(
  update: UpdateDefinition<Answer, [AddressedChange<Command>]>,
  request: UpdatedRequest,
  answer: (changed: Changed) => Promise<Answer> = async (changed) => changed as Answer,
): void {
  const { signingRequestId, history } = request
  const scope = CancellationScope.current()
  setHandler(update, (change) => scope.run(async () => answer(await apply<Command>(change, request))), {
    validator(change) {
      const { command, initiator } = requireOwn<Command>(change, signingRequestId)
      // Before the stream was read there is nothing to judge by; the handler decides in any case.
      if (history.state === undefined || history.answerTo(initiator.callId) !== undefined) return
      try {
        signingRequestDecider.decide(command, history.state)
      } catch (error) {
        throw error instanceof Refusal ? failureFromRefusal(error) : error
      }
    },
  })
}

async function apply<Command extends SigningRequestCommand>(
  change: AddressedChange<Command>,
  { signingRequestId, history, isNew, applied }: UpdatedRequest,
): Promise<Changed> {
  const { command, initiator } = requireOwn<Command>(change, signingRequestId)
  // Only a submission knows what a stream that was not read holds: nothing.
  if (!(isNew && command.type === 'SubmitSigningRequest')) await condition(() => history.state !== undefined)
  try {
    const answer = await history.apply(command, initiator)
    applied()
    return answer
  } catch (error) {
    throw error instanceof Refusal ? failureFromRefusal(error) : error
  }
}

/** Refuses what nobody of this service sent, and what was copied from another request. */
function requireOwn<Command>(
  change: AddressedChange<Command>,
  signingRequestId: SigningRequestId,
): AddressedChange<Command> {
  const unopened = unopenedCode(change)
  if (unopened !== undefined)
    throw failureFromRefusal(new Refusal(unopened, 'The change was not sealed by this service for this request.'))
  if (change?.signingRequestId !== signingRequestId)
    throw failureFromRefusal(
      new Refusal('SIGNING_REQUEST_MISMATCH', 'The change was made for another signing request.'),
    )
  return change
}
