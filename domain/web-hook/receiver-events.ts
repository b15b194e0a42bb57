import type { Instant } from '../event.ts'
import type { WebHookState } from './decider.ts'
import type { WebHookDeliveryAbandoned, WebHookEvent } from './events.ts'

/** What happens when the receiver at an address answered that it is gone (410): nothing where that concerns nobody any more. */
export function whenReceiverIsGone(state: WebHookState, url: string): readonly WebHookEvent[] {
  return state.status === 'enabled' && state.url === url
    ? [{ type: 'WebHookDisabled', data: { schemaVersion: 1, cause: 'gone', reason: null } }]
    : []
}

/** What happens when something was given up that was to be told: nothing where that is recorded for this day. */
export function whenDeliveryIsAbandoned(
  state: WebHookState,
  at: Instant,
  about: Omit<WebHookDeliveryAbandoned['data'], 'on' | 'schemaVersion'>,
): readonly WebHookEvent[] {
  const on = at.slice(0, 10)
  if (state.status === 'none' || state.status === 'deleted' || state.lastAbandonedOn === on) return []
  return [{ type: 'WebHookDeliveryAbandoned', data: { schemaVersion: 1, on, ...about } }]
}
