import type { ShortActivities } from '../activities/contract.ts'
import { type EventMetadata, fold, type SigningRequestId, type SigningRequestState } from '../domain/index.ts'
import { type SigningRequestCommand, signingRequestDecider } from '../domain/signing-request/index.ts'
import type { Changed, Initiator } from './contract.ts'

/** The request's stream as one workflow run sees it: its state, and the one way to change it. */
export interface RequestHistory {
  /** The state after the last event that this run has seen; `undefined` until the stream was read. */
  readonly state: SigningRequestState | undefined
  /** Reads what has been appended since. */
  refresh(): Promise<SigningRequestState>
  /**
   * Decides and appends, one change after the other. When the stream has moved on meanwhile it is read again and the
   * decision is made anew.
   *
   * @throws Refusal as the decider does
   */
  apply(command: SigningRequestCommand, initiator: Initiator): Promise<Changed>
}

/** Opens a request's stream for its workflow. */
export function requestHistory(
  signingRequestId: SigningRequestId,
  { readSigningRequest, appendEvents }: Pick<ShortActivities, 'readSigningRequest' | 'appendEvents'>,
): RequestHistory {
  let state: SigningRequestState | undefined
  let revision: number | 'noStream' = 'noStream'
  let queue: Promise<unknown> = Promise.resolve()

  /** Reads and changes stand in one line: each sees what the one before it did. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = queue.then(work)
    queue = result.catch(() => undefined)
    return result
  }

  async function read(): Promise<SigningRequestState> {
    const fromRevision = revision === 'noStream' ? 0 : revision + 1
    const newer = await readSigningRequest({ signingRequestId, fromRevision })
    state = fold(signingRequestDecider, newer.events, state)
    revision = newer.revision
    return state
  }

  async function change(command: SigningRequestCommand, initiator: Initiator): Promise<Changed> {
    for (let current = state ?? (await read()); ; current = await read()) {
      const events = signingRequestDecider.decide(command, current)
      const metadata = metadataOf(signingRequestId, current, command, initiator)
      const outcome = await appendEvents({ signingRequestId, expectedRevision: revision, events, metadata })
      if (outcome.kind === 'conflict') continue
      state = fold(signingRequestDecider, events, current)
      revision = outcome.revision
      return { position: outcome.position }
    }
  }

  return {
    get state() {
      return state
    },
    refresh: () => inTurn(read),
    apply: (command, initiator) => inTurn(() => change(command, initiator)),
  }
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
