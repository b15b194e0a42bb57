import type { RequestStatus } from './request-fields.ts'

/** The requests that are not over and depend on something; null in an answer as of a moment. */
export type RunningRequests = {
  readonly signingRequests: readonly {
    readonly signingRequestId: string
    readonly status: RequestStatus
    readonly project: { readonly slug: string } | null
    readonly signingPolicy: { readonly slug: string } | null
  }[]
  /** Whether these are all. */
  readonly complete: boolean
} | null

/** The field with them. */
export const runningRequestsField =
  'runningRequests { complete signingRequests { signingRequestId status project { slug } signingPolicy { slug } } }'
