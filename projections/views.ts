import type {
  Actor,
  ApiTokenId,
  ApiTokenScope,
  Approval,
  ArtifactConfiguration,
  Certificate,
  ChangeApproval,
  ChangeControl,
  ChangeProposal,
  ConfigurationVersion,
  EventMetadata,
  Grant,
  Group,
  Instant,
  Invitation,
  InvitationId,
  Key,
  KeyId,
  LinkSecret,
  OrganizationId,
  Project,
  ProjectSettings,
  ProxyKey,
  RefusalFacts,
  SigningPolicy,
  SigningPolicySettings,
  SigningRequest,
  SigningRequestId,
  TrustedBuildSystem,
  TrustedBuildSystemLink,
  TrustedBuildSystemTokenId,
  UnusualActivityDetected,
  UnusualActivityRule,
  UnusualSubject,
  User,
  Voucher,
  WebHook,
  WebHookSecret,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'

/** What every entity of the read model carries beside its state. */
export type Recorded = {
  /** The stream that its history is in. */
  readonly streamId: string
  /** When the entity's first event happened. */
  readonly createdAt: Instant
  /** When its newest event happened. */
  readonly updatedAt: Instant
  /** Revision of its newest event; its history is the revisions 0 to this one. */
  readonly revision: number
}

/** An organization. */
export type OrganizationView = Recorded & {
  readonly organizationId: OrganizationId
  readonly name: string
  readonly changeControl: ChangeControl | null
  /** What signs statements, where that is not the key of the policy's certificate. */
  readonly statementKeyId?: KeyId
}

/** An API token as people may see it: without its hash. */
export type ApiTokenView = {
  readonly tokenId: ApiTokenId
  readonly name: string
  readonly prefix: string
  readonly expiresAt: Instant | null
  /** That of the moment for which it was read. */
  readonly status: 'active' | 'revoked' | 'expired'
  readonly issuedAt: Instant
  readonly revokedAt: Instant | null
  readonly scope: ApiTokenScope
}

/** A person or a CI user. */
export type UserView = Recorded &
  Omit<User, 'tokens' | 'invitations' | 'addressProved'> & {
    readonly tokens: readonly ApiTokenView[]
    /** The last one; `null` for CI users, and for people whom the set-up added. */
    readonly invitation: InvitationView | null
  }

/** An invitation, without what accepts it. */
export type InvitationView = {
  readonly invitationId: InvitationId
  /** That of the moment for which it was read. */
  readonly status: Invitation['status'] | 'expired'
  readonly invitedAt: Instant
  readonly expiresAt: Instant
  /** Whether it is known that the account is not used by whoever invited. */
  readonly addressProved: boolean
}

/** A key in a key store. */
export type KeyView = Recorded & Key
/** Users that can be named together. */
export type GroupView = Recorded & Group

/** A certificate; its status is that of the moment it was read, so that it can be `expired`. */
export type CertificateView = Recorded & Omit<Certificate, 'status'> & { readonly status: CertificateStatusNow }

/** The status as people see it at a moment. */
export type CertificateStatusNow = Certificate['status'] | 'expired'

/** Who made a version of something, and when. */
export type VersionMade = { readonly at: Instant; readonly by: Actor }

/** The settings of a project as somebody made them. */
export type ProjectVersionMade = VersionMade & { readonly settings: ProjectSettings }

/** One version of a project's settings, from 1. */
export type ProjectVersion = ProjectVersionMade & { readonly version: number }

/** A project with all versions of its settings, the oldest first; the last one is in force. */
export type ProjectView = Recorded & Project & { readonly versions: readonly ProjectVersion[] }

/** A token of a trusted build system as people may see it: without its hash. */
export type TrustedBuildSystemTokenView = {
  readonly tokenId: TrustedBuildSystemTokenId
  readonly prefix: string
  /** That of the moment for which it was read. */
  readonly status: 'current' | 'replaced' | 'ended'
  readonly issuedAt: Instant
  readonly validUntil: Instant | null
}

/** A key of a build system's authentication proxy, and when it was registered the last time. */
export type ProxyKeyView = ProxyKey & { readonly registeredAt: Instant }

/** A link of a trusted build system to a project; of its secrets it is known that they are there. */
export type TrustedBuildSystemLinkView = Omit<TrustedBuildSystemLink, 'secrets'> & {
  readonly secrets: readonly (LinkSecret & { readonly setAt: Instant })[]
}

/** What vouches for calls of builds. */
export type TrustedBuildSystemView = Recorded &
  Omit<TrustedBuildSystem, 'tokens' | 'links' | 'proxyKeys'> & {
    readonly tokens: readonly TrustedBuildSystemTokenView[]
    readonly links: readonly TrustedBuildSystemLinkView[]
    readonly proxyKeys: readonly ProxyKeyView[]
  }

/** An address that is told of signing requests: without its secrets, which are kept elsewhere. */
export type WebHookView = Recorded &
  Omit<WebHook, 'authorizationId' | 'secrets' | 'lastAbandonedOn'> & {
    readonly hasAuthorization: boolean
    /** Those that sign at the moment for which it was read, the newest first. */
    readonly secrets: readonly (WebHookSecret & { readonly madeAt: Instant })[]
  }

/**
 * A proposed change of a rule; of a token that it makes, without its hash. Its status is that of the moment for which it was
 * read: one whose time is over is `lapsed`.
 */
export type ChangeProposalView = Recorded &
  Omit<ChangeProposal, 'approvals'> & { readonly approvals: readonly ChangeApprovalView[] }

/** An approval of a change, and when it was given. */
export type ChangeApprovalView = ChangeApproval & { readonly approvedAt: Instant }

/** Where a grant stands at a moment. */
export const grantStatuses = ['notYetInForce', 'inForce', 'usedUp', 'over', 'revoked'] as const

/** A use of a grant: reserved for a request, whose approval follows unless it ends before. */
export type GrantUseView = { readonly signingRequestId: SigningRequestId; readonly usedAt: Instant }

/** An approval in advance; its status is that of the moment for which it was read. */
export type GrantView = Recorded &
  Omit<Grant, 'status' | 'uses'> & {
    readonly status: (typeof grantStatuses)[number]
    /** In the order in which they were reserved. */
    readonly uses: readonly GrantUseView[]
    readonly revokedAt: Instant | null
  }

/** One version of what a policy demands, from 1. */
export type SigningPolicyVersion = VersionMade & {
  readonly version: number
  readonly settings: SigningPolicySettings
}

/** A signing policy with all its versions, the oldest first; the last one is in force. */
export type SigningPolicyView = Recorded &
  Omit<SigningPolicy, 'versions'> & { readonly versions: readonly SigningPolicyVersion[] }

/** One version of an artifact configuration's text, from 1. */
export type ArtifactConfigurationVersion = VersionMade & ConfigurationVersion & { readonly version: number }

/** An artifact configuration with all versions of its text, the oldest first; the last one is in force. */
export type ArtifactConfigurationView = Recorded &
  Omit<ArtifactConfiguration, 'versions'> & { readonly versions: readonly ArtifactConfigurationVersion[] }

/** One use of the key, or the try of it. */
export type SigningAttempt = {
  /** 1 for the first. */
  readonly attempt: number
  readonly startedAt: Instant
  /** SHA-256 of the signing certificate's DER, hexadecimal. */
  readonly certificateThumbprint: string
}

/** An approval: when it was given, and whether it counts towards the quorum. */
export type ApprovalView = Approval & { readonly approvedAt: Instant; readonly counts: boolean }

/** A signing request; `createdAt` is when it was submitted. */
export type SigningRequestView = Recorded &
  Omit<SigningRequest, 'approvals'> & {
    readonly approvals: readonly ApprovalView[]
    /** How many more are needed. */
    readonly missingApprovals: number
    readonly plannedAt: Instant | null
    readonly attemptsMade: readonly SigningAttempt[]
    /** When it reached its final status. */
    readonly finishedAt: Instant | null
    /** The build system that vouched for its submission; `null` when none did. */
    readonly vouchedBy: Voucher | null
  }

/** What lists show of a request: all that is known of it without reading its state. */
export type ListedSigningRequestView = Pick<
  SigningRequestView,
  | 'signingRequestId'
  | 'projectId'
  | 'signingPolicyId'
  | 'submitter'
  | 'workflowStatus'
  | 'createdAt'
  | 'description'
  | 'source'
  | 'artifact'
  | 'finishedAt'
  | 'missingApprovals'
>

/** An event as the API shows it. Hashes of tokens are left out of `data`. */
export type EventView = {
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly metadata: EventMetadata
  readonly streamId: string
  readonly revision: number
  readonly position: LogPosition
}

/** Refusals that were recorded together: those of one kind, or those beyond the kinds that are recorded one by one. */
export type SecurityRefusalView = RefusalFacts & {
  /** The id of the event. */
  readonly id: string
  readonly organizationId: OrganizationId
  readonly position: LogPosition
  readonly occurredAt: Instant
  readonly actor: Actor
  readonly remoteAddress: string | null
}

/** Something unusual that was recorded: one finding, or those beyond what is recorded one by one. */
export type UnusualActivityView = {
  /** The id of the event. */
  readonly id: string
  readonly organizationId: OrganizationId
  readonly position: LogPosition
  readonly occurredAt: Instant
  /** The address that the activity came from; `null` when it is not known, or of several. */
  readonly remoteAddress: string | null
  readonly rule: UnusualActivityRule
  /** How many findings it stands for. */
  readonly count: number
  readonly firstAt: Instant
  readonly lastAt: Instant
  /** Whom and what it is about, as far as they are named. */
  readonly subjects: readonly UnusualSubject[]
  /** How many of `count` are about others. */
  readonly unnamed: number
  /** `null` when it stands for findings about several. */
  readonly finding: UnusualActivityDetected['data'] | null
}
