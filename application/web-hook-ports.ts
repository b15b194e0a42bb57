import type {
  Instant,
  OrganizationId,
  ProjectId,
  SigningRequestId,
  WebHookEventType,
  WebHookId,
} from '../domain/index.ts'

/** Where a delivery stands, as of notifications. */
export const webHookDeliveryStatuses = ['waiting', 'underWay', 'delivered', 'abandoned', 'canceled'] as const

/** Where a delivery stands. */
export type WebHookDeliveryStatus = (typeof webHookDeliveryStatuses)[number]

/** A message to a web hook, and how far it is. */
export type WebHookDelivery = {
  /** A UUID; receivers see it as `webhook-id`. */
  readonly deliveryId: string
  readonly organizationId: OrganizationId
  readonly webHookId: WebHookId
  readonly signingRequestId: SigningRequestId
  readonly eventType: WebHookEventType
  readonly status: WebHookDeliveryStatus
  /** What is sent, to the letter. */
  readonly body: string
  readonly createdAt: Instant
  /** When it is tried next, while it is under way. */
  readonly nextAttemptAt: Instant | null
  readonly finishedAt: Instant | null
  /** How often it was tried. */
  readonly attemptCount: number
}

/** One attempt to deliver a message. */
export type WebHookAttempt = {
  readonly at: Instant
  readonly durationMs: number
  /** How often somebody had the message sent again before. */
  readonly round: number
  /** The web hook's address at that time. */
  readonly url: string
  /** Of the answer; `null` when there was none. */
  readonly status: number | null
  /** The first 4 KB of the answer; `null` when there was none. */
  readonly answer: string | null
  /** What it failed with: `HTTP_503`, or a code of this service; `null` when the receiver took it. */
  readonly failure: string | null
  /** The same for people. */
  readonly message: string | null
}

/** What use cases of web hooks need of the world. Errors carry a `code`, and `transient` when trying again may help. */
export interface WebHookPorts {
  /** How many web hooks a project has that are not deleted, as far as the log is now; `null`: how many are for all projects. */
  count(organizationId: OrganizationId, projectId: ProjectId | null): Promise<number>
  /** What web hooks were told. */
  readonly deliveries: {
    find(deliveryId: string): Promise<WebHookDelivery | undefined>
    /** Newest first, so many at the most; those after one when it is named. */
    list(
      of: {
        readonly organizationId: OrganizationId
        readonly webHookId: WebHookId
        readonly status?: WebHookDeliveryStatus
        readonly after?: { readonly createdAt: Instant; readonly id: string }
      },
      limit: number,
    ): Promise<readonly WebHookDelivery[]>
    /** The oldest first. */
    attempts(deliveryId: string): Promise<readonly WebHookAttempt[]>
  }
}
