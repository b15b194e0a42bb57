import {
  canonicalJson,
  type EarlierRequests,
  earlierRequests,
  notUsable,
  type SigningRequest,
  type SigningRequestId,
  streams,
} from '../domain/index.ts'
import { type RecordedEvent, readNamedStream } from '../event-log/index.ts'
import { policyMismatch } from './check-policy.ts'
import type { GroundsLog } from './grounds.ts'

/**
 * A request that takes the artifact of an earlier one must have taken it as the rules are: from a completed request of its
 * project, with everything else that its submitter did not choose, and naming everybody who was behind that one, whose
 * approvals must not count.
 *
 * @param submission the event with which the request began: what came after it is no ground of it
 * @returns what it goes back to; `undefined` for a request with an artifact of its own
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `EARLIER_REQUEST_NOT_USABLE`, `POLICY_MISMATCH`
 */
export async function checkEarlierRequest(
  log: GroundsLog,
  request: SigningRequest,
  submission: RecordedEvent,
): Promise<EarlierRequests<RecordedEvent> | undefined> {
  const historyOf = async (id: SigningRequestId) => {
    const { events } = await readNamedStream(log, streams.signingRequest(id))
    return events.filter(({ position }) => position < submission.position)
  }
  const earlier = await earlierRequests(request, historyOf)
  if (earlier === undefined) return undefined
  const { request: original } = earlier.original
  const { artifact, peopleBehind = [], submitter } = request
  for (const name of ['fileName', 'sha256', 'size'] as const)
    if (artifact?.[name] !== original.artifact[name])
      throw notUsable(original.signingRequestId, 'its artifact is another one')
  for (const name of ['existingSignatures', 'version'] as const)
    if (request[name] !== original[name]) throw notUsable(original.signingRequestId, `its ${name} is another one`)
  if (canonicalJson(request.claimedOrigin ?? null) !== canonicalJson(original.claimedOrigin ?? null))
    throw notUsable(original.signingRequestId, 'its origin is another one')
  const people = [original.submitter, ...(original.peopleBehind ?? [])]
  if (!people.every((person) => person === submitter || peopleBehind.includes(person)))
    throw policyMismatch('peopleBehind')
  return earlier
}
