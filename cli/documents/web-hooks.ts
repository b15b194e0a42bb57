import { typedDocument } from '../connection/graphql.ts'
import type { Connected } from './requests.ts'

/** GraphQL's names of what a web hook can be told. */
export const webHookEventTypes = [
  'submitted',
  'waitingForApproval',
  'approved',
  'completed',
  'failed',
  'denied',
  'canceled',
] as const

/** A web hook as it is now. */
export type WebHookDetails = {
  readonly webHookId: string
  readonly name: string
  readonly url: string
  /** `null`: it is told of all projects. */
  readonly project: { readonly projectId: string; readonly slug: string } | null
  readonly eventTypes: readonly string[]
  /** `enabled`, `disabled` or `deleted`. */
  readonly status: string
  readonly disabled: { readonly cause: string; readonly reason: string | null } | null
  readonly hasAuthorization: boolean
  readonly secrets: readonly {
    readonly secretId: string
    readonly madeAt: string
    readonly validUntil: string | null
  }[]
  readonly createdAt: string
  /** Of the newest event. */
  readonly revision: number
}

/** A change of a web hook that is in the log. */
export type WebHookChange = { readonly webHookId: string; readonly position: string }

/** A change that made a secret. */
export type WebHookSecretMade = WebHookChange & { readonly secret: string }

/** A message to a web hook. */
export type WebHookDelivery = {
  readonly deliveryId: string
  readonly eventType: string
  readonly status: string
  readonly createdAt: string
  readonly nextAttemptAt: string | null
  readonly finishedAt: string | null
  readonly attemptCount: number
  readonly signingRequest: { readonly signingRequestId: string } | null
}

/** One attempt to deliver it. */
export type WebHookAttempt = {
  readonly at: string
  readonly durationMs: number
  readonly url: string
  readonly status: number | null
  readonly answer: string | null
  readonly failure: string | null
  readonly message: string | null
}

const fields = `webHookId name url project { projectId slug } eventTypes status disabled { cause reason } hasAuthorization
    secrets { secretId madeAt validUntil } createdAt revision`
const deliveryFields =
  'deliveryId eventType status createdAt nextAttemptAt finishedAt attemptCount signingRequest { signingRequestId }'

/** Web hooks, newest first. */
export const listWebHooks = typedDocument<
  { readonly webHooks: Connected<WebHookDetails> },
  { readonly projectId: string | null; readonly first: number; readonly after: string | null }
>(`query ListWebHooks($projectId: ID, $first: Int, $after: String) {
  webHooks(projectId: $projectId, first: $first, after: $after) {
    nodes { ${fields} } pageInfo { hasNextPage endCursor }
  }
}`)

/** One web hook. */
export const oneWebHook = typedDocument<{ readonly webHook: WebHookDetails | null }, { readonly id: string }>(
  `query OneWebHook($id: ID!) { webHook(id: $id) { ${fields} } }`,
)

type Reference = { readonly webHookId: string; readonly basedOnRevision: number }
type Settings = { readonly name: string; readonly url: string; readonly eventTypes: readonly string[] }

/** Has an address told of requests. */
export const createWebHook = typedDocument<
  { readonly createWebHook: WebHookSecretMade },
  {
    readonly input: Partial<Pick<Settings, 'eventTypes'>> &
      Omit<Settings, 'eventTypes'> & { readonly projectId: string | null; readonly authorization: string | null }
  }
>(`mutation CreateWebHook($input: CreateWebHookInput!) {
  createWebHook(input: $input) { webHookId position secret }
}`)

/** Gives a web hook other settings. */
export const updateWebHook = typedDocument<
  { readonly updateWebHook: WebHookChange },
  { readonly input: Reference & Settings & { readonly authorization?: string | null } }
>(`mutation UpdateWebHook($input: UpdateWebHookInput!) { updateWebHook(input: $input) { webHookId position } }`)

/** Gives a web hook another secret. */
export const rotateWebHookSecret = typedDocument<
  { readonly rotateWebHookSecret: WebHookSecretMade },
  { readonly input: Reference & { readonly previousSecretValidUntil: string | null } }
>(`mutation RotateWebHookSecret($input: RotateWebHookSecretInput!) {
  rotateWebHookSecret(input: $input) { webHookId position secret }
}`)

/** Turns a web hook off. */
export const disableWebHook = typedDocument<
  { readonly disableWebHook: WebHookChange },
  { readonly input: Reference & { readonly reason: string | null } }
>(`mutation DisableWebHook($input: DisableWebHookInput!) { disableWebHook(input: $input) { webHookId position } }`)

/** Turns a web hook on. */
export const enableWebHook = typedDocument<{ readonly changed: WebHookChange }, { readonly input: Reference }>(
  `mutation EnableWebHook($input: WebHookInput!) { changed: enableWebHook(input: $input) { webHookId position } }`,
)

/** Deletes a web hook. */
export const deleteWebHook = typedDocument<{ readonly changed: WebHookChange }, { readonly input: Reference }>(
  `mutation DeleteWebHook($input: WebHookInput!) { changed: deleteWebHook(input: $input) { webHookId position } }`,
)

/** What a web hook was told, newest first. */
export const listWebHookDeliveries = typedDocument<
  { readonly webHookDeliveries: Connected<WebHookDelivery> },
  {
    readonly webHookId: string
    readonly status: string | null
    readonly first: number
    readonly after: string | null
  }
>(`query ListWebHookDeliveries($webHookId: ID!, $status: WebHookDeliveryStatus, $first: Int, $after: String) {
  webHookDeliveries(webHookId: $webHookId, status: $status, first: $first, after: $after) {
    nodes { ${deliveryFields} } pageInfo { hasNextPage endCursor }
  }
}`)

/** One delivery with its attempts. */
export const oneWebHookDelivery = typedDocument<
  {
    readonly webHookDelivery: {
      readonly delivery: WebHookDelivery & { readonly body: string }
      readonly attempts: readonly WebHookAttempt[]
    }
  },
  { readonly deliveryId: string }
>(`query OneWebHookDelivery($deliveryId: ID!) {
  webHookDelivery(deliveryId: $deliveryId) {
    delivery { ${deliveryFields} body }
    attempts { at durationMs url status answer failure message }
  }
}`)

/** Has a delivery sent once more. */
export const resendWebHookDelivery = typedDocument<
  { readonly resendWebHookDelivery: { readonly deliveryId: string; readonly position: string } },
  { readonly input: { readonly deliveryId: string } }
>(`mutation ResendWebHookDelivery($input: ResendWebHookDeliveryInput!) {
  resendWebHookDelivery(input: $input) { deliveryId position }
}`)
