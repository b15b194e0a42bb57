import {
  type EarlierRequests,
  earlierRequests,
  type SigningRequestId,
  streams,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { type EventLog, type RecordedEvent, readWholeStream } from '../event-log/index.ts'
import type { Caller } from './caller.ts'
import { load, loadSigningRequest } from './load.ts'
import type { SubmittedSource } from './ports.ts'

/**
 * What a submission goes back to that takes the artifact of an earlier request; `undefined` for one with an artifact of its own.
 *
 * @throws Refusal `ID_MALFORMED`, `SIGNING_REQUEST_NOT_FOUND`, `API_TOKEN_SCOPE_EXCEEDED`, `EARLIER_REQUEST_NOT_USABLE`
 */
export async function earlierRequestsOf(
  log: EventLog,
  caller: Caller,
  source: SubmittedSource,
): Promise<EarlierRequests<RecordedEvent> | undefined> {
  if (source.kind !== 'earlierRequest') return undefined
  const { projectId, signingRequestId } = await loadSigningRequest(log, caller, String(source.signingRequestId))
  const { organizationId } = caller
  const taken = { kind: source.kind, details: { signingRequestId } }
  const historyOf = async (id: SigningRequestId) => (await readWholeStream(log, streams.signingRequest(id))).events
  return earlierRequests({ organizationId, projectId, source: taken }, historyOf)
}

/** By whose account an artifact came in, and which build system vouched for it: a resubmission has those of the first submission. */
export async function broughtInBy(
  log: EventLog,
  caller: Caller,
  earlier: EarlierRequests<RecordedEvent> | undefined,
): Promise<Pick<Caller, 'kind' | 'vouchedBy'>> {
  if (earlier === undefined) return caller
  const { request, submission } = earlier.first
  const { actor } = submission.metadata
  const vouched = actor.kind === 'user' && actor.vouchedBy !== undefined ? { vouchedBy: actor.vouchedBy } : {}
  return { kind: await kindOf(log, request.submitter), ...vouched }
}

async function kindOf(log: EventLog, userId: UserId): Promise<Caller['kind']> {
  const { state } = await load(log, streams.user(userId), userDecider)
  return state.status === 'none' ? 'interactive' : state.kind
}
