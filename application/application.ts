import type { LogPosition } from '../event-log/index.ts'
import type { AcceptedInvitation, InvitationAcceptance } from './accept-invitation.ts'
import type { Administration } from './administration.ts'
import type { ApprovalAnswer, ApproveSigningRequestsInput } from './approve-signing-requests.ts'
import type { Credentials } from './authenticate.ts'
import type { AskedQuery } from './authorize-query.ts'
import type { Caller } from './caller.ts'
import type {
  ApproveSigningRequestInput,
  CancelSigningRequestInput,
  DenySigningRequestInput,
  SigningRequestChanged,
} from './change-signing-request.ts'
import type { ExportAuditLogInput } from './export-audit-log.ts'
import type { LocateSigningRequestInput } from './locate-signing-request.ts'
import type { Unsubscription } from './mailed-tokens.ts'
import type { OpenArtifactInput, OpenedArtifact } from './open-artifact.ts'
import type { Upload } from './ports.ts'
import type { ResubmitSigningRequestInput } from './resubmit-signing-request.ts'
import type { SignedHashes, SignHashesInput } from './sign-hashes.ts'
import type {
  BuildArtifactSubmission,
  CanSubmitInput,
  SubmissionCheck,
  SubmitSigningRequestInput,
} from './submission.ts'
import type { AppVeyorSubmission } from './submit-from-app-veyor.ts'
import type { Unsubscribed } from './unsubscribe.ts'
import type { AdmitUploadInput, UploadArtifactInput } from './upload-artifact.ts'
import type {
  AdmitUnsignedArtifactInput,
  UploadedUnsignedArtifact,
  UploadUnsignedArtifactInput,
} from './upload-unsigned-artifact.ts'

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
   * @param before what it answered about the same call, when a call that lasts is looked at again
   * @throws Refusal `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_REVOKED`, `TOKEN_EXPIRED`, `USER_DEACTIVATED`, `TRUSTED_BUILD_SYSTEM_…`,
   *   `PROXY_BYPASSED`, `PROXY_STATEMENT_…`
   */
  authenticate(credentials: Credentials, remoteAddress: string | undefined, before?: Caller): Promise<Caller>

  /**
   * Accepts an invitation, by its token: whoever holds it is the user. Everything of it succeeds once.
   *
   * @throws Refusal `INVITATION_INVALID`, `INVITATION_ACCEPTED`, `INVITATION_REVOKED`, `INVITATION_EXPIRED`, `USER_DEACTIVATED`,
   *   `NAME_MALFORMED`
   */
  acceptInvitation(input: InvitationAcceptance, remoteAddress: string | undefined): Promise<AcceptedInvitation>

  /** What a mail's link would turn off; changes nothing. @throws Refusal `UNSUBSCRIPTION_INVALID` */
  readUnsubscription(token: string): Unsubscription

  /** Turns mails off, by a mail's link: whoever holds it may. @throws Refusal `UNSUBSCRIPTION_INVALID` */
  unsubscribe(token: string, remoteAddress: string | undefined): Promise<Unsubscribed>

  /**
   * Refuses a query that the caller does not have the permission for, and records that.
   *
   * @throws Refusal `FORBIDDEN`
   */
  authorizeQuery(caller: Caller, asked: AskedQuery): Promise<void>

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
   * Submits an artifact of an AppVeyor build, which AppVeyor is asked about, and from where it is fetched. Without its token the build
   * system counts where the policy verifies the origin.
   *
   * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_LINKED`, `TRUSTED_BUILD_SYSTEM_AMBIGUOUS`, `ORIGIN_BUILD_INVALID`, and as
   *   `submitSigningRequest`
   */
  submitFromAppVeyor(caller: Caller, input: AppVeyorSubmission): Promise<SigningRequestChanged>

  /**
   * Submits an artifact of a build whose build system is asked about it, and named by its slug: as plugins of build systems do, with an
   * API token alone. The same build that submits the same again is answered its first request, unless it brings an idempotency key.
   *
   * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, and as `submitSigningRequest`
   */
  submitBuildArtifact(caller: Caller, input: BuildArtifactSubmission): Promise<SigningRequestChanged>

  /**
   * Submits the artifact of a completed request again, to another signing policy of its project. What the submitter of the original
   * chose is taken over; the new policy decides whether it may be, by the origin of the original. Each request names the other.
   *
   * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `EARLIER_REQUEST_NOT_USABLE`, and as `submitSigningRequest`
   */
  resubmitSigningRequest(caller: Caller, input: ResubmitSigningRequestInput): Promise<SigningRequestChanged>

  /**
   * Has hashes signed whose content nobody of the service has seen, by a policy that allows it. The signatures come with the answer
   * when nobody has to approve and the signer is at hand.
   *
   * @throws Refusal as `submitSigningRequest`, and `HASH_SIGNING_NOT_ALLOWED`, `HASH_ALGORITHM_NOT_ALLOWED`, `HASH_LENGTH_WRONG`,
   *   `HASH_PAYLOAD_MALFORMED`, `KEY_ALGORITHM_UNSUITABLE`
   */
  signHashes(caller: Caller, input: SignHashesInput): Promise<SignedHashes>

  /**
   * Says before an artifact is uploaded whether its submission would be refused.
   *
   * @throws Refusal as `submitSigningRequest` does, where it does not depend on the bytes, and `ARTIFACT_TOO_LARGE`,
   *   `FORMAT_NOT_SUPPORTED`, `PE_…`, `FIRST_BYTES_MALFORMED`
   */
  canSubmit(caller: Caller, input: CanSubmitInput): Promise<SubmissionCheck>

  /**
   * Says before its first byte whether the artifact that a request announced would be taken.
   *
   * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `FORBIDDEN`, `UPLOAD_NOT_AWAITED`, `SIGNING_REQUEST_FINAL`,
   *   `ARTIFACT_MISMATCH` when the size is another one, `ARTIFACT_TOO_LARGE`, `UPLOAD_EMPTY`, `UPLOAD_QUOTA_EXCEEDED`
   */
  admitUnsignedArtifact(caller: Caller, input: AdmitUnsignedArtifactInput): Promise<void>

  /**
   * Takes the artifact in that a request announced; again it does no harm.
   *
   * @throws Refusal as `admitUnsignedArtifact`, and `ARTIFACT_MISMATCH` when the bytes are others, `UPLOAD_INCOMPLETE`
   */
  uploadUnsignedArtifact(caller: Caller, input: UploadUnsignedArtifactInput): Promise<UploadedUnsignedArtifact>

  /** Approves the plan of this digest. @throws Refusal as `decide` of the signing request does, and `USER_DEACTIVATED` */
  approveSigningRequest(caller: Caller, input: ApproveSigningRequestInput): Promise<SigningRequestChanged>

  /**
   * Approves several requests one by one: an answer for each, in their order, whatever becomes of the others.
   *
   * @throws Refusal `BATCH_MALFORMED`
   */
  approveSigningRequests(caller: Caller, input: ApproveSigningRequestsInput): Promise<readonly ApprovalAnswer[]>

  /** Denies a request. @throws Refusal as `decide` of the signing request does, and `USER_DEACTIVATED` */
  denySigningRequest(caller: Caller, input: DenySigningRequestInput): Promise<SigningRequestChanged>

  /** Cancels a request. @throws Refusal as `decide` of the signing request does, `USER_DEACTIVATED`, and `FORBIDDEN` */
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
  uploadArtifact(caller: Caller, input: UploadArtifactInput): Promise<Upload>

  /** Gives up an upload of the caller that no request names; one that is none, or named, stays as it is. */
  discardUpload(caller: Caller, uploadId: string): Promise<void>

  /**
   * Opens an artifact of a request for download.
   *
   * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `FORBIDDEN`, `SIGNED_ARTIFACT_NOT_READY`, `ARTIFACT_NOT_RETRIEVED`,
   *   `BUILD_SETTINGS_FILE_NOT_FOUND`, `PROVENANCE_NOT_FOUND`
   */
  openArtifact(caller: Caller, input: OpenArtifactInput): Promise<OpenedArtifact>

  /**
   * Where the newest event of a request is in the log.
   *
   * @throws Refusal `ID_MALFORMED`, `SIGNING_REQUEST_NOT_FOUND`
   */
  locateSigningRequest(caller: Caller, input: LocateSigningRequestInput): Promise<{ readonly position: LogPosition }>

  /**
   * Exports the audit log of the caller's organization as JSON Lines, in pieces, as fast as they are taken.
   *
   * @throws Refusal `FORBIDDEN`, `POSITION_MALFORMED`, `EXPORT_IN_PROGRESS`
   */
  exportAuditLog(caller: Caller, input: ExportAuditLogInput): Promise<AsyncIterable<Uint8Array>>
}
