import { streams } from '../domain/index.ts'
import type { Caller, Requester } from './caller.ts'
import type { ChangeCall, Guard } from './guard.ts'
import type { BasedOn } from './handle-command.ts'
import {
  resendWebHookDelivery,
  type WebHookDeliveriesInput,
  type WebHookDeliveryResent,
  type WebHookDeliveryWithAttempts,
  webHookDeliveries,
  webHookDelivery,
} from './web-hook-deliveries.ts'
import type { WebHookDelivery } from './web-hook-ports.ts'
import {
  createWebHook,
  deleteWebHook,
  disableWebHook,
  enableWebHook,
  rotateWebHookSecret,
  updateWebHook,
  type WebHookDependencies,
  type WebHookHandled,
  type WebHookInput,
  type WebHookReference,
  type WebHookSecretIssued,
  type WebHookSecretRotation,
  type WebHookUpdate,
} from './web-hooks.ts'

/** The use cases of those who look after web hooks: of a project its configurators too, of the organization Global Administrators. */
export interface WebHookAdministration {
  /** Creates one. @throws Refusal `FORBIDDEN`, `PROJECT_NOT_FOUND`, `WEB_HOOKS_TOO_MANY`, `OUTGOING_…`, and as its decider */
  createWebHook(requester: Requester, input: WebHookInput): Promise<WebHookSecretIssued>

  /** Gives one other settings. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, `OUTGOING_…`, and as its decider */
  updateWebHook(requester: Requester, input: WebHookUpdate): Promise<WebHookHandled>

  /** Gives one a new secret. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  rotateWebHookSecret(requester: Requester, input: WebHookSecretRotation): Promise<WebHookSecretIssued>

  /** Turns one off. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  disableWebHook(
    requester: Requester,
    input: BasedOn & WebHookReference & { readonly reason: string | null },
  ): Promise<WebHookHandled>

  /** Turns one on. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, `OUTGOING_…`, and as its decider */
  enableWebHook(requester: Requester, input: BasedOn & WebHookReference): Promise<WebHookHandled>

  /** Deletes one. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  deleteWebHook(requester: Requester, input: BasedOn & WebHookReference): Promise<WebHookHandled>

  /** What one was told, newest first. @throws Refusal `FORBIDDEN`, `WEB_HOOK_NOT_FOUND` */
  webHookDeliveries(caller: Caller, input: WebHookDeliveriesInput): Promise<readonly WebHookDelivery[]>

  /** One message, with what came of each attempt. @throws Refusal `FORBIDDEN`, `WEB_HOOK_DELIVERY_NOT_FOUND` */
  webHookDelivery(caller: Caller, input: { readonly deliveryId: string }): Promise<WebHookDeliveryWithAttempts>

  /** Has a message sent once more. @throws Refusal `FORBIDDEN`, `WEB_HOOK_DELIVERY_…`, `WEB_HOOK_DISABLED` */
  resendWebHookDelivery(caller: Caller, input: { readonly deliveryId: string }): Promise<WebHookDeliveryResent>
}

/** Puts them together, each behind the guard. */
export function createWebHookAdministration(
  dependencies: WebHookDependencies,
  { change, guard }: { readonly change: ChangeCall; readonly guard: Guard },
): WebHookAdministration {
  const stream = ({ webHookId }: WebHookReference) => streams.webHook(webHookId)
  return {
    createWebHook: (requester, input) =>
      change('createWebHook', requester, undefined, () => createWebHook(dependencies, requester, input)),
    updateWebHook: (requester, input) =>
      change('updateWebHook', requester, stream(input), () => updateWebHook(dependencies, requester, input)),
    rotateWebHookSecret: (requester, input) =>
      change('rotateWebHookSecret', requester, stream(input), () =>
        rotateWebHookSecret(dependencies, requester, input),
      ),
    disableWebHook: (requester, input) =>
      change('disableWebHook', requester, stream(input), () => disableWebHook(dependencies, requester, input)),
    enableWebHook: (requester, input) =>
      change('enableWebHook', requester, stream(input), () => enableWebHook(dependencies, requester, input)),
    deleteWebHook: (requester, input) =>
      change('deleteWebHook', requester, stream(input), () => deleteWebHook(dependencies, requester, input)),
    webHookDeliveries: (requester, input) =>
      guard({ useCase: 'webHookDeliveries', requester, subject: stream(input) }, () =>
        webHookDeliveries(dependencies, requester, input),
      ),
    webHookDelivery: (requester, input) =>
      guard({ useCase: 'webHookDelivery', requester }, () => webHookDelivery(dependencies, requester, input)),
    resendWebHookDelivery: (requester, input) =>
      change('resendWebHookDelivery', requester, undefined, () =>
        resendWebHookDelivery(dependencies, requester, input),
      ),
  }
}
