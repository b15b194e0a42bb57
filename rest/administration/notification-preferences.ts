import { z } from 'zod'
import type { Application } from '../../application/index.ts'
import { type NotificationPreferences, notificationDeliveries, notificationKinds } from '../../domain/index.ts'
import type { Operation } from '../operation.ts'
import { basedOn, change } from './change.ts'

const delivery = z.enum(notificationDeliveries).optional()
const kinds = Object.fromEntries(notificationKinds.map((kind) => [kind, delivery] as const)) as Record<
  keyof NotificationPreferences,
  typeof delivery
>

/** What people are told of by e-mail: what GraphQL calls by the same name. Everybody says so for themselves alone. */
export function notificationOperations({ application }: { readonly application: Application }): readonly Operation[] {
  return [
    change({
      useCase: 'changeNotificationPreferences',
      method: 'PUT',
      path: '/Viewer/NotificationPreferences',
      tag: 'Users',
      summary: 'Say what you are told of by e-mail, and how',
      body: z.object({
        ...basedOn,
        preferences: z.object(kinds).meta({ description: 'What is left out stays as it is.' }),
      }),
      shape: { userId: z.uuid() },
      run: (caller, { preferences, basedOnRevision }) => {
        const said = Object.entries(preferences).filter(([, delivery]) => delivery !== undefined)
        return application.changeNotificationPreferences(caller, {
          preferences: Object.fromEntries(said) as Partial<NotificationPreferences>,
          basedOnRevision,
        })
      },
    }),
  ]
}
