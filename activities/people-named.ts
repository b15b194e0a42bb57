import { peopleBehind, streams, type UserId } from '../domain/index.ts'
import { type RecordedEvent, readWholeStream } from '../event-log/index.ts'
import type { GroundsLog } from './grounds.ts'

/** Whether an event that an account caused names everybody who is behind the account by what the log says. */
export async function namesPeopleBehind(
  log: GroundsLog,
  account: UserId,
  named: readonly UserId[],
  { metadata: { actor } }: RecordedEvent,
): Promise<boolean> {
  const historyOf = async (userId: UserId) => (await readWholeStream(log, streams.user(userId))).events
  const behind = await peopleBehind(account, actor, historyOf)
  return behind.every((person) => named.includes(person))
}
