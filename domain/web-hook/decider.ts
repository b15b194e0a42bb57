import type { Decider } from '../decider.ts'
import type { Instant } from '../event.ts'
import type { WebHookSecretId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseName, parseText } from '../text.ts'
import {
  type WebHookEvent,
  type WebHookEventType,
  type WebHookFacts,
  type WebHookSettings,
  webHookEventTypes,
} from './events.ts'
import { parseWebHookUrl } from './url.ts'

/** A secret that signs a web hook's messages. */
export type WebHookSecret = {
  readonly secretId: WebHookSecretId
  /** Until when it signs; `null`: it is the newest one, and signs until it is replaced. */
  readonly validUntil: Instant | null
}

/** A web hook that exists, or existed. */
export type WebHook = WebHookFacts & {
  readonly status: 'enabled' | 'disabled' | 'deleted'
  /** Why it is disabled; `null` when it is not. */
  readonly disabled: { readonly cause: 'asked' | 'gone'; readonly reason: string | null } | null
  /** The newest first, and the one before it where that may still sign. */
  readonly secrets: readonly WebHookSecret[]
  /** The day (UTC) on which something was last given up that it was to be told; `null`: none. */
  readonly lastAbandonedOn: string | null
}

/** Before and after it was created. */
export type WebHookState = { readonly status: 'none' } | WebHook

/** What can be asked of a web hook. That the organization has the project is for the caller to see to. */
export type WebHookCommand =
  | ({ readonly type: 'CreateWebHook'; readonly secretId: WebHookSecretId } & WebHookFacts)
  | ({ readonly type: 'ChangeWebHook' } & WebHookSettings)
  | {
      readonly type: 'RotateWebHookSecret'
      readonly secretId: WebHookSecretId
      /** Until when the one before signs beside it; `null`: not at all. */
      readonly previousSecretValidUntil: Instant | null
      readonly at: Instant
    }
  | { readonly type: 'DisableWebHook'; readonly reason: string | null }
  | { readonly type: 'EnableWebHook' }
  | { readonly type: 'DeleteWebHook' }

/** For so long two secrets sign at the same time: 30 days, in milliseconds. */
const longestOverlap = 30 * 24 * 60 * 60 * 1000

/**
 * Web hook: an address that is told of signing requests.
 *
 * Refuses with `WEB_HOOK_EXISTS`, `WEB_HOOK_NOT_FOUND`, `WEB_HOOK_UNCHANGED`, `WEB_HOOK_DISABLED`, `WEB_HOOK_ENABLED`,
 * `WEB_HOOK_EVENT_TYPES`, `WEB_HOOK_SECRET_OVERLAP`, `WEB_HOOK_URL_MALFORMED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`,
 * `TEXT_MALFORMED`.
 */
