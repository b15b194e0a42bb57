import type { NewerEvents, ReadEvents, RequestStep, ShortActivities } from '../activities/contract.ts'
import {
  type DomainEvent,
  type EventMetadata,
  fold,
  type SigningRequestCommand,
  type SigningRequestId,
  type SigningRequestState,
  signingRequestDecider,
} from '../domain/index.ts'
import type { Changed, Initiator } from './contract.ts'

/** The request's stream as one workflow run sees it: its state, and the ways to change it. */
export interface RequestHistory {
  /** The state after the last event that this run has seen; `undefined` until the stream was read. */
  readonly state: SigningRequestState | undefined
  /** Reads what has been appended since. */
  refresh(): Promise<void>
  /** Runs a step that appends to the stream itself, and takes in what it answers. */
  take(step: (input: RequestStep) => Promise<NewerEvents>): Promise<void>
  /** What a user's call was answered, or would have been: an earlier run may have done it and ended before it said so. */
  answerTo(callId: string): Changed | undefined
  /**
   * Decides and appends. When the stream has moved on meanwhile it is read again and the decision is made anew. A call
   * that stands in the stream already is answered and not done again.
   *
   * @throws Refusal as the decider does
   */
  apply(command: SigningRequestCommand, initiator: Initiator): Promise<Changed>
}

/**
 * Opens a request's stream for its workflow.
 *
 * @param options.isNew whether the stream is believed to be empty, so that a first event can be appended without reading
 */
export function requestHistory(
  signingRequestId: SigningRequestId,
  activities: Pick<ShortActivities, 'readSigningRequest' | 'appendEvents' | 'appendSubmission'>,
  { isNew }: { readonly isNew: boolean },
): RequestHistory {
  const { readSigningRequest, appendEvents, appendSubmission } = activities
  let state: SigningRequestState | undefined
  /** How many events of the stream `state` has seen. */
  let seen = 0
  const calls = new Map<string, Changed>()

  /** Takes in events that stand in the stream from a revision on; those that were seen meanwhile are passed over. */
  function absorb(fromRevision: number, events: readonly DomainEvent[]): SigningRequestState {
    const unseen = events.slice(Math.max(0, seen - fromRevision))
    state = fold(signingRequestDecider, unseen, state)
    seen += unseen.length
    return state
  }

  async function take(step: (input: RequestStep) => Promise<NewerEvents>): Promise<SigningRequestState> {
    const fromRevision = seen
    return absorb(fromRevision, (await step({ signingRequestId, fromRevision })).events)
  }

  async function read(input: RequestStep): Promise<ReadEvents> {
    const answer = await readSigningRequest(input)
    for (const [callId, position] of Object.entries(answer.calls)) calls.set(callId, { position })
    return answer
  }

  async function apply(command: SigningRequestCommand, initiator: Initiator): Promise<Changed> {
    const believed = state ?? (isNew ? signingRequestDecider.initialState() : await take(read))
    for (let current = believed; ; current = await take(read)) {
      const answered = calls.get(initiator.callId)
      if (answered !== undefined) return answered
      const fromRevision = seen
      const events = signingRequestDecider.decide(command, current)
      const metadata = metadataOf(signingRequestId, current, command, initiator)
      const expectedRevision = fromRevision === 0 ? 'noStream' : fromRevision - 1
      const append = isSmallSubmission(command) ? appendSubmission : appendEvents
      const outcome = await append({ signingRequestId, expectedRevision, events, metadata })
      if (outcome.kind === 'conflict') continue
      absorb(fromRevision, [...events, ...(outcome.later ?? [])])
      return { position: outcome.position }
    }
  }

  return {
    get state() {
      return state
    },
    async refresh() {
      await take(read)
    },
    async take(step) {
      await take(step)
    },
    answerTo: (callId) => calls.get(callId),
    apply,
  }
}

/** Artifacts up to this size are planned in milliseconds: not worth a trip through the task queue. In bytes. */
const shortPlanSize = 4 * 1024 * 1024

/** Whether an artifact is planned in so little time that it is done on the way. */
export function isSmall({ size }: { readonly size: number }): boolean {
  return size <= shortPlanSize
}

function isSmallSubmission(command: SigningRequestCommand): boolean {
  return command.type === 'SubmitSigningRequest' && isSmall(command.submission.artifact)
}

function metadataOf(
  signingRequestId: SigningRequestId,
  state: SigningRequestState,
  command: SigningRequestCommand,
  { actor, remoteAddress, callId }: Initiator,
): EventMetadata {
  const organizationId =
    command.type === 'SubmitSigningRequest'
      ? command.submission.organizationId
      : // Every other command was decided on a state that exists.
        (state as Exclude<SigningRequestState, { workflowStatus: 'none' }>).organizationId
  return {
    organizationId,
    actor,
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    correlationId: signingRequestId,
    causationId: callId,
    occurredAt: new Date().toISOString(),
  }
}
