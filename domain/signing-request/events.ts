import type { Sha256Digest } from '../digest.ts'
import type { DomainEvent, Instant } from '../event.ts'
import type { ExistingSignatureTreatment } from '../existing-signatures.ts'
import type {
  CertificateId,
  GrantId,
  KeyId,
  OrganizationId,
  ProjectId,
  SigningPolicyId,
  SigningRequestId,
  UserId,
} from '../ids.ts'
import type { PrincipalReference } from '../principal-reference.ts'
import type { ApprovalProcess } from '../signing-policy/index.ts'
import type { BuildDataAdded } from './build-data.ts'
import type { BuildReference } from './build-reference.ts'
import type { ClaimedOrigin } from './claimed-origin.ts'
import type { ConfigurationOfRequest } from './configuration.ts'
import type { RequestFailure } from './failure.ts'
import type { SignedFile } from './manifest.ts'
import type { DemandedOrigin, OriginRejected, OriginVerified } from './origin-events.ts'
import type { SignedProvenance } from './provenance.ts'
import type { Artifact, Source } from './source.ts'
import type { FailureStatus } from './workflow-status.ts'

/** What signatures tell about the program, where their format can. */
export type ProgramInformation = { readonly description: string | null; readonly descriptionUrl: string | null }

/** Facts of a submission. What the policy demanded at that moment is copied: later versions do not change it. */
export type Submission = {
  readonly signingRequestId: SigningRequestId
  readonly organizationId: OrganizationId
  readonly projectId: ProjectId
  readonly signingPolicyId: SigningPolicyId
  readonly signingPolicyVersion: number
  readonly certificateId: CertificateId
  readonly approval: ApprovalProcess | null
  readonly timestamp: 'required' | 'none'
  /** What is done with files that are signed already: as the submission asked and the policy allowed. */
  readonly existingSignatures: ExistingSignatureTreatment
  readonly submitter: UserId
  /**
   * The people behind the submitter's account, besides itself, and of a request that takes another's artifact again everybody
   * behind that one; left out where there are none. A request with some is of the second form: their approvals must not count.
   */
  readonly peopleBehind?: readonly UserId[]
  readonly description: string | null
  /** What the submitter says which version of the product it is; left out when nothing is said. Grants can ask for it. */
  readonly version?: string
  /** What the trusted build system that vouches for the submission says of its origin; left out where it says nothing. */
  readonly claimedOrigin?: ClaimedOrigin
  /**
   * What policy and project demanded of the artifact's origin; left out where that is not verified. A request with it is of the
   * third form: it must not be signed by who overlooks it.
   */
  readonly originVerification?: DemandedOrigin
  /**
   * Which build of its system the artifact comes from, as the submission says; left out where it says nothing. A request with it is
   * of the fourth form: who overlooks it would ask the build system about another build, or about none.
   */
  readonly build?: BuildReference
  /**
   * What says what is signed inside of the artifact, and how; left out where that follows from the artifact alone. A request with it
   * is of the fifth form: who overlooks it would sign something else.
   */
  readonly artifactConfiguration?: ConfigurationOfRequest
  /** Where the artifact comes from. What its bytes are, `ArtifactRetrieved` says. */
  readonly source: Source
  readonly program: ProgramInformation
  /** The service cancels the request when it is not final by then; left out where the submission sets no limit. */
  readonly cancelAt?: Instant
}

/** A request came in and was accepted. */
export type SigningRequestSubmitted = DomainEvent<'SigningRequestSubmitted', Submission>

/** The artifact is in the store, whole. What is planned and signed is this, and nothing that its source says. */
export type ArtifactRetrieved = DomainEvent<'ArtifactRetrieved', Artifact>

/** It is settled what will be signed and how. The plan itself is a document in the artifact store. */
export type SigningPlanned = DomainEvent<
  'SigningPlanned',
  {
    /** What approvals agree to. */
    readonly planDigest: Sha256Digest
    /** SHA-256 of all bytes of the plan's document: the artifact store's name for it. */
    readonly planDocument: Sha256Digest
    /** SHA-256 of the DER certificate that it names, hexadecimal: a certificate may be renewed before it is signed. */
    readonly certificateThumbprint: string
    /** Which planner made it: only that one gives the same plan again. */
    readonly plannerVersion: number
    /** How many nodes the plan's tree has. */
    readonly nodeCount: number
    /** How many of them will be signed. */
    readonly fileCount: number
    /** When a request without quorum will be denied; `null` waits without end, or no approval is needed. */
    readonly approvalDeadline: Instant | null
  }
>

/** A person agreed to the plan of this digest. */
export type ApprovalGranted = DomainEvent<
  'ApprovalGranted',
  {
    readonly approver: UserId
    /**
     * The approvers of the policy that named the person then, one or more: the user, and groups whose member they were. The
     * approval counts as long as one of them does.
     */
    readonly through: readonly PrincipalReference[]
    readonly planDigest: Sha256Digest
    readonly comment: string | null
    /**
     * The people behind the approver's account, besides itself; left out where there are none. An approval with some is of
     * the second form: one person must not count twice.
     */
    readonly peopleBehind?: readonly UserId[]
    /**
     * The grant by which it was given in advance, and which the service used; left out where the person approved by hand. An
     * approval with it is of the third form.
     */
    readonly grantId?: GrantId
  }
