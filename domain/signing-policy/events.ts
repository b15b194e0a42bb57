import type { ContinuityFinding } from '../certificate/continuity.ts'
import type { DomainEvent } from '../event.ts'
import type { ExistingSignatureTreatment } from '../existing-signatures.ts'
import type { CertificateId, OrganizationId, ProjectId, SigningPolicyId } from '../ids.ts'
import type { ChangeControl } from '../organization/index.ts'
import type { PrincipalReference } from '../principal-reference.ts'
import type { OriginVerification } from './origin-verification.ts'

/** Who must agree before a signature: `requiredApprovals` distinct people of those that `approvers` name then. */
export type ApprovalProcess = {
  readonly approvers: readonly PrincipalReference[]
  /** The quorum, 1 or more. */
  readonly requiredApprovals: number
  /** Whether an approval by the submitter counts. */
  readonly submitterMayApprove: boolean
  /** Seconds after planning at which a request without quorum is denied; `null` waits without end. */
  readonly deadlineSeconds: number | null
}

/** One version of what a policy demands. */
export type SigningPolicySettings = {
  readonly name: string
  readonly certificateId: CertificateId
  readonly submitters: readonly PrincipalReference[]
  /** `null`: approval process off. */
  readonly approval: ApprovalProcess | null
  /** Whether a signature must carry an RFC 3161 time-stamp. */
  readonly timestamp: 'required' | 'none'
  /** A release policy: strong algorithms only, time-stamp always, no test certificates. */
  readonly release: boolean
  /**
   * What a submission may ask for files that are signed already, each once; the first is for submissions that do not ask.
   */
  readonly existingSignatures: readonly ExistingSignatureTreatment[]
  /**
   * That changes of this policy need the approval of others, whatever the organization demands; left out where what the
   * organization demands is enough. Events with it are of the second form.
   */
  readonly changeControl?: ChangeControl
  /**
   * That only what a trusted build system vouches for is taken, one that is enabled and linked to the project; left out where
   * that is not demanded. Events with it are of the third form.
   */
  readonly trustedBuildSystemRequired?: true
  /**
   * That hashes are signed whose content nobody of the service has seen: such a signature can be made into one of any format, of
   * anything. Left out where that is not allowed. Events with it are of the fourth form.
   */
  readonly hashSigningAllowed?: true
  /**
   * That the origin of what is submitted is verified: its repository must be the project's, and its branch be allowed; left out
   * where that is not demanded. Events with it are of the fifth form, and with a demanded verification summary of the source of the sixth.
   */
  readonly originVerification?: OriginVerification
}

/** A policy came to be, with version 1 of its settings. */
export type SigningPolicyCreated = DomainEvent<
  'SigningPolicyCreated',
  {
    readonly signingPolicyId: SigningPolicyId
    readonly organizationId: OrganizationId
    readonly projectId: ProjectId
    readonly slug: string
    readonly settings: SigningPolicySettings
  }
>

/** The policy has a new version. Requests submitted before keep theirs. */
export type SigningPolicyChanged = DomainEvent<
  'SigningPolicyChanged',
  {
    /** 2 for the first change, and so on. */
    readonly version: number
    readonly settings: SigningPolicySettings
    /**
     * What others see changed because another certificate takes the place of the one before, empty when nothing; left out when
     * it is the same certificate, or the one before was never issued.
     */
    readonly continuity?: readonly ContinuityFinding[]
  }
>

/** Nothing is signed by the policy until it is reactivated. */
export type SigningPolicyDeactivated = DomainEvent<'SigningPolicyDeactivated', { readonly reason: string | null }>

/** The policy is in use again. */
export type SigningPolicyReactivated = DomainEvent<'SigningPolicyReactivated'>

/** Everything that happens to a signing policy. */
export type SigningPolicyEvent =
  | SigningPolicyCreated
  | SigningPolicyChanged
  | SigningPolicyDeactivated
  | SigningPolicyReactivated
