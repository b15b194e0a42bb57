import { type FoldedEvent, fold } from './decider.ts'
import type { SigningRequestId } from './ids.ts'
import {
  type Artifact,
  earlierRequestOf,
  notUsable,
  type SigningRequest,
  signingRequestDecider,
  type TakenBy,
  usableEarlierRequest,
} from './signing-request/index.ts'
import type { Source } from './signing-request/source.ts'

/** A request that was submitted, with the event that says so. */
export type SubmittedRequest<Event extends FoldedEvent = FoldedEvent> = {
  readonly request: SigningRequest & { readonly artifact: Artifact }
  readonly submission: Event
}

/** What a resubmission goes back to. */
export type EarlierRequests<Event extends FoldedEvent = FoldedEvent> = {
  /** The request whose artifact is taken again. */
  readonly original: SubmittedRequest<Event>
  /** The one that the artifact came with: the original, unless that was a resubmission itself. Its origin is that of all. */
  readonly first: SubmittedRequest<Event>
}

/** How many times over an artifact may be taken from a request that took it again. */
const longestChain = 100

/**
 * Finds what a request goes back to whose source is an earlier one; `undefined` for other sources.
 *
 * @param historyOf gives the stream of a request, as far as it counts
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `EARLIER_REQUEST_NOT_USABLE` when one of them is not completed, or they lead to no end
 */
export async function earlierRequests<Event extends FoldedEvent>(
  taking: TakenBy & { readonly source: Pick<Source, 'kind' | 'details'> },
  historyOf: (signingRequestId: SigningRequestId) => Promise<readonly Event[]>,
): Promise<EarlierRequests<Event> | undefined> {
  let found: EarlierRequests<Event> | undefined
  let length = 0
  for (let id = earlierRequestOf(taking.source); id !== undefined; id = earlierRequestOf(found.first.request.source)) {
    length += 1
    if (length > longestChain) throw notUsable(id, 'it was submitted again too many times over')
    const events = await historyOf(id)
    const request = usableEarlierRequest(fold(signingRequestDecider, events), id, taking)
    const first = { request, submission: events[0] as Event }
    found = { original: found?.original ?? first, first }
  }
  return found
}

/**
 * The people behind a resubmission, besides the account that submits again: whoever is behind that, the account that submitted
 * the original, and the people behind it. Who brought the artifact in is no second person for it.
 *
 * @returns each once, in the order of their ids
 */
export function peopleBehindResubmission(
  submitter: SigningRequest['submitter'],
  behindSubmitter: NonNullable<SigningRequest['peopleBehind']>,
  { original: { request } }: EarlierRequests,
): NonNullable<SigningRequest['peopleBehind']> {
  const people = new Set([...behindSubmitter, request.submitter, ...(request.peopleBehind ?? [])])
  people.delete(submitter)
  return [...people].sort()
}
