import type { Instant, WebHook, WebHookSecretId, WebHookState } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { webHookDecider } from './folds.ts'
import type { WebHookView } from './views.ts'

/** When each secret was made. */
type SecretTimes = Readonly<Record<WebHookSecretId, Instant>>

/** `webHook-<id>` → `web_hooks`. */
export const webHooks: EntityProjection<WebHookState, SecretTimes, WebHookView> = {
  kind: 'webHook',
  table: 'web_hooks',
  decider: webHookDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: {},
  observe: (made, { type, data, metadata: { occurredAt } }) =>
    type === 'WebHookCreated' || type === 'WebHookSecretRotated'
      ? { ...made, [data.secretId as WebHookSecretId]: occurredAt }
      : made,
  columns: (state) => {
    const { projectId, status } = state as WebHook
    return { project_id: projectId ?? '', listed: status === 'deleted' ? 'no' : 'yes' }
  },
  compared: ({ state }) => {
    const { authorizationId, lastAbandonedOn: _, ...shown } = state as WebHook
    return { ...shown, authorization: authorizationId }
  },
  view: ({ state, facts, createdAt }, recorded, at) => {
    const { secrets, authorizationId, lastAbandonedOn: _, ...hook } = state as WebHook
    const signing = secrets.filter(({ validUntil }) => validUntil === null || at < validUntil)
    return {
      ...hook,
      hasAuthorization: authorizationId !== null,
      secrets: signing.map((secret) => ({ ...secret, madeAt: facts[secret.secretId] ?? createdAt })),
      ...recorded,
    }
  },
}
