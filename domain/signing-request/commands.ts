import type { Sha256Digest } from '../digest.ts'
import type { Instant } from '../event.ts'
import type { CertificateId, GrantId, GroupId, KeyId, UserId } from '../ids.ts'
import type { VerifiedOrigin } from '../verified-origin.ts'
import type { RecordBuildData } from './build-data.ts'
import type { InvalidationReason, SigningRequestFailed, Submission } from './events.ts'
import type { RequestFailure } from './failure.ts'
import type { SignedFile } from './manifest.ts'
import type { OriginVerified } from './origin-events.ts'
import type { SignedProvenance } from './provenance.ts'
import type { Artifact } from './source.ts'

/** Records an accepted submission. Whether it may be accepted was decided with the policy and the project at hand. */
export type SubmitSigningRequest = { readonly type: 'SubmitSigningRequest'; readonly submission: Submission }

/** Records that the artifact is in the store. */
export type RecordRetrieval = { readonly type: 'RecordRetrieval'; readonly artifact: Artifact }

/** Records what came of asking about the artifact's origin. Policy and project judge it with the decision. */
export type RecordOrigin = Pick<
  OriginVerified['data'],
  'trustedBuildSystemId' | 'kind' | 'proof' | 'checks' | 'evidence'
> & {
  readonly type: 'RecordOrigin'
  /** `null` when nothing can be said of it; then a check failed. */
  readonly origin: VerifiedOrigin | null
  /** The users whom administrators have linked with the build's actors. */
  readonly peopleBehind: readonly UserId[]
}

/** Records the plan. */
export type RecordPlan = {
  readonly type: 'RecordPlan'
  readonly planDigest: Sha256Digest
  /** SHA-256 of all bytes of the plan's document. */
  readonly planDocument: Sha256Digest
  /** SHA-256 of the DER certificate that it names, hexadecimal. */
  readonly certificateThumbprint: string
  readonly plannerVersion: number
  readonly nodeCount: number
  readonly fileCount: number
  /** The moment of planning, from which the approval deadline runs. */
  readonly at: Instant
}

/** An approver agrees to the plan of this digest. */
export type Approve = {
  readonly type: 'Approve'
  readonly approver: UserId
  /** Those of the groups that may approve whose member the approver is, as whoever asks read them in the log. */
  readonly groups: readonly GroupId[]
  /** The people behind the approver's account, besides itself; nobody when it is left out. */
  readonly peopleBehind?: readonly UserId[]
  readonly planDigest: Sha256Digest
  readonly comment: string | null
}

/** A grant approves the plan in its giver's name. That it covers the request was seen in the log. */
export type ApproveByGrant = Omit<Approve, 'type' | 'comment'> & {
  readonly type: 'ApproveByGrant'
  readonly grantId: GrantId
}

/** An approver says no. */
export type Deny = {
  readonly type: 'Deny'
  readonly approver: UserId
  /** As of {@link Approve}. */
  readonly groups: readonly GroupId[]
  readonly comment: string | null
}

/** Takes back an approval whose giver may not approve any more. */
export type InvalidateApproval = {
  readonly type: 'InvalidateApproval'
  readonly approver: UserId
  readonly reason: InvalidationReason
}

/** The deadline passed. */
export type ExpireApproval = { readonly type: 'ExpireApproval'; readonly deadline: Instant }

/** The submitter or an administrator calls it off. */
export type Cancel = { readonly type: 'Cancel'; readonly canceledBy: UserId; readonly reason: string | null }

/** The request is not final at the moment that its submission named. */
export type CancelOverdue = { readonly type: 'CancelOverdue'; readonly cancelAt: Instant }

/** The signer is about to use the key. */
export type StartSigning = {
  readonly type: 'StartSigning'
  readonly planDigest: Sha256Digest
  readonly certificateId: CertificateId
  readonly certificateThumbprint: string
  readonly keyId: KeyId
  /** What signs where it comes from, where that is another key. */
  readonly statementKeyId?: KeyId
}

/** The signer is done with an attempt. */
export type RecordSigned = {
  readonly type: 'RecordSigned'
  readonly attempt: number
  readonly fileCount: number
  readonly manifestDigest: Sha256Digest
  /** SHA-256 of all bytes of the manifest's document. */
  readonly manifestDocument: Sha256Digest
  /** The first files of the manifest; one or more. */
  readonly files: readonly SignedFile[]
  readonly signedArtifact: Artifact
  /** Of what was signed; left out where its origin was not verified. */
  readonly provenance?: SignedProvenance
}

/** Records in a completed request that its artifact was submitted again. */
export type RecordResubmission = {
  readonly type: 'RecordResubmission'
  /** The request that takes the artifact again. */
  readonly resubmission: Pick<
    Submission,
    'signingRequestId' | 'organizationId' | 'projectId' | 'signingPolicyId' | 'submitter' | 'source'
  >
}

/** A step failed for a lasting reason. */
export type Fail = {
  readonly type: 'Fail'
  readonly workflowStatus: SigningRequestFailed['data']['workflowStatus']
  readonly failure: RequestFailure
}

/** A step failed for a reason that does not concern the request itself. */
export type RecordDelay = {
  readonly type: 'RecordDelay'
  readonly failure: RequestFailure
  readonly at: Instant
  readonly nextTryAt: Instant | null
  readonly pauseSeconds: number
}

/** What can be asked of a signing request. */
export type SigningRequestCommand =
  | SubmitSigningRequest
  | RecordRetrieval
  | RecordOrigin
  | RecordBuildData
  | RecordPlan
  | Approve
  | ApproveByGrant
  | Deny
  | InvalidateApproval
  | ExpireApproval
  | Cancel
  | CancelOverdue
  | StartSigning
  | RecordSigned
  | RecordResubmission
  | Fail
  | RecordDelay
