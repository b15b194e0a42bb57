import type { EntityEvent } from '../documents/requests.ts'
import { count, readableSize, readableTime } from './quantities.ts'
import { type Marker, table } from './table.ts'

/** What happened, in a few words. A type that this version does not know is shown by its name. */
export function eventText({ type, data, actor }: EntityEvent): string {
  const describe = Object.hasOwn(descriptions, type) ? descriptions[type] : undefined
  return describe === undefined
    ? type
    : describe(data, actor.user?.name ?? (actor.kind === 'system' ? 'the service' : 'somebody'))
}

/** What happened to something, a line for each event. */
export function timeLine(events: readonly EntityEvent[], marker: Marker): string {
  const rows = events.map((event) => [readableTime(event.occurredAt), eventText(event), actorName(event)])
  return table(['time', 'what', 'by'], rows, marker)
}

/** Who caused an event. */
export function actorName({ actor }: EntityEvent): string {
  return actor.user?.name ?? actor.component ?? actor.kind
}

type Data = EntityEvent['data']

const descriptions: Readonly<Record<string, (data: Data, who: string) => string>> = {
  SigningRequestSubmitted: ({ source, artifactConfiguration }, who) =>
    `Submitted ${fileName(source)} by ${who}${sourceText(source)}${configurationText(artifactConfiguration)}`,
  ArtifactRetrieved: ({ size }) => `Artifact stored, ${readableSize(Number(size))}`,
  OriginVerified: ({ origin, kind }) => `Origin verified by ${kind}: ${originText(origin)}`,
  OriginRejected: ({ checks, kind }) => `Origin rejected by ${kind}: ${rejectionText(checks)}`,
  BuildDataAdded: ({ artifact, settings, repository }) =>
    `Build data added to ${fileName(artifact)}: ${buildDataText(settings, repository)}`,
  SigningPlanned: ({ fileCount, planDigest }) => `Planned ${count(Number(fileCount), 'file')}, plan ${planDigest}`,
  ApprovalGranted: ({ comment, approver, grantId }, who) =>
    typeof grantId === 'string'
      ? `Approved in advance by the user ${approver}, by the grant ${grantId}`
      : `Approved by ${who}${quoted(comment)}`,
  ApprovalInvalidated: ({ approver, reason }) =>
    `The approval of the user ${approver} counts no longer: ${invalidations[String(reason)] ?? reason}`,
  ApprovalDenied: ({ comment }, who) => `Denied by ${who}${quoted(comment)}`,
  ApprovalExpired: () => 'Denied: the deadline passed without enough approvals',
  SigningRequestCanceled: ({ reason }, who) => `Canceled by ${who}${quoted(reason)}`,
  SigningStarted: ({ attempt }) => (attempt === 1 ? 'Signing' : `Signing, attempt ${attempt}`),
  FilesSigned: ({ fileCount, manifestDigest }) =>
    `Signed ${count(Number(fileCount), 'file')}, manifest ${manifestDigest}`,
  ProvenanceSigned: ({ keyId }) => `Signed where it comes from (provenance), by the key ${keyId}`,
  SigningRequestCompleted: ({ signedArtifact }) => `Completed: ${fileName(signedArtifact)} is ready`,
  SigningRequestResubmitted: ({ resubmittedAs }) => `Submitted again, as the signing request ${resubmittedAs}`,
  SigningRequestDelayed: ({ failure }) => `Waiting: ${failureText(failure)}`,
  SigningRequestFailed: ({ failure }) => `Failed: ${failureText(failure)}`,

  StatementKeyChanged: ({ keyId }, who) =>
    `Statements signed by ${keyId === null ? "the key of the policy's certificate" : `the key ${keyId}`} from now on, said by ${who}`,

  ProjectCreated: (_, who) => `Created by ${who}`,
  ProjectChanged: (_, who) => `Changed by ${who}`,
  ProjectRepositoryChanged: ({ repositoryUrl }, who) =>
    `Changed by ${who}, with ${repositoryUrl === null ? 'no repository' : `the repository ${repositoryUrl}`}`,
  DefaultArtifactConfigurationChanged: ({ artifactConfigurationId: chosen }, who) =>
    `${chosen === null ? 'No artifact configuration' : `The artifact configuration ${chosen}`} made the default by ${who}`,
  ProjectDeactivated: ({ reason }, who) => `Deactivated by ${who}${quoted(reason)}`,
  ProjectReactivated: (_, who) => `Reactivated by ${who}`,

  UserCreated: ({ kind }, who) => `Added by ${who} as ${kind === 'ci' ? 'a CI user' : 'a person'}`,
  UserDeactivated: ({ reason }, who) => `Deactivated by ${who}${quoted(reason)}`,
  UserReactivated: (_, who) => `Reactivated by ${who}`,
  UserErased: (_, who) => `Erased by ${who}`,
  AdministratorAppointed: () => 'Made Global Administrator by the operator of the machine',
  GlobalRoleGranted: ({ role }, who) => `Given the role ${role} by ${who}`,
  GlobalRoleWithdrawn: ({ role }, who) => `The role ${role} taken by ${who}`,
  ApiTokenIssued: ({ name }, who) => `API token ${name} made by ${who}`,
  ApiTokenRevoked: ({ tokenId }, who) => `API token ${tokenId} revoked by ${who}`,
  ApiTokenUsed: ({ tokenId, day }) => `API token ${tokenId} used on ${day}`,
  InvitationIssued: ({ expiresAt }, who) => `Invited by ${who}, until ${readableTime(String(expiresAt))}`,
  InvitationRevoked: (_, who) => `Invitation revoked by ${who}`,
  NotificationPreferencesChanged: (_, who) => `Chose what ${who} is told of by e-mail`,
  BuildActorLinked: ({ system, actorId }, who) => `Said by ${who} to be the actor ${actorId} of ${system}`,
  BuildActorUnlinked: ({ system, actorId }, who) => `Said by ${who} to be the actor ${actorId} of ${system} no longer`,
  BuildActorUserListed: ({ userId }) => `The user ${userId} may be linked with this actor of a build system`,
  InvitationAccepted: () => 'Invitation accepted',
  EmailAddressProved: (_, who) => `Said by ${who} to be used by whom the address belongs to`,

  TrustedBuildSystemCreated: ({ kind }, who) => `Created by ${who} as ${kind}`,
  TrustedBuildSystemChanged: ({ name }, who) => `Changed by ${who}: ${name}`,
  TrustedBuildSystemTokenIssued: ({ prefix, previousTokenValidUntil: until }, who) =>
    `Token ${prefix}… made by ${who}${until === null ? '' : `, the one before works until ${until}`}`,
  TrustedBuildSystemDisabled: ({ reason }, who) => `Disabled by ${who}${quoted(reason)}`,
  TrustedBuildSystemEnabled: (_, who) => `Enabled by ${who}`,
  TrustedBuildSystemLinked: ({ projectId, ...link }, who) =>
    `Linked to the project ${projectId} by ${who}${linkText(link)}`,
  TrustedBuildSystemLinkChanged: ({ projectId, ...link }, who) =>
    `Link to the project ${projectId} changed by ${who}${linkText(link)}`,
  TrustedBuildSystemUnlinked: ({ projectId }, who) => `Unlinked from the project ${projectId} by ${who}`,
  TrustedBuildSystemProxyKeyRegistered: ({ keyId }, who) => `Key ${keyId} of a proxy registered by ${who}`,
  TrustedBuildSystemProxyKeyRemoved: ({ keyId, reason }, who) =>
    `Key ${keyId} of a proxy removed by ${who}${quoted(reason)}`,

  WebHookCreated: ({ url }, who) => `Created by ${who} for ${url}`,
  WebHookChanged: ({ url }, who) => `Changed by ${who}, for ${url}`,
  WebHookSecretRotated: ({ previousSecretValidUntil: until }, who) =>
    `Secret replaced by ${who}${until === null ? '' : `, the one before signs until ${until}`}`,
  WebHookDisabled: ({ cause, reason }, who) =>
    cause === 'gone' ? 'Turned off: its receiver answered that it is gone' : `Turned off by ${who}${quoted(reason)}`,
  WebHookEnabled: (_, who) => `Turned on by ${who}`,
  WebHookDeleted: (_, who) => `Deleted by ${who}`,
  WebHookDeliveryAbandoned: ({ deliveryId, lastFailure }) =>
    `Not told for three days: ${lastFailure}, delivery ${deliveryId}`,
  WebHookDeliveryResendRequested: ({ deliveryId }, who) => `Delivery ${deliveryId} sent again by ${who}`,

  GroupCreated: ({ members }, who) =>
    `Created by ${who} with ${count((members as readonly unknown[]).length, 'member')}`,
  GroupDescribed: ({ name }, who) => `Described anew by ${who}: ${name}`,
  GroupMembersChanged: ({ added, removed }, who) =>
    `${count((added as readonly unknown[]).length, 'member')} added and ${(removed as readonly unknown[]).length} removed by ${who}`,

  SigningPolicyCreated: ({ settings }, who) => `Created by ${who}${hashSigningText(settings)}`,
  SigningPolicyChanged: ({ version, settings }, who) => `Version ${version} made by ${who}${hashSigningText(settings)}`,
  SigningPolicyDeactivated: ({ reason }, who) => `Deactivated by ${who}${quoted(reason)}`,
  SigningPolicyReactivated: (_, who) => `Reactivated by ${who}`,

  ArtifactConfigurationCreated: ({ documentDigest }, who) => `Created by ${who}, document ${documentDigest}`,
  ArtifactConfigurationChanged: ({ version, documentDigest, reason }, who) =>
    `Version ${version} made by ${who}, document ${documentDigest}${quoted(reason)}`,
  ArtifactConfigurationDescribed: ({ name }, who) => `Named by ${who}: ${name}`,
  ArtifactConfigurationDeactivated: ({ reason }, who) => `Deactivated by ${who}${quoted(reason)}`,
  ArtifactConfigurationReactivated: (_, who) => `Reactivated by ${who}`,

  KeyGenerationRequested: ({ keyStore }, who) => `Asked for by ${who}, to be made in the key store ${keyStore}`,
  KeyGenerated: ({ token }) => `Made in ${tokenText(token)}`,
  KeyImportRequested: ({ keyStore }, who) => `Asked for by ${who}, to be brought into the key store ${keyStore}`,
  KeyImportPrepared: () => 'The key store waits for it',
  KeyImported: ({ token }) => `Brought into ${tokenText(token)}`,
  KeyDeletionRequested: ({ reason, expiresAt }, who) =>
    `To be destroyed, says ${who}; can be confirmed until ${readableTime(String(expiresAt))}${quoted(reason)}`,
  KeyDeletionConfirmed: (_, who) => `Its destruction was confirmed by ${who}`,
  KeyDeletionWithdrawn: ({ reason }, who) => `Kept by ${who}${quoted(reason)}`,
  KeyDestroyed: ({ wasInStore }) => (wasInStore === true ? 'Destroyed' : 'Destroyed: its key store did not have it'),
  KeyDisabled: ({ reason }, who) => `Disabled by ${who}${quoted(reason)}`,

  CertificateRequested: ({ kind }, who) =>
    `${kind === 'imported' ? 'Imported' : 'Asked for'} by ${who}, ${kindTexts[String(kind)] ?? String(kind)}`,
  CertificateRenewalRequested: () => 'The next certificate was asked for',
  CertificateExpiryChangeRequested: ({ expiresAt }, who) =>
    `${who} had it end ${expiresAt === null ? 'never' : `at ${readableTime(String(expiresAt))}`}`,
  CertificateSigningRequestCreated: () => 'The request to the authority is ready',
  CertificateIssued: ({ notAfter }) =>
    String(notAfter).startsWith('9999') ? 'Issued, without an end' : `Issued until ${readableTime(String(notAfter))}`,
  CertificateInstalled: ({ issuer, notAfter }) =>
    `Installed, issued by ${issuer} until ${readableTime(String(notAfter))}`,
  CertificateEnrolmentFailed: (failure) => `The EST server has not issued: ${failureText(failure)}`,
  CertificateRestrictionsChanged: (_, who) => `Restricted otherwise by ${who}`,
  CertificateDisabled: ({ reason }, who) => `Disabled by ${who}${quoted(reason)}`,
  CertificateEnabled: ({ reason }, who) => `Enabled by ${who}${quoted(reason)}`,
  CertificateExpiryWarned: ({ days }) => `Ends in ${days === 1 ? 'one day' : `${days} days`} or less`,
  CertificateExpired: () => 'Has ended',

  GrantGiven: ({ maximumRequests, until }, who) =>
    `Given by ${who} for ${count(Number(maximumRequests), 'request')} until ${readableTime(String(until))}`,
  GrantUseReserved: ({ signingRequestId }) => `Used for the request ${signingRequestId}`,
  GrantRevoked: ({ reason }, who) => `Revoked by ${who}${quoted(reason)}`,

  ChangeProposed: ({ reason }, who) => `Proposed by ${who}${quoted(reason)}`,
  ChangeApproved: ({ comment }, who) => `Approved by ${who}${quoted(comment)}`,
  ChangeApprovalInvalidated: ({ approver }) =>
    `The approval of the user ${approver} counts no longer: they may not approve such changes any more`,
  ChangeRejected: ({ comment }, who) => `Rejected by ${who}${quoted(comment)}`,
  ChangeApplied: ({ revision }) => `Applied, as revision ${revision}`,
  ChangeLapsed: ({ reason }) =>
    reason === 'expired' ? 'Lapsed: its time is over' : 'Lapsed: what it changes was changed meanwhile',
}

