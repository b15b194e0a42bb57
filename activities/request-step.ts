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
import { type EventLog, EventLogError, prepareEvents, type RecordedEvent, readWholeStream } from '../event-log/index.ts'
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
  const stream = streams.signingRequest(signingRequestId)
  let { events, revision } = await readWholeStream(log, stream)
  let request = openSigningRequest(fold(signingRequestDecider, events))
  const command = await work(request)
  while (command !== undefined) {
    const decided = signingRequestDecider.decide(command, request)
    const metadata = stepMetadata(request, 'workflow', now())
    try {
      await log.append(stream, prepareEvents(stream, revision, decided, metadata), revision)
      return { events: [...newer(events, fromRevision), ...decided] }
    } catch (error) {
      if (!(error instanceof EventLogError && error.code === 'EVENT_LOG_WRONG_EXPECTED_REVISION')) throw error
    }
    ;({ events, revision } = await readWholeStream(log, stream))
    request = openSigningRequest(fold(signingRequestDecider, events))
  }
  return { events: newer(events, fromRevision) }
}

/** The events from a revision on, as a workflow takes them. */
export function newer(events: readonly RecordedEvent[], fromRevision: number): readonly DomainEvent[] {
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
