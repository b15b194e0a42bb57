import {
  type NotificationDelivery,
  type NotificationKind,
  type NotificationPreferences,
  notificationDeliveries,
  notificationKinds,
  preferencesOf,
  Refusal,
} from '../domain/index.ts'
import { builder } from './builder.ts'
import { named } from './enums.ts'
import { onceProjected } from './once-projected.ts'
import { UserRef } from './refs.ts'
import { basedOnRevisionDescription, UserPayloadRef } from './user-change.ts'

const NotificationKindRef = builder.enumType('NotificationKind', {
  description: 'What a person can be told of by e-mail.',
  values: named<NotificationKind>(notificationKinds),
})

const NotificationDeliveryRef = builder.enumType('NotificationDelivery', {
  description: 'How a person is told: with a mail of its own, with others in one mail a day, or not at all.',
  values: named<NotificationDelivery>(notificationDeliveries),
})

type Preference = { readonly kind: NotificationKind; readonly delivery: NotificationDelivery }

const NotificationPreferenceRef = builder.objectRef<Preference>('NotificationPreference').implement({
  description: 'How a person is told of one kind of things.',
  fields: (t) => ({
    kind: t.expose('kind', { type: NotificationKindRef }),
    delivery: t.expose('delivery', { type: NotificationDeliveryRef }),
  }),
})

builder.objectField(UserRef, 'notificationPreferences', (t) =>
  t.field({
    type: [NotificationPreferenceRef],
    nullable: true,
    description:
      'What the user is told of by e-mail, and how: every kind. Null for CI users, who have no address, and for everyone but the user and administrators of users.',
    resolve: ({ kind, notificationPreferences }) => {
      if (kind === 'ci') return null
      const preferences = preferencesOf(notificationPreferences)
      return notificationKinds.map((each) => ({ kind: each, delivery: preferences[each] }))
    },
  }),
)

const NotificationPreferenceInput = builder.inputType('NotificationPreferenceInput', {
  fields: (t) => ({
    kind: t.field({ type: NotificationKindRef, required: true }),
    delivery: t.field({ type: NotificationDeliveryRef, required: true }),
  }),
})

const NotificationPreferencesInput = builder.inputType('NotificationPreferencesInput', {
  fields: (t) => ({
    preferences: t.field({
      type: [NotificationPreferenceInput],
      required: true,
      description: 'Each kind once. What is left out stays as it is.',
    }),
    basedOnRevision: t.int({ description: basedOnRevisionDescription }),
  }),
})

builder.mutationFields((t) => ({
  changeNotificationPreferences: t.field({
    type: UserPayloadRef,
    description: 'Says what the caller is told of by e-mail, and how.',
    args: { input: t.arg({ type: NotificationPreferencesInput, required: true }) },
    resolve: (_root, { input: { preferences, basedOnRevision = null } }, context) =>
      onceProjected(
        context,
        context.application.changeNotificationPreferences(context.caller, {
          preferences: eachOnce(preferences),
          basedOnRevision,
        }),
      ),
  }),
}))

/** @throws Refusal `NOTIFICATION_KIND_REPEATED` */
function eachOnce(preferences: readonly Preference[]): Partial<NotificationPreferences> {
  const kinds = preferences.map(({ kind }) => kind)
  const twice = kinds.find((kind, index) => kinds.indexOf(kind) !== index)
  if (twice !== undefined)
    throw new Refusal('NOTIFICATION_KIND_REPEATED', `The kind ${twice} is named twice; name each once.`, {
      kind: twice,
    })
  return Object.fromEntries(preferences.map(({ kind, delivery }) => [kind, delivery]))
}
