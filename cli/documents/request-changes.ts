import { typedDocument } from '../connection/graphql.ts'
import type { ExistingSignatureTreatment } from './request-fields.ts'

/** A change that is in the log, and where: queries given the position see it. */
export type Changed = { readonly signingRequestId: string; readonly position: string }

/** Submits an uploaded artifact; again under the same key, it answers the first request. */
export const submitRequest = typedDocument<
  { readonly submitSigningRequest: Changed },
  {
    readonly input: {
      readonly project: string
      readonly signingPolicy: string
      readonly uploadId: string
      readonly description: string | null
      readonly existingSignatures: ExistingSignatureTreatment | null
      readonly idempotencyKey: string
    }
  }
>(`mutation SubmitRequest($input: SubmitSigningRequestInput!) {
  submitSigningRequest(input: $input) { signingRequestId position }
}`)

/** Agrees to the plan of a digest. */
export const approveRequest = typedDocument<
  { readonly approveSigningRequest: Changed },
  {
    readonly input: {
      readonly signingRequestId: string
      readonly planDigest: string
      readonly comment: string | null
    }
  }
>(`mutation ApproveRequest($input: ApproveSigningRequestInput!) {
  approveSigningRequest(input: $input) { signingRequestId position }
}`)

/** Says no. */
export const denyRequest = typedDocument<
  { readonly denySigningRequest: Changed },
  { readonly input: { readonly signingRequestId: string; readonly comment: string | null } }
>(`mutation DenyRequest($input: DenySigningRequestInput!) {
  denySigningRequest(input: $input) { signingRequestId position }
}`)

/** Calls a request off. */
export const cancelRequest = typedDocument<
  { readonly cancelSigningRequest: Changed },
  { readonly input: { readonly signingRequestId: string; readonly reason: string | null } }
>(`mutation CancelRequest($input: CancelSigningRequestInput!) {
  cancelSigningRequest(input: $input) { signingRequestId position }
}`)