export const webHookDecider: Decider<WebHookState, WebHookCommand, WebHookEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: [
    'WebHookCreated',
    'WebHookChanged',
    'WebHookSecretRotated',
    'WebHookDisabled',
    'WebHookEnabled',
    'WebHookDeleted',
    'WebHookDeliveryAbandoned',
  ],

  decide(command, state) {
    if (command.type === 'CreateWebHook') {
      if (state.status !== 'none') throw new Refusal('WEB_HOOK_EXISTS', 'A web hook with this id exists already.')
      const { webHookId, organizationId, projectId, secretId } = command
      const facts = { webHookId, organizationId, projectId, ...checkedSettings(command) }
      return [{ type: 'WebHookCreated', data: { schemaVersion: 1, ...facts, secretId } }]
    }
    const hook = existingWebHook(state)
    switch (command.type) {
      case 'ChangeWebHook': {
        const settings = checkedSettings(command)
        const { name, url, eventTypes, authorizationId } = hook
        if (JSON.stringify(settings) === JSON.stringify({ name, url, eventTypes, authorizationId }))
          throw new Refusal('WEB_HOOK_UNCHANGED', `The web hook ${name} has just these settings already.`)
        return [{ type: 'WebHookChanged', data: { schemaVersion: 1, ...settings } }]
      }
      case 'RotateWebHookSecret': {
        const { secretId, previousSecretValidUntil, at } = command
        checkOverlap(previousSecretValidUntil, at)
        return [{ type: 'WebHookSecretRotated', data: { schemaVersion: 1, secretId, previousSecretValidUntil } }]
      }
      case 'DisableWebHook': {
        if (hook.status === 'disabled')
          throw new Refusal('WEB_HOOK_DISABLED', `The web hook ${hook.name} is disabled already.`)
        const reason = parseText(command.reason, 'The reason')
        return [{ type: 'WebHookDisabled', data: { schemaVersion: 1, cause: 'asked', reason } }]
      }
      case 'EnableWebHook':
        if (hook.status === 'enabled')
          throw new Refusal('WEB_HOOK_ENABLED', `The web hook ${hook.name} is enabled already.`)
        return [{ type: 'WebHookEnabled', data: { schemaVersion: 1 } }]
      case 'DeleteWebHook':
        return [{ type: 'WebHookDeleted', data: { schemaVersion: 1 } }]
    }
  },

  evolve(state, event) {
    if (event.type === 'WebHookCreated') {
      if (state.status !== 'none') return state
      const { schemaVersion: _, secretId, ...facts } = event.data
      const secrets = [{ secretId, validUntil: null }]
      return { ...facts, status: 'enabled', disabled: null, secrets, lastAbandonedOn: null }
    }
    if (state.status === 'none' || state.status === 'deleted') return state
    switch (event.type) {
      case 'WebHookChanged': {
        const { schemaVersion: _, ...settings } = event.data
        return { ...state, ...settings }
      }
      case 'WebHookSecretRotated': {
        const { secretId, previousSecretValidUntil: validUntil } = event.data
        const before = validUntil === null ? [] : state.secrets.slice(0, 1).map((each) => ({ ...each, validUntil }))
        return { ...state, secrets: [{ secretId, validUntil: null }, ...before] }
      }
      case 'WebHookDisabled': {
        const { schemaVersion: _, ...disabled } = event.data
        return { ...state, status: 'disabled', disabled }
      }
      case 'WebHookEnabled':
        return { ...state, status: 'enabled', disabled: null }
      case 'WebHookDeleted':
        return { ...state, status: 'deleted', disabled: null }
      case 'WebHookDeliveryAbandoned':
        return { ...state, lastAbandonedOn: event.data.on }
    }
  },
}

/** The web hook, if there is one. @throws Refusal `WEB_HOOK_NOT_FOUND` */
export function existingWebHook(state: WebHookState): WebHook {
  if (state.status === 'none' || state.status === 'deleted')
    throw new Refusal('WEB_HOOK_NOT_FOUND', 'There is no such web hook.')
  return state
}

/** The secrets that sign messages at a moment, the newest first: while one is replaced, two. */
export function signingSecrets({ secrets }: Pick<WebHook, 'secrets'>, at: Instant): readonly WebHookSecretId[] {
  return secrets.filter(({ validUntil }) => validUntil === null || at < validUntil).map(({ secretId }) => secretId)
}

function checkedSettings({ name, url, eventTypes, authorizationId }: WebHookSettings): WebHookSettings {
  return {
    name: parseName(name, "The web hook's name"),
    url: parseWebHookUrl(url),
    eventTypes: checkedEventTypes(eventTypes),
    authorizationId,
  }
}

function checkedEventTypes(given: readonly WebHookEventType[]): readonly WebHookEventType[] {
  const unknown = given.find((type) => !webHookEventTypes.includes(type))
  if (given.length > 0 && unknown === undefined) return webHookEventTypes.filter((type) => given.includes(type))
  throw new Refusal(
    'WEB_HOOK_EVENT_TYPES',
    `A web hook is told one or more of ${webHookEventTypes.join(', ')}; got ${unknown === undefined ? 'none' : JSON.stringify(String(unknown).slice(0, 60))}.`,
  )
}

function checkOverlap(until: Instant | null, at: Instant): void {
  if (until === null) return
  const overlap = Date.parse(until) - Date.parse(at)
  if (overlap > 0 && overlap <= longestOverlap) return
  throw new Refusal(
    'WEB_HOOK_SECRET_OVERLAP',
    `The secret before can sign beside the new one until a moment within the next 30 days; got ${until}, and it is ${at}.`,
    { previousSecretValidUntil: until, at },
  )
}
