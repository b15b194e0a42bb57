import { permissionsOfUseCases, type UseCase } from '../application/index.ts'
import { actingUser, type Permission, type UserId } from '../domain/index.ts'
import type { EventView, UserView } from '../projections/index.ts'

/**
 * Which permission each field of the API needs, by type: names of fields, separated by spaces. A field that stands nowhere
 * here, or twice, makes the schema fail. Fields that are use cases (all mutations) are not listed: `application/` says
 * what they need. Pages of lists (`…Connection`, `…Edge`, `PageInfo`) need what the field with the list needs.
 */
const fields: Readonly<Partial<Record<Permission, Readonly<Record<string, string>>>>> = {
  readOrganization: {
    AlternativeName: 'kind value',
    ArtifactConfiguration:
      'artifactConfigurationId createdAt current description events id isDefault name project revision slug status updatedAt versions',
    ArtifactConfigurationFindings: 'errors isValid warnings',
    ArtifactConfigurationPayload:
      'artifactConfiguration artifactConfigurationId changeProposal changeProposalId position',
    ArtifactConfigurationVersion: 'document documentDigest madeAt madeBy reason size version',
    ConfigurationFinding: 'code column line message',
    Actor: 'authentication component kind user userId vouchedBy',
    ApiToken:
      'access apiTokenId expiresAt issuedAt lastUsedAt lastUsedFrom name networks prefix projects revokedAt status',
    Approval: 'approvedAt approver comment counts grant planDigest through',
    ApprovalAnswer: 'position refusal signingRequest signingRequestId',
    ApprovalRefusal: 'code details message transient',
    ApproveSigningRequestsPayload: 'answers position',
    ApprovalProcess: 'approvers deadlineSeconds requiredApprovals submitterMayApprove',
    Artifact: 'fileName sha256 size',
    ArtifactSource: 'details fileName kind sha256 size',
    Authentication: 'apiTokenId authenticatedAt credentialId issuer method sessionId signInMethod',
    BuildNode: 'issuer rule serialNumber subject template',
    Cancellation: 'canceledAt canceledBy reason',
    Certificate:
      'alternativeNames certificateId chain commonName createdAt enrolment enrolmentFailure events id identity issuer key kind name notAfter notBefore openPgpKey pem renewBeforeHours renewalRequested renews restrictions revision runningRequests serialNumber signingPolicies signingRequest status subject thumbprint thumbprintSha1 updatedAt',
    CertificateIdentity: 'appxPublisher extendedKeyUsages issuingKey key publicKeyToken',
    CertificatePayload: 'certificate certificateId changeProposal changeProposalId position',
    CertificateRestrictions: 'minimumApprovals originVerification timestamp',
    ChangeApproval: 'approvedAt approver comment',
    ChangeControl: 'lifetimeSeconds requiredApprovals',
    ChangeControlPayload: 'changeProposal organization position',
    ChangeProposal:
      'approvals author baseRevision changeProposalId createdAt difference events expiresAt id lapsed mentioned missingApprovals pastSimulation permission proposedDocument proposedEvents reason rejection requiredApprovals revision status target targetStreamId updatedAt',
    ChangeProposalPayload: 'changeProposal changeProposalId position',
    ChangeRejection: 'comment rejectedBy',
    ContinuityFinding: 'after aspect before effect severity',
    ContentDigest: 'algorithm content digest',
    Denial: 'approver comment deadline deniedAt kind',
    DirectiveAttribute: 'name title value',
    Enrolment: 'by renewBeforeDays server',
    EnrolmentFailure: 'code message',
    Event: 'actor causationId correlationId data entityId eventId occurredAt position revision streamId type',
    ExistingSignature:
      'depth digestAlgorithm integrity issuer kind outcome place reason serialNumber sha256 signer timestamp uncovered',
    ExistingTimestamp: 'authority integrity kind time uncovered',
    FieldDifference: 'after before kind path',
    Failure: 'code failedAt message path remedy',
    Grant:
      'branches certificateThumbprint comment createdAt events fileNames from giver grantId id maximumRequests project revision revocation signingPolicy signingPolicyVersion status until updatedAt uses versions',
    GrantPayload: 'grant grantId position',
    GrantRevocation: 'reason revokedAt revokedBy',
    GrantUse: 'signingRequest usedAt',
    Group: 'createdAt description events groupId id memberCount members name revision runningRequests updatedAt',
    GroupPayload: 'changeProposal changeProposalId group groupId position',
    HistoryEntry: 'changes event',
    Invitation: 'addressProved expiresAt invitationId invitedAt status',
    InvitationPayload: 'changeProposal changeProposalId expiresAt invitationId position token user userId',
    IssuedApiTokenPayload: 'apiTokenId changeProposal changeProposalId position token user userId',
    Key: 'algorithm certificates ckaId createdAt deletion events id keyId keyStore label name origin potentiallyExposed publicKey revision runningRequests status token updatedAt',
    ImportCertificatePayload: 'certificate certificateId key position transportKey',
    KeyDeletion: 'confirmedBy expiresAt reason requestedBy',
    KeyPayload: 'key keyId position',
    KeyToken: 'label manufacturer model serialNumber',
    MadeSignature: 'directive timestamp',
    MatchedElement: 'column line name path',
    FoundMetadata: 'name value',
    PlannedConfiguration: 'artifactConfiguration artifactConfigurationId document documentDigest parameters version',
    PlanParameter: 'name value',
    Organization: 'changeControl createdAt events id name organizationId revision statementKey updatedAt',
    StatementKeyPayload: 'changeProposal organization position',
    MentionedEntity: 'entityId kind name',
    NotificationPreference: 'delivery kind',
    OtherwiseDifference: 'after before rule',
    PastSimulation: 'examined treatedOtherwise',
    PolicySimulation: 'rules wouldBeSigned',
    RunningRequests: 'complete signingRequests',
    RuleOutcome: 'code input message outcome rule',
    TreatedOtherwise: 'differences signingRequest',
    PlanNode:
      'children container descendantCount directives element existingSignatures format formatTitle index kind metadata outcome outputs parent path sha256 size warnings',
    PrincipalReference: 'group user',
    ProposedDocument: 'after before',
    ProposedEvent: 'data type',
    Project:
      'artifactConfigurations configurators createdAt defaultArtifactConfiguration description events id name projectId readers repositoryUrl revision signingPolicies slug status trustedBuildSystemLinks trustedBuildSystems updatedAt versions',
    ProjectPayload: 'changeProposal changeProposalId position project projectId',
    ProjectVersion: 'configurators description madeAt madeBy name readers repositoryUrl version',
    Query:
      'artifactConfiguration artifactConfigurations certificate certificates changeProposal changeProposals grant grants group groups history key keys node nodes organization policySimulation project projects signingPolicies signingPolicy signingRequest signingRequests trustedBuildSystem trustedBuildSystems user users viewer webHook webHooks',
    SignedFile: 'node path signatures signedSha256 signedSize unsignedSha256',
    SigningAttempt: 'attempt certificateThumbprint startedAt',
    SigningDirective: 'attributes contentDigests directive',
    SigningManifest: 'digest document fileCount files page',
    SigningPlan:
      'approvalDeadline artifactConfiguration certificateThumbprint digest document fileCount files nodeCount nodes page plannedAt plannerVersion',
    SigningProvenance: 'bundle bundleLink envelope envelopeLink key',
    SigningPolicy: 'createdAt current events id name project revision signingPolicyId slug status updatedAt versions',
    SigningPolicyPayload: 'changeProposal changeProposalId position signingPolicy signingPolicyId',
    SigningPolicyVersion:
      'approval certificate changeControl existingSignatures hashSigningAllowed madeAt madeBy name originVerification release submitters timestamp trustedBuildSystemRequired version',
    OriginVerification: 'allowedBranches sourceSummary',
    SourceSummaryRule: 'level maximumAgeSeconds verifiers',
    SourceVerifier: 'id publicKeys',
    SigningRequest:
      'addedBuildData approvalProcess approvals artifact artifactConfiguration attempts build cancelAt cancellation certificate claimedOrigin createdAt demandedOrigin denial description events existingSignatures failure finishedAt hashSigningAllowed id isFinalStatus manifest missingApprovals origin peopleBehind plan programDescription programUrl project provenance resubmissions resubmittedFrom revision signedArtifact signedArtifactLink signingPolicy signingPolicyVersion signingRequestId source status submittedAt submitter timestamp unsignedArtifactLink updatedAt uploadLink version vouchedBy waitingFor workflowStatus',
    AddedBuildData: 'builtArtifact commitId repositoryType repositoryUrl settingsFileName settingsSha256',
    DemandedOrigin: 'allowedBranches repositoryUrl sourceSummary',
    RequestOrigin: 'checks evidence kind proof trustedBuildSystem verified',
    VerifiedOrigin: 'actors build commitId node refKind refName repositoryId repositoryOwnerId repositoryUrl',
    VerifiedBuild: 'attempt buildId calledDefinition definition runners trigger url',
    BuildActor: 'actorId name role system',
    LinkedBuildActor: 'actorId system',
    OriginCheck: 'code inputs message name outcome',
    OriginCheckInput: 'name value',
    OriginEvidence: 'fileName link mediaType name sha256 size',
    ClaimedOrigin: 'buildData repositoryData sourceSummaries trustedBuildSystem',
    ClaimedRepository: 'branchName commitId sourceControlManagementType url',
    ClaimedBuild: 'buildSettingsFile url',
    BuildReference: 'fields secretNames',
    SigningRequestPayload: 'position signingRequest signingRequestId',
    SignHashesPayload: 'position signatures signingRequest signingRequestId status workflowStatus',
    SourceDetail: 'name value',
    SubmissionCheck: 'accepted refusal signingRequestId',
    SubmissionRefusal: 'code details message',
    Subscription: 'signingRequest signingRequestsChanged',
    Timestamp: 'authority time uncovered',
    IssuedTrustedBuildSystemTokenPayload:
      'changeProposal changeProposalId position token tokenId trustedBuildSystem trustedBuildSystemId',
    TrustedBuildSystem:
      'createdAt description events id kind links name projectCount projects proxyKeys revision runningRequests slug status tokens trustedBuildSystemId updatedAt',
    TrustedBuildSystemLink: 'project projectId secrets settings trustedBuildSystem trustedBuildSystemId',
    TrustedBuildSystemLinkSecret: 'name setAt',
    TrustedBuildSystemPayload: 'changeProposal changeProposalId position trustedBuildSystem trustedBuildSystemId',
    ProxyKey: 'keyId publicKey registeredAt status',
    RegisteredProxyKeyPayload: 'changeProposal changeProposalId keyId position trustedBuildSystem trustedBuildSystemId',
    TrustedBuildSystemToken: 'issuedAt prefix status tokenId validUntil',
    User: 'createdAt id kind name personalData responsible revision roles runningRequests status updatedAt userId',
    UserErasurePayload: 'changeProposal changeProposalId keyDestroyed position user userId',
    UserPayload: 'changeProposal changeProposalId position user userId',
    Viewer: 'apiToken name organization roles user userId',
    Voucher: 'method node nodeStatement trustedBuildSystem trustedBuildSystemId',
    WebHook:
      'createdAt disabled eventTypes events hasAuthorization id name project revision secrets status updatedAt url webHookId',
    WebHookAttempt: 'answer at durationMs failure message round status url',
    WebHookDelivery: 'attemptCount body createdAt deliveryId eventType finishedAt nextAttemptAt signingRequest status',
    WebHookDeliveryResentPayload: 'deliveryId position',
    WebHookDeliveryWithAttempts: 'attempts delivery',
    WebHookDisabling: 'cause reason',
    WebHookPayload: 'position secret webHook webHookId',
    WebHookSecret: 'madeAt secretId validUntil',
    WaitingReason: 'code message nextTryAt path remedy since',
  },
  readAuditLog: { Query: 'events', Subscription: 'events' },
  readRefusals: {
    Query: 'securityRefusals',
    PresentedToken: 'apiTokenId user userId',
    SecurityRefusal:
      'actor code commands count eventId firstAt kinds lastAt occurredAt position presented remoteAddress subject unnamed',
    SecurityRefusalKind: 'actor code commands count presented remoteAddress',
  },
  readUnusualActivity: {
    Query: 'unusualActivity',
    Subscription: 'unusualActivity',
    Evidence: 'eventId streamId',
    UnusualActivity:
      'apiTokenId count description eventId evidence firstAt lastAt occurredAt position remoteAddress rule seen signingRequestId subjects unnamed usual',
    UnusualSubject: 'about signingPolicy signingPolicyId user userId',
  },
  readAddresses: { Event: 'remoteAddress' },
  readPrivateUserData: { User: 'apiTokens buildActors email invitation notificationPreferences' },
}

