import { typedDocument } from '../connection/graphql.ts'
import type { UserChange } from './people.ts'

/** How the user is told of one kind of things: `immediately`, `daily` or `never`. */
export type NotificationPreference = { readonly kind: string; readonly delivery: string }

/** What somebody has said that they want to be told of; null for CI users. */
export type Notified = {
  readonly userId: string
  readonly revision: number
  readonly notificationPreferences: readonly NotificationPreference[] | null
}

/** What who asks is told of. */
export const ownNotificationPreferences = typedDocument<{ readonly viewer: { readonly user: Notified | null } }>(
  'query OwnNotificationPreferences { viewer { user { userId revision notificationPreferences { kind delivery } } } }',
)

/** Says what who asks is told of. */
export const changeNotificationPreferences = typedDocument<
  { readonly changeNotificationPreferences: UserChange },
  {
    readonly input: {
      readonly preferences: readonly NotificationPreference[]
      readonly basedOnRevision: number | null
    }
  }
>(
  'mutation ChangeNotificationPreferences($input: NotificationPreferencesInput!) { changeNotificationPreferences(input: $input) { userId position changeProposalId } }',
)
