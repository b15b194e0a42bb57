import { type Actor, actingUser } from '../actor.ts'
import type { GlobalRole, Permission } from '../authorization/index.ts'
import type { AnyDomainEvent } from '../event-writers.ts'
import { parseStreamName } from '../streams.ts'

/** What kind of rule an event changes: it says who may propose such a change, and who may approve one. */
export type ControlledRule =
  | 'policies'
  | 'people'
  | 'administrators'
  | 'certificates'
  | 'trustedBuildSystems'
  | 'changeControl'

/** The permission that a change of each kind of rule needs: whoever has it may propose, and approve what others proposed. */
export const permissionOfRule: Readonly<Record<ControlledRule, Permission>> = {
  policies: 'administerProjects',
  people: 'administerUsers',
  administrators: 'administerAdministrators',
  certificates: 'administerCertificates',
  trustedBuildSystems: 'administerTrustedBuildSystems',
  changeControl: 'administerChangeControl',
}

/** Says which rule an event changes; `undefined` for none that is controlled. */
type Control = ControlledRule | undefined | ((data: never, context: ControlContext) => ControlledRule | undefined)

/** Where an event is, or is to be, and by whom. */
export type ControlContext = { readonly streamId: string; readonly actor: Actor }

/**
 * Which events need the approval of others where changes are controlled. Each type is named, so that a new one cannot be
 * forgotten. What takes something away never needs one: disabling in an emergency must not wait for anybody.
 */