/** What a link says, by the names of its settings and secrets; nothing for one of the first form. */
function linkText({ settings, secrets }: Data): string {
  const names = [
    ...Object.keys((settings ?? {}) as object),
    ...((secrets ?? []) as readonly { readonly name: string }[]).map(({ name }) => `secret ${name}`),
  ]
  return names.length === 0 ? '' : `, with ${names.join(', ')}`
}

/** Repository, branch or tag, and commit, of an origin as its event says it. */
function originText(origin: unknown): string {
  const { repository, ref, commitId } = origin as {
    readonly repository?: { readonly url: string }
    readonly ref?: { readonly kind: string; readonly name: string }
    readonly commitId?: string
  }
  return `${repository?.url ?? '?'}, ${ref?.kind ?? 'ref'} ${ref?.name ?? '?'}, commit ${commitId ?? '?'}`
}

function buildDataText(settings: unknown, repository: unknown): string {
  const { fileName: settingsFile } = settings as { readonly fileName?: string }
  const { url, commitId } = repository as { readonly url?: string; readonly commitId?: string }
  return `${settingsFile ?? '?'}, ${url ?? '?'}, commit ${commitId ?? '?'}`
}

function rejectionText(checks: unknown): string {
  const failed = (checks as readonly { readonly outcome: string; readonly code: string | null }[]).filter(
    ({ outcome }) => outcome === 'failed',
  )
  return failed.map(({ code }) => code ?? '?').join(', ') || 'nothing could be said of it'
}

