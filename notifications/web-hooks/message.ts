import {
  type Instant,
  requestStatus,
  type SigningRequest,
  type SigningRequestId,
  type WebHookEventType,
  type WebHookId,
} from '../../domain/index.ts'

/** What the outbox keeps of a message to a web hook. */
export type WebHookContent = {
  readonly webHookId: WebHookId
  readonly signingRequestId: SigningRequestId
  readonly eventType: WebHookEventType
  /** What is sent, to the letter: these bytes, as UTF-8, are signed each time. */
  readonly body: string
}

/** An event of a request that a web hook is told. */
export type ToldEvent = {
  readonly eventType: WebHookEventType
  /** The request after it. */
  readonly request: SigningRequest
  readonly occurredAt: Instant
}

/**
 * The body of a message: the first three fields are those that receivers of web hooks know for long; the others only tell more.
 * What else there is to know, the request itself says: its state may have gone on when the message arrives.
 */
export function webHookBody({ eventType, request, occurredAt }: ToldEvent): string {
  return JSON.stringify({
    OrganizationId: request.organizationId,
    SigningRequestId: request.signingRequestId,
    Status: requestStatus(request.workflowStatus),
    WorkflowStatus: request.workflowStatus,
    EventType: `signingRequest.${eventType}`,
    OccurredAt: occurredAt,
    ProjectId: request.projectId,
    SigningPolicyId: request.signingPolicyId,
  })
}

/** What the outbox has of a message. */
export function parseWebHookContent(content: string): WebHookContent {
  return JSON.parse(content) as WebHookContent
}

/** In which lane of the outbox the messages of a web hook are. */
export function webHookLane(webHookId: WebHookId): string {
  return `webHook-${webHookId}`
}
