import type { Logger } from 'pino'
import { fold, type PersonId, parseStreamName, streams, type UserId, userDecider } from '../domain/index.ts'
import {
  type EventLog,
  isFaultOfOneStream,
  type LogPosition,
  type RunningConsumer,
  readWholeStream,
  startConsumer,
} from '../event-log/index.ts'
import type { Persons } from '../persons/index.ts'

/** After so many events without an erasure it is kept how far the log was followed: what is followed again changes nothing. */
const eventsBetweenMarks = 5_000
/** So often it is looked, while events come, whether a backup of the keys was put back under the running process. */
const lookAgainMs = 10_000

/**
 * Follows the log and destroys the key of everybody who is erased there: what a process left undone that ended between the
 * event and the key, and the keys that a backup of their database brought back. How far it is stands in that database.
 *
 * A destroyed key does not come back, so an event alone destroys nothing: the user's stream must say so, and must have been
 * written by processes of the service. Where it was not, or cannot be read, the key stays, and the erasures behind it go on;
 * erasing the user again destroys it.
 *
 * @param options.verified the same log; what is read in it a process of the service wrote
 * @param options.lookMs how often it is looked whether the keys are older than they were, in milliseconds
 */
export function followErasures(options: {
  readonly log: EventLog
  readonly verified: Pick<EventLog, 'readStream'>
  readonly persons: Pick<Persons, 'erase' | 'erasuresDoneTo' | 'markErasuresDone'>
  readonly logger: Logger
  readonly lookMs?: number
}): RunningConsumer {
  const { log, verified, persons, logger, lookMs = lookAgainMs } = options
  return startConsumer(log, {
    async begin() {
      const position = (await persons.erasuresDoneTo()) as LogPosition | undefined
      let marked = position
      let unmarked = 0
      let lookedAt = performance.now()

      /** Whether the database says less than it did: a backup was put back, with keys that were destroyed. */
      async function isOlder(): Promise<boolean> {
        if (performance.now() - lookedAt < lookMs) return false
        lookedAt = performance.now()
        const kept = await persons.erasuresDoneTo()
        return marked !== undefined && (kept === undefined || kept < marked)
      }

      return {
        after: position === undefined ? undefined : { position, eventId: undefined },
        async handle({ entries, checkpoint }) {
          if (await isOlder()) return 'moved'
          let erased = 0
          for (const entry of entries) {
            const name = parseStreamName(entry.streamId)
            if ('reason' in entry || entry.type !== 'UserErased' || name?.kind !== 'user') continue
            const person = { organizationId: entry.metadata.organizationId, userId: name.id as UserId }
            if (!(await isErased(verified, person, logger))) continue
            await persons.erase(person)
            erased += 1
          }
          unmarked += entries.length
          if (erased > 0 || unmarked >= eventsBetweenMarks) {
            await persons.markErasuresDone(checkpoint.position)
            marked = checkpoint.position
            unmarked = 0
          }
          return 'handled'
        },
      }
    },
    failureOf: (error) => {
      const { code, message } = error as Error & { readonly code?: string }
      return { code: code ?? 'PERSON_KEYS_UNAVAILABLE', message, lasts: false }
    },
    onStatus(status) {
      if (status.state === 'waiting' || status.state === 'failed')
        logger.error(status, 'keys of erased users are not destroyed now')
    },
  })
}

async function isErased(
  verified: Pick<EventLog, 'readStream'>,
  { organizationId, userId }: PersonId,
  logger: Logger,
): Promise<boolean> {
  try {
    const { events } = await readWholeStream(verified, streams.user(userId))
    const user = fold(userDecider, events)
    return user.status !== 'none' && user.organizationId === organizationId && user.erased
  } catch (error) {
    if (!isFaultOfOneStream(error)) throw error
    logger.error({ err: error, userId }, "the key of a user's name is not destroyed: nobody may have erased them")
    return false
  }
}
