import type { ExistingSignatureTreatment, Sha256Digest, SigningRequestId } from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { Administration } from './administration.ts'
import type { Caller } from './caller.ts'
import type { SubmittedSource } from './ports.ts'

/** What a changed signing request answers: where the log was when the change was in it. */
export type SigningRequestChanged = {
  readonly signingRequestId: SigningRequestId
  /** The change is visible to every query that waits for this position. */
  readonly position: LogPosition
}

/** What a submission asks for, whatever its artifact is. */
export type SubmissionChoices = {
  /** The project's slug or id. */
  readonly project: string
  /** The signing policy's slug (in the project) or id. */
  readonly signingPolicy: string
  readonly description: string | null
  /** What is done with files that are signed already; the first that the policy allows when nothing is asked. */
  readonly existingSignatures?: ExistingSignatureTreatment | null
  /**
   * What the caller calls this submission, 1 to 128 printable ASCII characters: submitting again by the same name answers
   * the request that there is. Without one, every submission is a request of its own.
   */
  readonly idempotencyKey?: string | null
}

/** What a submission says. */
export type SubmitSigningRequestInput = SubmissionChoices & { readonly source: SubmittedSource }

/** What is known of a submission before its artifact is uploaded. */
export type CanSubmitInput = SubmissionChoices & {
  readonly fileName: string
  /** Bytes of the artifact. */
  readonly size: number
  /** The artifact's first bytes, up to 64 KiB, in which faults of its format may show; `null` leaves that out. */
  readonly firstBytes: Uint8Array | null
}

/** That a submission would be taken. */
export type SubmissionCheck = {
  /** The request that its idempotency key stands for already; `null` when it would make one. */
  readonly signingRequestId: SigningRequestId | null
}

/** What a call brings to show who sends it, as its transport read it. */
export type Credentials = {
  readonly apiToken?: string | undefined
  /** Of the trusted build system that vouches for the call. Nothing asks for one yet, and none is looked at. */
  readonly trustedBuildSystemToken?: string | undefined
}

/** What an approval says. */
export type ApproveSigningRequestInput = {
  readonly signingRequestId: string
  readonly planDigest: string
  readonly comment: string | null
}

/** What a denial says. */
export type DenySigningRequestInput = {
  readonly signingRequestId: string
  readonly comment: string | null
}

/** What a cancellation says. */
export type CancelSigningRequestInput = {
  readonly signingRequestId: string
  readonly reason: string | null
}

/** What is known of an upload before its first byte. */
export type AdmitUploadInput = {
  /** Bytes; `undefined` when they are not known. */
  readonly size: number | undefined
}

/** An upload. */
export type UploadArtifactInput = {
  readonly fileName: string
  /** Bytes that are announced; `undefined` when they are not known. */
  readonly size?: number | undefined
  readonly bytes: AsyncIterable<Uint8Array>
}

/** Which artifact of a request is to be opened. */
export type OpenArtifactInput = {
  readonly signingRequestId: string
  readonly which: 'unsigned' | 'signed'
}

/**
 * The use cases, as the GraphQL and REST APIs see them. Every one authorises the caller itself, changes nothing when it
 * refuses, and records refusals of security-relevant commands in the security stream.
 *
 * Everything throws `Refusal` (domain) for what the caller did wrong, and `ServiceError` for what we cannot do now.
 */
export interface Application extends Administration {
  /**
   * Finds out who calls.
   *
   * @throws Refusal `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_REVOKED`, `TOKEN_EXPIRED`, `USER_DEACTIVATED`
   */
  authenticate(credentials: Credentials, remoteAddress: string | undefined): Promise<Caller>

  /**
   * Submits an artifact. With an idempotency key that this user has submitted with before, the first request is
   * answered, whatever has become of it; other content under the same key is refused.
   *
   * @throws Refusal `PROJECT_NOT_FOUND`, `PROJECT_INACTIVE`, `SIGNING_POLICY_NOT_FOUND`, `SIGNING_POLICY_INACTIVE`,
   *   `FORBIDDEN`, `UPLOAD_NOT_FOUND`, `SOURCE_NOT_SUPPORTED`, `SOURCE_MALFORMED`, `EARLIER_REQUEST_NOT_USABLE`,
   *   `ARTIFACT_TOO_LARGE`, `CERTIFICATE_…`, `EXISTING_SIGNATURES_NOT_ALLOWED`, `TEXT_TOO_LONG`,
   *   `TEXT_MALFORMED`, `FILE_NAME_MALFORMED`,
   *   `IDEMPOTENCY_KEY_MALFORMED`, `IDEMPOTENCY_KEY_REUSED`
   */
  submitSigningRequest(caller: Caller, input: SubmitSigningRequestInput): Promise<SigningRequestChanged>

  /**
   * Says before an artifact is uploaded whether its submission would be refused.
   *
   * @throws Refusal as `submitSigningRequest` does, where it does not depend on the bytes, and `ARTIFACT_TOO_LARGE`,
   *   `FORMAT_NOT_SUPPORTED`, `PE_…`, `FIRST_BYTES_MALFORMED`
   */
  canSubmit(caller: Caller, input: CanSubmitInput): Promise<SubmissionCheck>

  /** Approves the plan of this digest. @throws Refusal as `decide` of the signing request does, and `FORBIDDEN` */
  approveSigningRequest(caller: Caller, input: ApproveSigningRequestInput): Promise<SigningRequestChanged>

  /** Denies a request. @throws Refusal as `decide` of the signing request does */
  denySigningRequest(caller: Caller, input: DenySigningRequestInput): Promise<SigningRequestChanged>

  /** Cancels a request. @throws Refusal as `decide` of the signing request does, and `FORBIDDEN` */
  cancelSigningRequest(caller: Caller, input: CancelSigningRequestInput): Promise<SigningRequestChanged>

  /**
   * Says whether an artifact of the caller would be taken, before its first byte is.
   *
   * @throws Refusal `FORBIDDEN` when no signing policy lets the caller submit, `ARTIFACT_TOO_LARGE`, `UPLOAD_EMPTY`,
   *   `UPLOAD_QUOTA_EXCEEDED`
   */
  admitUpload(caller: Caller, input: AdmitUploadInput): Promise<void>

  /**
   * Keeps an uploaded artifact for a later submission by the same user.
   *
   * @throws Refusal as `admitUpload`, and `FILE_NAME_MALFORMED`, `UPLOAD_INCOMPLETE`
   */
  uploadArtifact(
    caller: Caller,
    input: UploadArtifactInput,
  ): Promise<{
    readonly uploadId: string
    readonly fileName: string
    readonly sha256: Sha256Digest
    readonly size: number
  }>

  /**
   * Opens an artifact of a request for download.
   *
   * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `FORBIDDEN`, `SIGNED_ARTIFACT_NOT_READY`, `ARTIFACT_NOT_RETRIEVED`
   */
  openArtifact(
    caller: Caller,
    input: OpenArtifactInput,
  ): Promise<{
    readonly fileName: string
    readonly sha256: Sha256Digest
    readonly size: number
    /** Streams bytes `start` (inclusive) to `end` (exclusive); the whole by default. */
    readonly read: (range?: { readonly start: number; readonly end: number }) => AsyncIterable<Uint8Array>
  }>
}