const controls: Readonly<Record<AnyDomainEvent['type'], Control>> = {
  ChangeControlChanged: 'changeControl',

  GlobalRoleGranted: roleOfAdministrators,
  // By the operator of the machine, when nobody is left who could approve: it approves nothing (docs/decisions/operator.md).
  AdministratorAppointed: undefined,
  // An administrator could otherwise make themselves the only one.
  GlobalRoleWithdrawn: roleOfAdministrators,
  // Who it is may be an administrator, or somebody's second account.
  UserReactivated: 'administrators',
  // Everybody makes their own tokens; one for somebody else (a CI user) lets its maker act as them.
  ApiTokenIssued: (_, { streamId, actor }: ControlContext) =>
    parseStreamName(streamId)?.id === actingUser(actor) ? undefined : 'administrators',
  // A group that is named as approvers decides who may approve.
  GroupMembersChanged: ({ added }: { readonly added: readonly unknown[] }) => (added.length > 0 ? 'people' : undefined),

  // A link takes from a user the right to approve what they built; ending it gives that back.
  BuildActorUnlinked: 'people',
  BuildActorLinked: undefined,
  BuildActorUserListed: undefined,

  SigningPolicyCreated: 'policies',
  SigningPolicyChanged: 'policies',
  SigningPolicyReactivated: 'policies',
  ProjectReactivated: 'policies',
  ProjectRepositoryChanged: 'policies',
  // They say what is signed of an artifact, and which one of them does so where a submission names none.
  ArtifactConfigurationCreated: 'policies',
  ArtifactConfigurationChanged: 'policies',
  ArtifactConfigurationReactivated: 'policies',
  DefaultArtifactConfigurationChanged: 'policies',

  // What vouches for where something comes from.
  StatementKeyChanged: 'certificates',
  CertificateEnabled: 'certificates',
  CertificateRestrictionsChanged: 'certificates',

  // What vouches for submissions, by which token, and for which projects; and what is asked of its builds.
  TrustedBuildSystemCreated: 'trustedBuildSystems',
  TrustedBuildSystemChanged: 'trustedBuildSystems',
  TrustedBuildSystemTokenIssued: 'trustedBuildSystems',
  TrustedBuildSystemEnabled: 'trustedBuildSystems',
  TrustedBuildSystemLinked: 'trustedBuildSystems',
  TrustedBuildSystemLinkChanged: 'trustedBuildSystems',
  TrustedBuildSystemProxyKeyRegistered: 'trustedBuildSystems',

  OrganizationCreated: undefined,
  ProcessKeyCertified: undefined,
  ProcessKeyRevoked: undefined,
  CommandRefused: undefined,
  FurtherCommandsRefused: undefined,
  RefusalEventsReserved: undefined,
  ProjectSlugReserved: undefined,
  SigningPolicySlugReserved: undefined,
  TrustedBuildSystemSlugReserved: undefined,
  ArtifactConfigurationSlugReserved: undefined,
  TrustedBuildSystemDisabled: undefined,
  TrustedBuildSystemUnlinked: undefined,
  TrustedBuildSystemProxyKeyRemoved: undefined,
  AdministratorCounted: undefined,
  AdministratorLeaving: undefined,
  // They decide nothing: people are to look at them.
  UnusualActivityDetected: undefined,
  FurtherUnusualActivityDetected: undefined,
  UserCreated: undefined,
  UserDeactivated: undefined,
  UserErased: undefined,
  ApiTokenRevoked: undefined,
  ApiTokenUsed: undefined,
  // Whoever is invited may nothing by it: roles and groups are given by events of their own.
  InvitationIssued: undefined,
  InvitationRevoked: undefined,
  InvitationAccepted: undefined,
  // The operator of the machine says it, whom no administrator is set over.
  EmailAddressProved: undefined,
  // How somebody is told decides nothing.
  NotificationPreferencesChanged: undefined,
  // Nothing names a group that was not there before.
  GroupCreated: undefined,
  GroupDescribed: undefined,
  ProjectCreated: undefined,
  ProjectChanged: undefined,
  ProjectDeactivated: undefined,
  SigningPolicyDeactivated: undefined,
  ArtifactConfigurationDescribed: undefined,
  ArtifactConfigurationDeactivated: undefined,
  // A key or certificate signs nothing before a policy names it.
  KeyGenerationRequested: undefined,
  KeyGenerated: undefined,
  KeyImportRequested: undefined,
  KeyImportPrepared: undefined,
  KeyImported: undefined,
  KeyDisabled: undefined,
  // Two people want it in any case.
  KeyDeletionRequested: undefined,
  KeyDeletionConfirmed: undefined,
  KeyDeletionWithdrawn: undefined,
  KeyDestroyed: undefined,
  CertificateRequested: undefined,
  CertificateIssued: undefined,
  CertificateSigningRequestCreated: undefined,
  // The next one of the same names and key: routine, which may be nobody's decision.
  CertificateRenewalRequested: undefined,
  CertificateExpiryChangeRequested: undefined,
  CertificateInstalled: undefined,
  CertificateEnrolmentFailed: undefined,
  CertificateExpiryWarned: undefined,
  CertificateExpired: undefined,
  CertificateDisabled: undefined,
  ChangeProposed: undefined,
  ChangeApproved: undefined,
  ChangeApprovalInvalidated: undefined,
  ChangeRejected: undefined,
  ChangeApplied: undefined,
  ChangeLapsed: undefined,
  // An approver's own decision, as an approval is: the rules say who is one.
  GrantGiven: undefined,
  GrantListed: undefined,
  GrantDelisted: undefined,
  GrantUseReserved: undefined,
  GrantRevoked: undefined,
  // A web hook is told what becomes of requests, and nothing that it answers counts.
  WebHookCreated: undefined,
  WebHookChanged: undefined,
  WebHookSecretRotated: undefined,
  WebHookDisabled: undefined,
  WebHookEnabled: undefined,
  WebHookDeleted: undefined,
  WebHookDeliveryAbandoned: undefined,
  WebHookDeliveryResendRequested: undefined,
  SigningRequestSubmitted: undefined,
  ArtifactRetrieved: undefined,
  // Judged by the policy's rules, which are controlled, and again by the signer.
  OriginVerified: undefined,
  OriginRejected: undefined,
  BuildDataAdded: undefined,
  SigningPlanned: undefined,
  ApprovalGranted: undefined,
  ApprovalInvalidated: undefined,
  ApprovalDenied: undefined,
  ApprovalExpired: undefined,
  SigningRequestCanceled: undefined,
  SigningRequestFailed: undefined,
  SigningRequestDelayed: undefined,
  SigningRequestResubmitted: undefined,
  SigningStarted: undefined,
  FilesSigned: undefined,
  ProvenanceSigned: undefined,
  SigningRequestCompleted: undefined,
}

function roleOfAdministrators({ role }: { readonly role: GlobalRole }): ControlledRule {
  return role === 'globalAdministrator' ? 'administrators' : 'people'
}

/** Which rule an event changes; `undefined` when it needs nobody's approval. */
export function ruleChangedBy(
  event: { readonly type: string; readonly data: object },
  context: ControlContext,
): ControlledRule | undefined {
  const control = Object.hasOwn(controls, event.type) ? controls[event.type as AnyDomainEvent['type']] : undefined
  return typeof control === 'function' ? control(event.data as never, context) : control
}