const invalidations: Readonly<Record<string, string>> = {
  removedFromGroup: 'they left the groups that may approve',
  userDeactivated: 'they were deactivated',
  grantRevoked: 'the grant by which it was given was revoked',
}

/** Signatures by such a policy need not be of what anybody of the service has seen: whoever audits must read it. */
function hashSigningText(settings: unknown): string {
  const allowed = typeof settings === 'object' && settings !== null && 'hashSigningAllowed' in settings
  return allowed ? ', allows hash signing' : ''
}

function fileName(artifact: unknown): string {
  return String((artifact as { fileName?: unknown } | undefined)?.fileName ?? 'the artifact')
}

/** Where an artifact is to come from that was not sent with its submission. */
function sourceText(source: unknown): string {
  const { kind, details } = (source ?? {}) as { kind?: unknown; details?: Readonly<Record<string, unknown>> }
  if (kind === 'link') return `, to be fetched from ${details?.url}`
  if (kind === 'announcedUpload') return ', to be sent later'
  return kind === 'earlierRequest' ? `, as in the signing request ${details?.signingRequestId}` : ''
}

/** By what it is planned, where that is an artifact configuration. */
function configurationText(configuration: unknown): string {
  if (typeof configuration !== 'object' || configuration === null) return ''
  const { artifactConfigurationId, version } = configuration as { artifactConfigurationId?: unknown; version?: unknown }
  return `, by version ${version} of the artifact configuration ${artifactConfigurationId}`
}

const kindTexts: Readonly<Record<string, string>> = {
  selfSigned: 'to be self-signed',
  authority: 'to be issued by an authority',
  imported: 'with its key',
  openPgp: 'as an OpenPGP key',
}

function tokenText(token: unknown): string {
  const { label, serialNumber } = (token ?? {}) as { label?: unknown; serialNumber?: unknown }
  return `the token ${label}, serial number ${serialNumber}`
}

function failureText(failure: unknown): string {
  const { code, message } = (failure ?? {}) as { code?: unknown; message?: unknown }
  return `${code}: ${message}`
}

function quoted(comment: unknown): string {
  return typeof comment === 'string' && comment !== '' ? `: ${comment}` : ''
}
