import type { DomainEvent, Instant } from '../event.ts'
import type { OrganizationId, ProjectId, SigningRequestId, WebHookId, WebHookSecretId } from '../ids.ts'

/**
 * What of a signing request a web hook can be told: that it was submitted, that it waits for approval, that somebody approved it,
 * and each way in which it ends.
 */
export const webHookEventTypes = [
  'submitted',
  'waitingForApproval',
  'approved',
  'completed',
  'failed',
  'denied',
  'canceled',
] as const

/** What of a signing request a web hook can be told. */
export type WebHookEventType = (typeof webHookEventTypes)[number]

/** What a web hook is told where nobody says what: each way in which requests end. */
export const endingWebHookEventTypes = [
  'completed',
  'failed',
  'denied',
  'canceled',
] as const satisfies readonly WebHookEventType[]

/** What of a web hook can be changed. */
export type WebHookSettings = {
  readonly name: string
  /** Where it is told: an absolute URL. Everybody of the organization may read it, so it holds no secrets. */
  readonly url: string
  /** In the order of {@link webHookEventTypes}, each once. */
  readonly eventTypes: readonly WebHookEventType[]
  /** Under which id the value of its `Authorization` header is kept sealed; `null`: it is sent none. */
  readonly authorizationId: WebHookSecretId | null
}

/** What a web hook is. */
export type WebHookFacts = WebHookSettings & {
  readonly webHookId: WebHookId
  readonly organizationId: OrganizationId
  /** Whose requests it is told of, for good; `null`: those of all projects. */
  readonly projectId: ProjectId | null
}

/** A web hook came to be, enabled. */
export type WebHookCreated = DomainEvent<
  'WebHookCreated',
  WebHookFacts & {
    /** Under which id the secret is kept sealed that its messages are signed with. */
    readonly secretId: WebHookSecretId
  }
>

/** It has other settings. */
export type WebHookChanged = DomainEvent<'WebHookChanged', WebHookSettings>

/** Its messages are signed with another secret. */
export type WebHookSecretRotated = DomainEvent<
  'WebHookSecretRotated',
  {
    readonly secretId: WebHookSecretId
    /** Until when they are signed with the one before, too; `null`: not at all. */
    readonly previousSecretValidUntil: Instant | null
  }
>

/** It is told nothing until it is enabled. */
export type WebHookDisabled = DomainEvent<
  'WebHookDisabled',
  {
    /** `gone`: its receiver answered that nobody is there any more (410). */
    readonly cause: 'asked' | 'gone'
    readonly reason: string | null
  }
>

/** It is told again what happens from now on. */
export type WebHookEnabled = DomainEvent<'WebHookEnabled'>

/** It is no more. */
export type WebHookDeleted = DomainEvent<'WebHookDeleted'>

/**
 * Something could not be told it for as long as it was tried. The first time on each day (UTC); what else it was not told then,
 * its deliveries show.
 */
export type WebHookDeliveryAbandoned = DomainEvent<
  'WebHookDeliveryAbandoned',
  {
    /** The day, such as `2026-11-29`. */
    readonly on: string
    readonly deliveryId: string
    readonly signingRequestId: SigningRequestId
    readonly eventType: WebHookEventType
    /** What the last attempt failed with: `HTTP_503`, or a code of this service. */
    readonly lastFailure: string
  }
>

/** Everything that happens to a web hook. */
export type WebHookEvent =
  | WebHookCreated
  | WebHookChanged
  | WebHookSecretRotated
  | WebHookDisabled
  | WebHookEnabled
  | WebHookDeleted
  | WebHookDeliveryAbandoned

/** Somebody wants something to be told once more that is delivered, abandoned or canceled. */
export type WebHookDeliveryResendRequested = DomainEvent<
  'WebHookDeliveryResendRequested',
  { readonly webHookId: WebHookId; readonly deliveryId: string }
>
