import { randomUUID } from 'node:crypto'
import {
  eventMetadata,
  type Initiator,
  type NotificationKind,
  type NotificationPreferences,
  notificationKinds,
  preferencesOf,
  Refusal,
  streams,
  userDecider,
} from '../domain/index.ts'
import { appendDecided, prepareEvents } from '../event-log/index.ts'
import { loadOwn } from './load.ts'
import type { Unsubscription } from './mailed-tokens.ts'
import type { ApplicationDependencies } from './ports.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'room' | 'mailedTokens'>

/** What a link of a mail turned off. Nobody's name: whoever has the link may be anybody. */
export type Unsubscribed = { readonly kinds: readonly NotificationKind[] }

/**
 * Turns mails off for whom a mail's link is made. Whoever has the link may do it, and nothing else; doing it again changes
 * nothing, and neither does it for somebody who is erased or deactivated.
 *
 * @throws Refusal `UNSUBSCRIPTION_INVALID`
 */
export async function unsubscribe(
  dependencies: Dependencies,
  token: string,
  remoteAddress: string | undefined,
): Promise<Unsubscribed> {
  const { log, now, room } = dependencies
  const unsubscription = readUnsubscription(dependencies, token)
  const { organizationId, userId } = unsubscription
  await room.require('change')
  const initiator: Initiator = {
    actor: { kind: 'system', component: 'unsubscribeLink' },
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    callId: randomUUID(),
  }
  const streamId = streams.user(userId)
  const { known } = await appendDecided(
    log,
    async () => {
      const { state, revision } = await loadOwn(log, streamId, userDecider, { organizationId })
      const isOver = state.status === 'none' || state.status === 'deactivated' || state.kind === 'ci'
      return {
        streamId,
        revision,
        state,
        changed: isOver ? [] : turnedOff(unsubscription, state.notificationPreferences),
      }
    },
    ({ revision, state, changed }) => {
      if (changed.length === 0) return []
      const preferences = Object.fromEntries(changed.map((kind) => [kind, 'never'])) as Partial<NotificationPreferences>
      const events = userDecider.decide({ type: 'ChangeNotificationPreferences', preferences }, state)
      return prepareEvents(streamId, revision, events, eventMetadata(initiator, { organizationId, occurredAt: now() }))
    },
  )
  return { kinds: known.changed }
}

/** Whom a link of a mail is for. @throws Refusal `UNSUBSCRIPTION_INVALID` */
export function readUnsubscription(
  { mailedTokens }: Pick<Dependencies, 'mailedTokens'>,
  token: string,
): Unsubscription {
  const unsubscription = mailedTokens?.readUnsubscription(token)
  if (unsubscription !== undefined) return unsubscription
  throw new Refusal(
    'UNSUBSCRIPTION_INVALID',
    'This is not a link of one of our mails, or the key that it was made with is not in use any more. Say what you want to be told of with `countersign notification set`.',
  )
}

/** The kinds of which somebody was told and is not to be any more. */
function turnedOff({ kind }: Unsubscription, kept: NotificationPreferences | undefined): readonly NotificationKind[] {
  const preferences = preferencesOf(kept)
  return notificationKinds.filter((each) =>
    kind === 'daily' ? preferences[each] === 'daily' : each === kind && preferences[each] !== 'never',
  )
}
