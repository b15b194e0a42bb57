import {
  type DomainEvent,
  type EventMetadata,
  eventMetadata,
  fold,
  type OrganizationId,
  openSigningRequest,
  type SigningRequest,
  type SigningRequestCommand,
  signingRequestDecider,
  streams,
} from '../domain/index.ts'
import { appendDecided, type EventLog, prepareEvents, type RecordedEvent, readWholeStream } from '../event-log/index.ts'
import type { NewerEvents, RequestStep } from './contract.ts'

/** What a step's body answers: what to record, or `undefined` when there is nothing left to do. */
export type StepOutcome = SigningRequestCommand | undefined

/**
 * Runs one step of a request: reads its stream, does the work, and appends what the domain decides. When others write
 * to the stream meanwhile, the decision is made anew on what it has become; the work is not done again.
 *
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `SIGNING_REQUEST_FINAL`, and as the decider and the work
 */
export async function requestStep(
  { log, now }: { readonly log: EventLog; readonly now: () => string },
  { signingRequestId, fromRevision }: RequestStep,
  work: (request: SigningRequest) => Promise<StepOutcome>,
): Promise<NewerEvents> {
  const streamId = streams.signingRequest(signingRequestId)
  let outcome: { readonly command: StepOutcome } | undefined
  let decided: readonly DomainEvent[] = []
  const { known } = await appendDecided(
    log,
    async () => {
      const { events, revision } = await readWholeStream(log, streamId)
      const request = openSigningRequest(fold(signingRequestDecider, events))
      outcome ??= { command: await work(request) }
      return { streamId, events, revision, request, command: outcome.command }
    },
    ({ revision, request, command }) => {
      decided = command === undefined ? [] : signingRequestDecider.decide(command, request)
      return prepareEvents(streamId, revision, decided, stepMetadata(request, 'workflow', now()))
    },
  )
  return { events: [...eventsFromRevision(known.events, fromRevision), ...decided] }
}

/** The events from a revision on, as a workflow takes them. */
export function eventsFromRevision(events: readonly RecordedEvent[], fromRevision: number): readonly DomainEvent[] {
  // What the log holds was written by these same types, and upcast to their present version.
  return events.slice(fromRevision).map(({ type, data }) => ({ type, data }) as DomainEvent)
}

/** The metadata of an event that a part of the service appends to a request's stream. */
export function stepMetadata(
  { signingRequestId, organizationId }: { readonly signingRequestId: string; readonly organizationId: OrganizationId },
  component: string,
  occurredAt: string,
): EventMetadata {
  const initiator = { actor: { kind: 'system', component }, callId: signingRequestId } as const
  return eventMetadata(initiator, { organizationId, occurredAt })
}