/** Whom a field is about, where that one may see it for being so. */
const subjects: Readonly<Record<string, (parent: never) => UserId | null>> = {
  'Event.remoteAddress': ({ metadata }: EventView) => actingUser(metadata.actor),
  'User.buildActors': ({ userId }: UserView) => userId,
  'User.apiTokens': ({ userId }: UserView) => userId,
  'User.email': ({ userId }: UserView) => userId,
  'User.invitation': ({ userId }: UserView) => userId,
  'User.notificationPreferences': ({ userId }: UserView) => userId,
}

/** The permission that a field needs, and whom it is about where that matters. */
export type FieldPermission = {
  readonly permission: Permission
  readonly subjectOf?: (parent: never) => UserId | null
}

/** Every field that the table names, as `Type.field`. @throws Error when it names one twice */
export const fieldPermissions: ReadonlyMap<string, FieldPermission> = byField()

function byField(): ReadonlyMap<string, FieldPermission> {
  const needed = new Map<string, FieldPermission>()
  for (const [permission, types] of Object.entries(fields))
    for (const [type, names] of Object.entries(types))
      for (const name of names.split(' ')) {
        const field = `${type}.${name}`
        if (needed.has(field)) throw new Error(`field-permissions.ts names ${field} twice.`)
        const subjectOf = subjects[field]
        needed.set(field, { permission: permission as Permission, ...(subjectOf === undefined ? {} : { subjectOf }) })
      }
  return needed
}

/** The use case that a root field is, by its name. */
export function useCaseOf(field: string): UseCase | undefined {
  return Object.hasOwn(permissionsOfUseCases, field) ? (field as UseCase) : undefined
}
