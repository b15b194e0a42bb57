import { typedDocument } from '../connection/graphql.ts'
import type { ExistingSignatureTreatment } from './request-fields.ts'

/** A change that is in the log, and where: queries given the position see it. */
export type Changed = { readonly signingRequestId: string; readonly position: string }

/** What a submission asks for, whatever its artifact is. Project and policy are slugs or ids. */
export type SubmissionChoices = {
  readonly project: string
  readonly signingPolicy: string
  readonly description: string | null
  readonly version: string | null
  /** What is done with a file that is signed already; `null` leaves it to the policy. */
  readonly existingSignatures: ExistingSignatureTreatment | null
  /** What says what is signed inside of the artifact: slug or id; left out, the project's default does. */
  readonly artifactConfiguration?: string
  readonly parameters?: readonly { readonly name: string; readonly value: string }[]
  /** The service makes one request of all submissions of this user with this key. */
  readonly idempotencyKey: string
}

/** Where an artifact comes from, as a trusted build system says. */
export type SubmittedOrigin = {
  readonly repositoryData: {
    readonly url: string | null
    readonly branchName: string | null
    readonly commitId: string | null
    readonly sourceControlManagementType: string | null
  } | null
  readonly buildData: { readonly url: string | null } | null
  /** Verification summaries of the source, which were uploaded before. */
  readonly sourceSummaryUploadIds?: readonly string[]
}

/** Which build it comes from, as that build system's kind says it. */
export type SubmittedBuild = {
  readonly fields: Readonly<Record<string, string>>
  readonly secrets: readonly { readonly name: string; readonly value: string }[]
}

/** What is said of origin and build. */
export type SubmittedOriginAndBuild = {
  readonly origin: SubmittedOrigin | null
  readonly build: SubmittedBuild | null
}

/** Where the service fetches an artifact. What stands behind `?` of the address is secret, and so are the headers' values. */
export type SubmittedLink = {
  readonly url: string
  readonly fileName: string
  readonly sha256: string | null
  readonly headers: readonly { readonly name: string; readonly value: string }[]
}

/** Where the artifact of a submission comes from. */
export type SubmittedSource =
  | { readonly uploadId: string }
  | { readonly link: SubmittedLink }
  | { readonly announcedUpload: { readonly fileName: string; readonly sha256: string } }
  | { readonly buildArtifact: { readonly trustedBuildSystem: string | null; readonly sha256: string | null } }

/** Asks whether a submission would be taken, before its artifact is uploaded. */
export const canSubmit = typedDocument<
  { readonly canSubmit: { readonly refusal: { readonly code: string; readonly message: string } | null } },
  {
    readonly input: SubmissionChoices &
      SubmittedOriginAndBuild & {
        readonly fileName: string
        readonly size: number
        /** Base64. */
        readonly firstBytes: string | null
      }
  }
>(`query CanSubmit($input: CanSubmitInput!) {
  canSubmit(input: $input) { refusal { code message } }
}`)

/** Submits an artifact; again under the same key, it answers the first request. */
export const submitRequest = typedDocument<
  { readonly submitSigningRequest: Changed },
  {
    readonly input: SubmissionChoices &
      SubmittedOriginAndBuild &
      SubmittedSource & { readonly cancelAfterSeconds: number | null }
  }
>(`mutation SubmitRequest($input: SubmitSigningRequestInput!) {
  submitSigningRequest(input: $input) { signingRequestId position }
}`)

/** Submits the artifact of a completed request again; again under the same key, it answers the first request. */
export const resubmitRequest = typedDocument<
  { readonly resubmitSigningRequest: Changed },
  {
    readonly input: {
      readonly originalSigningRequestId: string
      readonly signingPolicy: string
      readonly description: string | null
      readonly idempotencyKey: string
    }
  }
>(`mutation ResubmitRequest($input: ResubmitSigningRequestInput!) {
  resubmitSigningRequest(input: $input) { signingRequestId position }
}`)

/** Approves the plan of a digest. */
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

/** What became of one approval of several. */
export type ApprovalAnswer = {
  readonly signingRequestId: string
  /** Null when it was not given. */
  readonly position: string | null
  /** Null when it was given. */
  readonly refusal: { readonly code: string; readonly message: string; readonly transient: boolean } | null
}

/** As many requests the service approves in one call. */
export const mostApprovals = 100

/** Approves the plans of several requests, each by itself. */
export const approveRequests = typedDocument<
  { readonly approveSigningRequests: { readonly answers: readonly ApprovalAnswer[] } },
  {
    readonly input: {
      readonly approvals: readonly {
        readonly signingRequestId: string
        readonly planDigest: string
        readonly comment: string | null
      }[]
    }
  }
>(`mutation ApproveRequests($input: ApproveSigningRequestsInput!) {
  approveSigningRequests(input: $input) {
    answers { signingRequestId position refusal { code message transient } }
  }
}`)

/** Denies a request, which ends it. */
export const denyRequest = typedDocument<
  { readonly denySigningRequest: Changed },
  { readonly input: { readonly signingRequestId: string; readonly comment: string | null } }
>(`mutation DenyRequest($input: DenySigningRequestInput!) {
  denySigningRequest(input: $input) { signingRequestId position }
}`)

/** Cancels a request. */
export const cancelRequest = typedDocument<
  { readonly cancelSigningRequest: Changed },
  { readonly input: { readonly signingRequestId: string; readonly reason: string | null } }
>(`mutation CancelRequest($input: CancelSigningRequestInput!) {
  cancelSigningRequest(input: $input) { signingRequestId position }
}`)
