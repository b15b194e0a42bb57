import { type Actor, type ApiTokenId, fold, streams, type UserId, userDecider } from '../domain/index.ts'
import { type EventLog, EventLogError, type RecordedEvent, readWholeStream } from '../event-log/index.ts'

/**
 * How long what a call caused may be recorded after its token stopped working, in milliseconds: the call may have been
 * under way, and clocks of processes differ.
 */
const grace = 5 * 60_000

type UserActor = Extract<Actor, { readonly kind: 'user' }>

/**
 * Wraps a log for decisions about keys: of every event that a user caused, the API token that it names must have been
 * issued to that user before, and have worked then. That holds of the events of those users in turn, back to the set-up.
 *
 * @throws EventLogError `EVENT_LOG_UNTRUSTED` from reads of streams
 */
export function withAttribution(log: EventLog): EventLog {
  return {
    ...log,
    async *readStream(streamId, options) {
      for await (const events of log.readStream(streamId, options)) {
        await checkActors(log, events)
        yield events
      }
    },
  }
}

async function checkActors(log: EventLog, events: readonly RecordedEvent[]): Promise<void> {
  const users = new Map<UserId, readonly RecordedEvent[]>()
  const unchecked = [...events]
  for (let event = unchecked.pop(); event !== undefined; event = unchecked.pop()) {
    const { actor } = event.metadata
    if (actor.kind !== 'user') continue
    let history = users.get(actor.userId)
    if (history === undefined) {
      history = (await readWholeStream(log, streams.user(actor.userId))).events
      users.set(actor.userId, history)
      unchecked.push(...history)
    }
    const fault = actorFault(event, actor, history)
    if (fault === undefined) continue
    const { streamId, revision, type } = event
    throw new EventLogError(
      'EVENT_LOG_UNTRUSTED',
      `${type} in ${streamId}, revision ${revision}, names the API token ${actor.tokenId} of the user ${actor.userId}, ${fault}.`,
    )
  }
}

/** What is wrong with an event's actor, as the end of a sentence. */
function actorFault(event: RecordedEvent, actor: UserActor, history: readonly RecordedEvent[]): string | undefined {
  const before = history.filter(({ position }) => position < event.position)
  const user = fold(userDecider, before)
  if (user.status === 'none' || user.organizationId !== event.metadata.organizationId)
    return 'whom the organization did not have'
  const token = user.tokens.find(({ tokenId }) => tokenId === actor.tokenId)
  if (token === undefined) return 'to whom it was not issued'
  const at = Date.parse(event.metadata.occurredAt) - grace
  if (token.expiresAt !== null && Date.parse(token.expiresAt) <= at) return 'which had expired'
  if (token.revoked && wasOver(revocation(before, actor.tokenId), at)) return 'which was revoked'
  const deactivation = before.findLast(({ type }) => type === 'UserDeactivated')
  if (user.status === 'deactivated' && wasOver(deactivation, at)) return 'who was deactivated'
  return undefined
}

function revocation(history: readonly RecordedEvent[], tokenId: ApiTokenId): RecordedEvent | undefined {
  return history.find(({ type, data }) => type === 'ApiTokenRevoked' && data.tokenId === tokenId)
}

function wasOver(ending: RecordedEvent | undefined, at: number): boolean {
  return ending !== undefined && Date.parse(ending.metadata.occurredAt) <= at
}
