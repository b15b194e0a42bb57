import type { AdministratorsEvent } from './administrators.ts'
import type { ApiTokenUsed } from './api-token-use.ts'
import type { ArtifactConfigurationEvent } from './artifact-configuration/events.ts'
import type { BuildActorUserListed } from './build-actor.ts'
import type { CertificateEvent } from './certificate/events.ts'
import type { ChangeProposalEvent } from './change-proposal/events.ts'
import type { GrantEvent, GrantListEvent } from './grant/events.ts'
import type { GroupEvent } from './group/events.ts'
import type { KeyEvent } from './key/events.ts'
import type { OrganizationEvent } from './organization/events.ts'
import type { ProcessKeyEvent, ProcessRole } from './process-key.ts'
import type { ProjectEvent } from './project/events.ts'
import type { SecurityEvent } from './security.ts'
import type { SigningPolicyEvent } from './signing-policy/events.ts'
import type { SigningRequestEvent } from './signing-request/events.ts'
import type { SlugEvent } from './slug-reservation.ts'
import type { TrustedBuildSystemEvent } from './trusted-build-system/events.ts'
import type { UnusualActivityEvent } from './unusual-activity/events.ts'
import type { UserEvent } from './user/events.ts'
import type { WebHookDeliveryResendRequested, WebHookEvent } from './web-hook/events.ts'

/** Everything that the log can hold. */
export type AnyDomainEvent =
  | AdministratorsEvent
  | ApiTokenUsed
  | ArtifactConfigurationEvent
  | BuildActorUserListed
  | CertificateEvent
  | ChangeProposalEvent
  | KeyEvent
  | GrantEvent
  | GrantListEvent
  | GroupEvent
  | OrganizationEvent
  | ProcessKeyEvent
  | ProjectEvent
  | SecurityEvent
  | SigningPolicyEvent
  | SigningRequestEvent
  | SlugEvent
  | UnusualActivityEvent
  | TrustedBuildSystemEvent
  | UserEvent
  | WebHookDeliveryResendRequested
  | WebHookEvent

const anyProcess = ['api', 'worker', 'signer'] as const
const api = ['api'] as const
const worker = ['worker'] as const
const signer = ['signer'] as const

/**
 * Which processes may write which events. The set-up of an installation (`countersign init`) writes as `api`. A process
 * whose key was stolen can so at the most claim what its role claims: an API process cannot say that something was signed.
 */
export const writersOfEvents: Readonly<Record<AnyDomainEvent['type'], readonly ProcessRole[]>> = {
  ProcessKeyCertified: anyProcess,
  ProcessKeyRevoked: api,
  CommandRefused: anyProcess,
  FurtherCommandsRefused: anyProcess,
  RefusalEventsReserved: anyProcess,
  UnusualActivityDetected: worker,
  FurtherUnusualActivityDetected: worker,

  OrganizationCreated: api,
  ChangeControlChanged: api,
  StatementKeyChanged: api,

  ChangeProposed: api,
  ChangeApproved: api,
  ChangeApprovalInvalidated: api,
  ChangeRejected: api,
  ChangeApplied: api,
  ChangeLapsed: api,

  GrantListed: api,
  GrantDelisted: api,
  GrantGiven: api,
  GrantUseReserved: worker,
  GrantRevoked: api,

  ProjectSlugReserved: api,
  SigningPolicySlugReserved: api,
  TrustedBuildSystemSlugReserved: api,
  ArtifactConfigurationSlugReserved: api,

  AdministratorCounted: api,
  AdministratorLeaving: api,

  UserCreated: api,
  UserDeactivated: api,
  UserReactivated: api,
  UserErased: api,
  GlobalRoleGranted: api,
  AdministratorAppointed: api,
  GlobalRoleWithdrawn: api,
  ApiTokenIssued: api,
  ApiTokenRevoked: api,
  ApiTokenUsed: api,
  InvitationIssued: api,
  InvitationRevoked: api,
  InvitationAccepted: api,
  EmailAddressProved: api,
  NotificationPreferencesChanged: api,
  BuildActorUserListed: api,
  BuildActorLinked: api,
  BuildActorUnlinked: api,

  GroupCreated: api,
  GroupDescribed: api,
  GroupMembersChanged: api,

  ProjectCreated: api,
  ProjectChanged: api,
  ProjectRepositoryChanged: api,
  ProjectDeactivated: api,
  ProjectReactivated: api,
  DefaultArtifactConfigurationChanged: api,

  ArtifactConfigurationCreated: api,
  ArtifactConfigurationChanged: api,
  ArtifactConfigurationDescribed: api,
  ArtifactConfigurationDeactivated: api,
  ArtifactConfigurationReactivated: api,

  SigningPolicyCreated: api,
  SigningPolicyChanged: api,
  SigningPolicyDeactivated: api,
  SigningPolicyReactivated: api,

  TrustedBuildSystemCreated: api,
  TrustedBuildSystemChanged: api,
  TrustedBuildSystemTokenIssued: api,
  TrustedBuildSystemDisabled: api,
  TrustedBuildSystemEnabled: api,
  TrustedBuildSystemLinked: api,
  TrustedBuildSystemLinkChanged: api,
  TrustedBuildSystemUnlinked: api,
  TrustedBuildSystemProxyKeyRegistered: api,
  TrustedBuildSystemProxyKeyRemoved: api,

  KeyGenerationRequested: api,
  KeyGenerated: signer,
  KeyImportRequested: api,
  KeyImportPrepared: signer,
  KeyImported: signer,
  KeyDisabled: api,
  KeyDeletionRequested: api,
  KeyDeletionConfirmed: api,
  KeyDeletionWithdrawn: api,
  KeyDestroyed: signer,

  CertificateRequested: api,
  CertificateRenewalRequested: ['api', 'worker'],
  CertificateExpiryChangeRequested: api,
  CertificateSigningRequestCreated: signer,
  CertificateIssued: signer,
  CertificateInstalled: anyProcess,
  CertificateEnrolmentFailed: worker,
  CertificateRestrictionsChanged: api,
  CertificateDisabled: api,
  CertificateEnabled: api,
  CertificateExpiryWarned: worker,
  CertificateExpired: worker,

  WebHookCreated: api,
  WebHookChanged: api,
  WebHookSecretRotated: api,
  WebHookDisabled: ['api', 'worker'],
  WebHookEnabled: api,
  WebHookDeleted: api,
  WebHookDeliveryAbandoned: worker,
  WebHookDeliveryResendRequested: api,

  SigningRequestSubmitted: worker,
  ArtifactRetrieved: worker,
  OriginVerified: worker,
  OriginRejected: worker,
  BuildDataAdded: worker,
  SigningPlanned: worker,
  ApprovalGranted: worker,
  ApprovalInvalidated: worker,
  ApprovalDenied: worker,
  ApprovalExpired: worker,
  SigningRequestCanceled: worker,
  SigningRequestFailed: worker,
  SigningRequestDelayed: worker,
  SigningRequestResubmitted: worker,
  SigningStarted: signer,
  FilesSigned: signer,
  ProvenanceSigned: signer,
  SigningRequestCompleted: signer,
}

/** Whether a process with these roles may write events of this type. What the table does not name nobody may write. */
export function mayWriteEvent(roles: readonly ProcessRole[], type: string): boolean {
  if (!Object.hasOwn(writersOfEvents, type)) return false
  const writers = writersOfEvents[type as AnyDomainEvent['type']]
  return roles.some((role) => writers.includes(role))
}