>

/** Why an approval does not count any more: what happened to its giver before the quorum was reached. */
export type InvalidationReason =
  | 'userDeactivated'
  /** No group that the approval was given through has them as a member, and the policy does not name them. */
  | 'removedFromGroup'
  /** The grant that it was given by was revoked. Of the second form. */
  | 'grantRevoked'

/** An approval does not count any more. Its giver can approve again once the policy names them again. */
export type ApprovalInvalidated = DomainEvent<
  'ApprovalInvalidated',
  { readonly approver: UserId; readonly reason: InvalidationReason }
>

/** A person said no. Ends the request. */
export type ApprovalDenied = DomainEvent<
  'ApprovalDenied',
  {
    readonly approver: UserId
    /** As of an approval. */
    readonly through: readonly PrincipalReference[]
    readonly comment: string | null
  }
>

/** The deadline passed without a quorum. Ends the request. */
export type ApprovalExpired = DomainEvent<'ApprovalExpired', { readonly deadline: Instant }>

/**
 * The submitter or an administrator called the request off, or the service did at the moment that the submission named.
 * Ends it.
 */
export type SigningRequestCanceled = DomainEvent<
  'SigningRequestCanceled',
  {
    /** `null` when the service did, since the request was not final in time: then it is of the second form. */
    readonly canceledBy: UserId | null
    readonly reason: string | null
  }
>

/** The key is about to be used. In the log before it is. */
export type SigningStarted = DomainEvent<
  'SigningStarted',
  {
    /** 1 for the first attempt; a crash after this event is followed by the next attempt. */
    readonly attempt: number
    readonly planDigest: Sha256Digest
    readonly certificateId: CertificateId
    /** SHA-256 of the signing certificate's DER, hexadecimal. */
    readonly certificateThumbprint: string
    /** The certificate's key. */
    readonly keyId: KeyId
    /** What signs where it comes from, where that is another key; left out where it is the certificate's. */
    readonly statementKeyId?: KeyId
  }
>

/** Files carry their signatures, and the signatures were verified. All of them are in the manifest. */
export type FilesSigned = DomainEvent<
  'FilesSigned',
  {
    readonly attempt: number
    /** How many files were signed. */
    readonly fileCount: number
    /** SHA-256 of the manifest's head, which names the digest of each of its pages. */
    readonly manifestDigest: Sha256Digest
    /** SHA-256 of all bytes of the manifest's document: the artifact store's name for it. */
    readonly manifestDocument: Sha256Digest
    /** The first files of the manifest, as many as `leadingFiles` takes: all of them where they are few. */
    readonly files: readonly SignedFile[]
  }
>

/**
 * The key has also signed where what was signed comes from: its provenance. In the same append as the files of the attempt, which
 * `SigningStarted` announced, so a request with a verified origin is not completed without it.
 */
export type ProvenanceSigned = DomainEvent<'ProvenanceSigned', SignedProvenance & { readonly attempt: number }>

/** Everything is signed and can be downloaded. Ends the request. */
export type SigningRequestCompleted = DomainEvent<
  'SigningRequestCompleted',
  { readonly attempt: number; readonly signedArtifact: Artifact }
>

/** The artifact of a completed request was submitted again, as another request. Changes nothing of this one. */
export type SigningRequestResubmitted = DomainEvent<
  'SigningRequestResubmitted',
  {
    /** The other request. */
    readonly resubmittedAs: SigningRequestId
    readonly signingPolicyId: SigningPolicyId
    readonly resubmittedBy: UserId
  }
>

/** The request cannot go on. Ends it. With the status `OriginVerificationFailed` it is of the second form. */
export type SigningRequestFailed = DomainEvent<
  'SigningRequestFailed',
  {
    readonly workflowStatus: FailureStatus
    readonly failure: RequestFailure
  }
>

/** Why a request does not go on now, and when it is tried again. */
export type Delay = {
  readonly failure: RequestFailure
  /** Since when it waits for this reason. */
  readonly since: Instant
  /** `null` when it goes on as soon as somebody has the time. */
  readonly nextTryAt: Instant | null
  /** Before the try after the next: twice as long, up to ten minutes, and so on. In seconds. */
  readonly pauseSeconds: number
}

/** A step cannot be done now, for a reason that does not concern the request itself. It is tried again. */
export type SigningRequestDelayed = DomainEvent<'SigningRequestDelayed', Delay>

/** Everything that happens to a signing request. */
export type SigningRequestEvent =
  | SigningRequestSubmitted
  | ArtifactRetrieved
  | OriginVerified
  | OriginRejected
  | BuildDataAdded
  | SigningPlanned
  | ApprovalGranted
  | ApprovalInvalidated
  | ApprovalDenied
  | ApprovalExpired
  | SigningRequestCanceled
  | SigningStarted
  | FilesSigned
  | ProvenanceSigned
  | SigningRequestCompleted
  | SigningRequestResubmitted
  | SigningRequestFailed
  | SigningRequestDelayed
