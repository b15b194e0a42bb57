import type { NewerEvents, ReadEvents, RequestStep, ShortActivities } from '../activities/contract.ts'
import {
  type DomainEvent,
  type EventMetadata,
  eventMetadata,
  type FailureStatus,
  fold,
  type Initiator,
  isFromOutside,
  oneAtATime,
  Refusal,
  type SigningRequest,
  type SigningRequestCommand,
  type SigningRequestId,
  type SigningRequestState,
  type Submission,
  signingRequestDecider,
} from '../domain/index.ts'
import type { Changed } from './contract.ts'

/** The request's stream as one workflow run sees it: its state, and the ways to change it. */
export interface RequestHistory {
  /** The state after the last event that this run has seen; `undefined` until the stream was read. */
  readonly state: SigningRequestState | undefined
  /** How many events of the stream the state has seen. */
  readonly seen: number
  /** Reads what has been appended since. */
  refresh(): Promise<void>
  /** Runs a step that appends to the stream itself, and takes in what it answers. */
  take(step: (input: RequestStep) => Promise<NewerEvents>): Promise<void>
  /** What a user's call was answered, or would have been: an earlier run may have done it and ended before it said so. */
  answerTo(callId: string): Changed | undefined
  /**
   * Decides and appends, one call after the other: handlers of several calls interleave wherever they wait. When the
   * stream has moved on meanwhile it is read again and the decision is made anew. A call that stands in the stream
   * already is answered and not done again.
   *
   * @throws Refusal as the decider does
   */
  apply(command: SigningRequestCommand, initiator: Initiator): Promise<Changed>
  /** Resolves when the calls of {@link apply} and {@link refresh} that were made are over, however they end. */
  settled(): Promise<void>
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
  const inTurn = oneAtATime()
  let state: SigningRequestState | undefined
  /** How many events of the stream `state` has seen. */
  let seen = 0
  const calls = new Map<string, Changed>()

  /** Takes in events that stand in the stream from a revision on; those that were seen meanwhile are passed over. */
  function absorb(fromRevision: number, events: readonly DomainEvent[]): void {
    const unseen = events.slice(Math.max(0, seen - fromRevision))
    state = foldedBySome(unseen, state)
    seen += unseen.length
  }

  async function take(step: (input: RequestStep) => Promise<NewerEvents>): Promise<void> {
    const fromRevision = seen
    const { events } = await step({ signingRequestId, fromRevision })
    absorb(fromRevision, events)
  }

  async function read(input: RequestStep): Promise<ReadEvents> {
    const answer = await readSigningRequest(input)
    for (const [callId, position] of Object.entries(answer.calls)) calls.set(callId, { position })
    return answer
  }

  async function decideAndAppend(command: SigningRequestCommand, initiator: Initiator): Promise<Changed> {
    if (state === undefined && !isNew) await take(read)
    for (;;) {
      const answered = calls.get(initiator.callId)
      if (answered !== undefined) return answered
      // What the decision rests on and where it is appended are taken at the same moment: a step that ends while this
      // waits moves both on.
      const fromRevision = seen
      const current = state ?? signingRequestDecider.initialState()
      const events = signingRequestDecider.decide(command, current)
      const metadata = metadataOf(signingRequestId, current, command, initiator)
      const expectedRevision = fromRevision === 0 ? 'noStream' : fromRevision - 1
      const append = isSmallSubmission(command) ? appendSubmission : appendEvents
      const outcome = await append({ signingRequestId, expectedRevision, events, metadata })
      if (outcome.kind === 'appended') {
        absorb(fromRevision, [...events, ...(outcome.later ?? [])])
        const changed = { position: outcome.position }
        // Only calls from outside have an id of their own.
        if (isFromOutside(initiator.actor)) calls.set(initiator.callId, changed)
        return changed
      }
      await take(read)
    }
  }

  return {
    get state() {
      return state
    },
    get seen() {
      return seen
    },
    refresh: () => inTurn(() => take(read)),
    take,
    answerTo: (callId) => calls.get(callId),
    apply: (command, initiator) => inTurn(() => decideAndAppend(command, initiator)),
    settled: () => inTurn(async () => undefined),
  }
}

/**
 * Folds events that another release may have written. One that this release does not know fails the workflow's task and
 * nothing else: Temporal gives the task to another worker, which may know it, and leaves no trace in the run's history,
 * where the two releases would differ.
 */
function foldedBySome(events: readonly DomainEvent[], state: SigningRequestState | undefined): SigningRequestState {
  try {
    return fold(signingRequestDecider, events, state)
  } catch (error) {
    throw error instanceof Refusal ? new Error(`${error.code}: ${error.message}`) : error
  }
}

/** Artifacts up to this size are planned in milliseconds: not worth a trip through the task queue. In bytes. */
const shortPlanSize = 4 * 1024 * 1024

/** Whether the origin of a request's artifact is to be verified before it is planned. */
export function isOriginDue({
  originVerification,
  origin = null,
}: Submission & { readonly origin?: SigningRequest['origin'] }): boolean {
  return originVerification !== undefined && origin === null
}

/** Whether something secret was kept for a request: for retrieving its artifact, or for asking about its build. */
export function hasSecrets(request: SigningRequest | undefined): boolean {
  return request !== undefined && (request.source.secretsId !== null || (request.build?.secrets ?? []).length > 0)
}

/** What a request fails as whose next step failed for good. */
export function failureStatus(request: SigningRequest | undefined): FailureStatus {
  if (request?.artifact === null) return 'ArtifactRetrievalFailed'
  return request !== undefined && isOriginDue(request) ? 'OriginVerificationFailed' : 'ProcessingFailed'
}

/** Whether an artifact is retrieved and planned in so little time that it is done on the way. */
export function isSmall(request: Submission & Partial<Pick<SigningRequest, 'artifact' | 'origin'>>): boolean {
  if (isOriginDue(request)) return false
  const { source, artifact = null } = request
  if (artifact !== null) return artifact.size <= shortPlanSize
  return source.isAtHand && source.size !== null && source.size <= shortPlanSize
}

function isSmallSubmission(command: SigningRequestCommand): boolean {
  return command.type === 'SubmitSigningRequest' && isSmall(command.submission)
}

function metadataOf(
  signingRequestId: SigningRequestId,
  state: SigningRequestState,
  command: SigningRequestCommand,
  initiator: Initiator,
): EventMetadata {
  const organizationId =
    command.type === 'SubmitSigningRequest'
      ? command.submission.organizationId
      : // Every other command was decided on a state that exists.
        (state as Exclude<SigningRequestState, { workflowStatus: 'none' }>).organizationId
  const occurredAt = new Date().toISOString()
  return eventMetadata(initiator, { organizationId, correlationId: signingRequestId, occurredAt })
}
