import { typedDocument } from '../connection/graphql.ts'
import {
  type NamedUser,
  type RequestDetails,
  type RequestStatus,
  type RequestSummary,
  requestDetails,
  requestSummary,
} from './request-fields.ts'

/** A page of a list. */
export type Connected<Node> = {
  readonly nodes: readonly Node[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

/** Which requests a list shows: all that is given must hold. Moments are ISO 8601. */
export type RequestFilter = {
  readonly project?: string
  readonly signingPolicy?: string
  readonly status?: readonly RequestStatus[]
  readonly submitter?: string
  readonly submittedFrom?: string
  readonly submittedBefore?: string
}

/** Requests, newest first. */
export const listRequests = typedDocument<
  { readonly signingRequests: Connected<RequestSummary> },
  { readonly filter: RequestFilter; readonly first: number; readonly after: string | null }
>(`query ListRequests($filter: SigningRequestFilter, $first: Int, $after: String) {
  signingRequests(filter: $filter, first: $first, after: $after) {
    nodes { ...RequestSummary }
    pageInfo { hasNextPage endCursor }
  }
}
${requestSummary}`)

/** What happened to a request, a key and so on, as the audit log has it. */
export type EntityEvent = {
  readonly type: string
  readonly occurredAt: string
  readonly revision: number
  readonly actor: {
    readonly kind: 'user' | 'system' | 'anonymous' | 'unknown'
    readonly user: NamedUser
    readonly component: string | null
  }
  readonly data: Readonly<Record<string, unknown>>
}

/** The fields of {@link EntityEvent}. */
export const eventFields = 'type occurredAt revision actor { kind user { userId name } component } data'

/** One request and a page of its time line, oldest first; both as of one moment. */
export const requestWithEvents = typedDocument<
  { readonly signingRequest: (RequestDetails & { readonly events: Connected<EntityEvent> }) | null },
  { readonly id: string; readonly after: string | null; readonly minimumPosition: string | null }
>(`query RequestWithEvents($id: ID!, $after: String, $minimumPosition: LogPosition) {
  signingRequest(id: $id, minimumPosition: $minimumPosition) {
    ...RequestDetails
    events(first: 50, after: $after) {
      nodes { ${eventFields} }
      pageInfo { hasNextPage endCursor }
    }
  }
}
${requestDetails}
${requestSummary}`)

/** One request. */
export const oneRequest = typedDocument<
  { readonly signingRequest: RequestDetails | null },
  { readonly id: string; readonly minimumPosition: string | null }
>(`query OneRequest($id: ID!, $minimumPosition: LogPosition) {
  signingRequest(id: $id, minimumPosition: $minimumPosition) { ...RequestDetails }
}
${requestDetails}
${requestSummary}`)

/** The request that the caller submitted by an idempotency key. */
export const requestByKey = typedDocument<
  { readonly signingRequest: { readonly signingRequestId: string } | null },
  { readonly idempotencyKey: string }
>(`query RequestByKey($idempotencyKey: String!) {
  signingRequest(idempotencyKey: $idempotencyKey) { signingRequestId }
}`)

/** What is known of a request whose artifact is sent later. */
export type AwaitedUpload = {
  readonly signingRequestId: string
  readonly workflowStatus: string
  /** `null` until it is there. */
  readonly artifact: { readonly sha256: string } | null
  readonly source: { readonly kind: string; readonly fileName: string | null; readonly sha256: string | null }
  /** `null` when no artifact is awaited. */
  readonly uploadLink: string | null
}

/** Where the artifact that a submission announced is sent. */
export const uploadOfRequest = typedDocument<
  { readonly signingRequest: AwaitedUpload | null },
  { readonly id: string }
>(`query UploadOfRequest($id: ID!) {
  signingRequest(id: $id) {
    signingRequestId workflowStatus uploadLink artifact { sha256 } source { kind fileName sha256 }
  }
}`)

/** What a request's approvers agree to: the head of its plan, canonical JSON whose SHA-256 is the plan's digest. */
export const planOfRequest = typedDocument<
  {
    readonly signingRequest: {
      readonly plan: { readonly digest: string; readonly document: string | null } | null
    } | null
  },
  { readonly id: string }
>(`query PlanOfRequest($id: ID!) {
  signingRequest(id: $id) { plan { digest document } }
}`)

/** A page of a request's plan: canonical JSON, a file or folder on each line. The head has its SHA-256. */
export const pageOfPlan = typedDocument<
  { readonly signingRequest: { readonly plan: { readonly page: string | null } | null } | null },
  { readonly id: string; readonly index: number }
>(`query PageOfPlan($id: ID!, $index: Int!) {
  signingRequest(id: $id) { plan { page(index: $index) } }
}`)

/** Says that a request changed: now, and after every change. Ends after its final status. */
export const requestChanges = typedDocument<
  { readonly signingRequest: { readonly workflowStatus: string } },
  { readonly id: string }
>(`subscription RequestChanges($id: ID!) {
  signingRequest(id: $id) { workflowStatus }
}`)
