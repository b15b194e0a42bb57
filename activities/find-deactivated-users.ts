import { fold, streams, type UserId, userDecider } from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import type { ShortActivities } from './contract.ts'

/** Says which users may not act any more. */
export function findDeactivatedUsers(log: EventLog): ShortActivities['findDeactivatedUsers'] {
  return async ({ userIds }) => {
    const deactivated: UserId[] = []
    for (const userId of userIds) {
      const { events } = await readWholeStream(log, streams.user(userId))
      if (fold(userDecider, events).status !== 'active') deactivated.push(userId)
    }
    return deactivated
  }
}
