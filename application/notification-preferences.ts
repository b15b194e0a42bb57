import { type NotificationPreferences, streams, userDecider } from '../domain/index.ts'
import { type Caller, isSetup, type Requester } from './caller.ts'
import type { UserChanged } from './create-user.ts'
import { type BasedOn, handleCommand } from './handle-command.ts'
import type { ApplicationDependencies } from './ports.ts'

/** What somebody wants to be told of by e-mail from now on, and how. */
export type NotificationPreferencesChange = BasedOn & {
  /** What is left out stays as it is. */
  readonly preferences: Partial<NotificationPreferences>
}

/**
 * Says what the caller is told of by e-mail, and how. Everybody says so for themselves alone: who could silence the mails of
 * others could hide what they do from them.
 *
 * @throws Refusal `NOTIFICATION_NEEDS_PERSON` to CI users, `CHANGE_STALE`
 */
export async function changeNotificationPreferences(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  requester: Requester,
  { preferences, ...basis }: NotificationPreferencesChange,
): Promise<UserChanged> {
  if (isSetup(requester)) throw new Error('The set-up is nobody who could be told of anything.')
  const { userId } = requester as Caller
  const command = { type: 'ChangeNotificationPreferences', preferences } as const
  return {
    userId,
    ...(await handleCommand(dependencies, requester, streams.user(userId), userDecider, command, basis)),
  }
}
