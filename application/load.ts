import {
  type ApiTokenScope,
  type Decider,
  type DomainEvent,
  fold,
  type OrganizationId,
  parseId,
  Refusal,
  requireProjectInScope,
  type SigningRequest,
  type SigningRequestId,
  signingRequestDecider,
  streams,
} from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'

/** An aggregate as the log has it now. */
export type Loaded<State> = {
  readonly state: State
  readonly revision: number | 'noStream'
}

/** Reads an aggregate's stream and folds it. */
export async function load<State, Command, Event extends DomainEvent>(
  log: EventLog,
  streamId: string,
  decider: Decider<State, Command, Event>,
): Promise<Loaded<State>> {
  const { events, revision } = await readWholeStream(log, streamId)
  return { state: fold(decider, events), revision }
}

/** Reads an aggregate as {@link load} does; what belongs to another organization is as if it had never been. */
export async function loadOwn<State, Command, Event extends DomainEvent>(
  log: EventLog,
  streamId: string,
  decider: Decider<State, Command, Event>,
  { organizationId }: { readonly organizationId: OrganizationId },
): Promise<Loaded<State>> {
  const { events, revision } = await readWholeStream(log, streamId)
  return events.every(({ metadata }) => metadata.organizationId === organizationId)
    ? { state: fold(decider, events), revision }
    : { state: decider.initialState(), revision: 'noStream' }
}

/**
 * Reads a signing request of the organization, by an id as a caller sent it.
 *
 * @throws Refusal `ID_MALFORMED`, `SIGNING_REQUEST_NOT_FOUND`, also for requests of other organizations;
 *   `API_TOKEN_SCOPE_EXCEEDED` when the caller's token is limited to other projects
 */
export async function loadSigningRequest(
  log: EventLog,
  caller: { readonly organizationId: OrganizationId; readonly scope: ApiTokenScope | null },
  id: string,
): Promise<SigningRequest> {
  const signingRequestId = parseId<SigningRequestId>(id, 'The signing request id')
  const { state } = await loadOwn(log, streams.signingRequest(signingRequestId), signingRequestDecider, caller)
  if (state.workflowStatus === 'none')
    throw new Refusal('SIGNING_REQUEST_NOT_FOUND', `There is no signing request ${signingRequestId}.`)
  requireProjectInScope(caller.scope, state.projectId)
  return state
}
