import {
  type GlobalRole,
  type OrganizationId,
  parseStreamName,
  type SigningRequestId,
  streams,
  type User,
  type UserId,
  userDecider,
} from '../../domain/index.ts'
import { type EventLog, type RecordedEvent, readWholeStream } from '../../event-log/index.ts'
import { stateOf } from './mail-sources.ts'

/** What mail has to know of people and requests, to find whom an event concerns. */
export type Directory = {
  readonly log: Pick<EventLog, 'readStream'>
  /** A user as the log has them now; `undefined` when there is none. */
  readonly user: (userId: UserId) => Promise<User | undefined>
  /** The users who hold one of the roles now. */
  readonly withRoles: (organizationId: OrganizationId, roles: readonly GlobalRole[]) => Promise<readonly UserId[]>
  /** Whoever submitted the request of a stream. */
  readonly submitterOf: (streamId: string) => Promise<UserId | undefined>
  /** The events of a stream up to this one. */
  readonly streamUpTo: (event: RecordedEvent) => Promise<readonly RecordedEvent[]>
}

/** So many submitters are kept in memory for how their requests end; the others are read in the log. */
const submittersKept = 5_000
/** So many users are kept in memory. */
const usersKept = 1_000

/** A directory that is told of events, so that it need not read for each what it has seen. */
export type FollowingDirectory = Directory & {
  /** Takes notice of an event, before anybody asks about it. */
  readonly see: (event: RecordedEvent) => void
}

/**
 * Makes a directory.
 *
 * @param holdersOf everybody who ever was given a global role in an organization, as far as is known
 */
export function followingDirectory(
  log: Pick<EventLog, 'readStream'>,
  holdersOf: (organizationId: OrganizationId) => Promise<readonly UserId[]>,
): FollowingDirectory {
  const submitters = new Map<string, UserId>()
  const users = new Map<UserId, User>()

  async function user(userId: UserId): Promise<User | undefined> {
    const kept = users.get(userId)
    if (kept !== undefined) return kept
    const state = await stateOf({ log }, streams.user(userId), userDecider)
    if (state.status === 'none') return undefined
    keep(users, userId, state, usersKept)
    return state
  }

  return {
    log,
    user,

    async withRoles(organizationId, roles) {
      const held: UserId[] = []
      for (const userId of await holdersOf(organizationId)) {
        const found = await user(userId)
        if (found?.organizationId === organizationId && found.roles.some((role) => roles.includes(role)))
          held.push(userId)
      }
      return held
    },

    async submitterOf(streamId) {
      const kept = submitters.get(streamId)
      if (kept !== undefined || parseStreamName(streamId)?.kind !== 'signingRequest') return kept
      const requestId = parseStreamName(streamId)?.id as SigningRequestId
      for await (const [first] of log.readStream(streams.signingRequest(requestId), { maxCount: 1 }))
        return first?.type === 'SigningRequestSubmitted' ? (first.data.submitter as UserId) : undefined
      return undefined
    },

    async streamUpTo({ streamId, revision }) {
      return (await readWholeStream(log, streamId)).events.slice(0, revision + 1)
    },

    see({ streamId, type, data }) {
      const named = parseStreamName(streamId)
      if (named?.kind === 'user') users.delete(named.id as UserId)
      if (type === 'SigningRequestSubmitted') keep(submitters, streamId, data.submitter as UserId, submittersKept)
    },
  }
}

function keep<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, most: number): void {
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}
