import type { Logger } from 'pino'
import { parseStreamName, type UserId } from '../domain/index.ts'
import { type EventLog, type LogPosition, type RunningConsumer, startConsumer } from '../event-log/index.ts'
import type { Persons } from '../persons/index.ts'

/** After so many events without an erasure it is kept how far the log was followed: what is followed again changes nothing. */
const eventsBetweenMarks = 5_000

/**
 * Follows the log and destroys the key of everybody who is erased there: what a process left undone that ended between the
 * event and the key, and the keys that a backup of their database brought back. How far it is stands in that database.
 */
export function followErasures(options: {
  readonly log: EventLog
  readonly persons: Pick<Persons, 'erase' | 'erasuresDoneTo' | 'markErasuresDone'>
  readonly logger: Logger
}): RunningConsumer {
  const { log, persons, logger } = options
  return startConsumer(log, {
    async begin() {
      const position = (await persons.erasuresDoneTo()) as LogPosition | undefined
      let unmarked = 0
      return {
        after: position === undefined ? undefined : { position, eventId: undefined },
        async handle({ entries, checkpoint }) {
          let erased = 0
          for (const entry of entries) {
            const name = parseStreamName(entry.streamId)
            if ('reason' in entry || entry.type !== 'UserErased' || name?.kind !== 'user') continue
            await persons.erase({ organizationId: entry.metadata.organizationId, userId: name.id as UserId })
            erased += 1
          }
          unmarked += entries.length
          if (erased > 0 || unmarked >= eventsBetweenMarks) {
            await persons.markErasuresDone(checkpoint.position)
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
