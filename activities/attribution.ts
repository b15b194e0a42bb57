import { type Actor, fold, streams, type UserActor, userDecider } from '../domain/index.ts'
import {
  type EventLog,
  EventLogError,
  type LogPosition,
  type ReadStreamOptions,
  type RecordedEvent,
  readWholeStream,
} from '../event-log/index.ts'
import { wasOver } from './call-delay.ts'
import { type AuthenticationChecks, authenticationChecks, mayActAlready } from './check-authentication.ts'
import { type EventsBefore, faultOfVoucher, unknownActor } from './check-voucher.ts'

/**
 * Holds an actor against the log.
 *
 * @returns what is wrong with it, as the end of a sentence about the actor; nothing when it could act as the event says
 */
export type ActorCheck<Checked = never> = (
  actor: Checked,
  event: RecordedEvent,
  eventsBefore: EventsBefore,
) => Promise<string | undefined>

/** The check of each kind of actor, by its `kind`. What has none is not believed. */
export type ActorChecks = Readonly<Record<string, ActorCheck>>

/** Who may have acted. Somebody who is not known causes nothing that the use of a key rests on. */
export const actorChecks = {
  user: checkUser(authenticationChecks),
  system: async () => undefined,
  anonymous: async () => 'whom the organization does not know',
} satisfies Record<Actor['kind'], ActorCheck>

/**
 * Wraps a log for decisions about keys: whoever caused an event must have been able to, by what stood in the log before.
 * That holds of the events that this rests on in turn, back to the set-up.
 *
 * @param checks by kind of actor
 * @throws EventLogError `EVENT_LOG_UNTRUSTED` from reads of streams, for an actor who could not have acted
 * @throws Refusal `EVENT_ACTOR_UNKNOWN` for a kind of actor, or a way to authenticate, that has no check: a release that
 *   knows it can go on
 */
export function withAttribution(log: EventLog, checks: ActorChecks = actorChecks): EventLog {
  const historiesOfDecisions = new WeakMap<object, Histories>()
  return {
    ...log,
    async *readStream(streamId, options = {}) {
      const { decision } = options
      const histories = (decision && historiesOfDecisions.get(decision)) ?? readHistories(log, options)
      if (decision !== undefined) historiesOfDecisions.set(decision, histories)
      try {
        for await (const events of log.readStream(streamId, options)) {
          await checkActors(events, checks, histories)
          yield events
        }
      } catch (error) {
        // What it was about to check of them is not checked.
        if (decision !== undefined) historiesOfDecisions.delete(decision)
        throw error
      }
    },
  }
}

/** The streams that one decision has read of those who acted. */
type Histories = {
  /** Takes note of an event that was read: what is read from here on holds everything that stands before it. */
  note(event: RecordedEvent): void
  /** A stream as it was before a position, and what of it was not given before: that is still to be checked. */
  before(streamId: string, position: LogPosition): Promise<History>
}

type History = { readonly events: readonly RecordedEvent[]; readonly unchecked: readonly RecordedEvent[] }

/** Reads each stream once, and again only for an event behind everything that had been read by then. */
function readHistories(log: EventLog, { decision, onKeyStreams }: ReadStreamOptions): Histories {
  const reading: ReadStreamOptions = { ...(decision && { decision }), ...(onKeyStreams && { onKeyStreams }) }
  const read = new Map<string, { readonly events: readonly RecordedEvent[]; readonly upTo: LogPosition }>()
  let newest: LogPosition | undefined
  const later = (one: LogPosition | undefined, other: LogPosition) => (one === undefined || one < other ? other : one)
  return {
    note({ position }) {
      newest = later(newest, position)
    },
    async before(streamId, position) {
      const known = read.get(streamId)
      const isBefore = (event: RecordedEvent) => event.position < position
      if (known !== undefined && position <= known.upTo) return { events: known.events.filter(isBefore), unchecked: [] }
      const upTo = later(newest, position)
      const { events } = await readWholeStream({ readStream: (id) => log.readStream(id, reading) }, streamId)
      read.set(streamId, { events, upTo })
      return { events: events.filter(isBefore), unchecked: events.slice(known?.events.length ?? 0) }
    },
  }
}

async function checkActors(events: readonly RecordedEvent[], checks: ActorChecks, histories: Histories): Promise<void> {
  for (const event of events) histories.note(event)
  const unchecked = [...events]
  for (let event = unchecked.pop(); event !== undefined; event = unchecked.pop()) {
    const { actor } = event.metadata
    const { position, streamId, revision, type } = event
    const check = checkOf(checks, actor?.kind, 'actors of the kind')
    const fault = await check(actor as never, event, async (named) => {
      const history = await histories.before(named, position)
      unchecked.push(...history.unchecked)
      return history.events
    })
    if (fault === undefined) continue
    const where = `${type} in ${streamId}, revision ${revision}`
    throw new EventLogError('EVENT_LOG_UNTRUSTED', `${where}, was caused by ${described(actor)}, ${fault}.`)
  }
}

/**
 * The check of users: they must have been active in the organization of the event, and have authenticated as one of the
 * checks says. So must the trusted build system that vouches for their call, if one does.
 */
export function checkUser(methods: AuthenticationChecks): ActorCheck<UserActor> {
  return async ({ userId, authentication, vouchedBy }, event, eventsBefore) => {
    const check = checkOf(methods, authentication?.method, 'users who authenticate by')
    const events = await eventsBefore(streams.user(userId))
    const user = fold(userDecider, events)
    if (user.status === 'none' || user.organizationId !== event.metadata.organizationId)
      return 'whom the organization did not have'
    const deactivation = events.findLast(({ type }) => type === 'UserDeactivated' || type === 'UserErased')
    if (user.status === 'deactivated' && wasOver(deactivation, event)) return 'who was deactivated'
    if (event.type !== 'InvitationAccepted' && !mayActAlready(user, events)) return 'who had accepted no invitation'
    const fault = await check(authentication as never, event, { user, events }, eventsBefore)
    return fault ?? (vouchedBy && (await faultOfVoucher(vouchedBy, event, eventsBefore)))
  }
}

function checkOf<Check>(checks: Readonly<Record<string, Check>>, name: string | undefined, what: string): Check {
  const check = name !== undefined && Object.hasOwn(checks, name) ? checks[name] : undefined
  if (check === undefined) throw unknownActor(what, String(name))
  return check
}

function described(actor: Actor): string {
  if (actor.kind !== 'user') return `an actor of the kind ${actor.kind}`
  const { userId, authentication } = actor
  const how =
    authentication.method === 'apiToken' ? `the API token ${authentication.tokenId}` : `${authentication.method}`
  return `the user ${userId} by ${how}`
}
