import type {
  ArtifactConfigurationId,
  CertificateId,
  ChangeProposal,
  ChangeProposalId,
  Delay,
  GrantId,
  GroupId,
  Instant,
  KeyId,
  OrganizationId,
  ProjectId,
  RequestStatus,
  SigningPolicyId,
  SigningRequestId,
  TrustedBuildSystemId,
  UserId,
  WebHookId,
  WorkflowStatus,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { EntityKind } from './entity-history.ts'
import type { Page, PageRequest } from './page.ts'
import type { SecurityRecordFilter } from './security-records.ts'
import type {
  ArtifactConfigurationView,
  CertificateView,
  ChangeProposalView,
  EventView,
  GrantView,
  GroupView,
  KeyView,
  ListedSigningRequestView,
  OrganizationView,
  ProjectView,
  Recorded,
  SecurityRefusalView,
  SigningPolicyView,
  SigningRequestView,
  TrustedBuildSystemView,
  UnusualActivityView,
  UserView,
  WebHookView,
} from './views.ts'

export type { SecurityRecordFilter } from './security-records.ts'

/** Which signing requests to list. What is left out does not restrict. */
export type SigningRequestFilter = {
  readonly projectId?: ProjectId
  readonly signingPolicyId?: SigningPolicyId
  readonly submitter?: UserId
  /** Any of these. An empty list matches nothing. */
  readonly workflowStatuses?: readonly WorkflowStatus[]
  /** Any of these. An empty list matches nothing. */
  readonly statuses?: readonly RequestStatus[]
  /** Submitted at this moment or later. */
  readonly submittedFrom?: Instant
  /** Submitted before this moment. */
  readonly submittedBefore?: Instant
}

/** Which events to list. What is left out does not restrict. */
export type EventFilter = {
  readonly streamId?: string
  /** Any of these types. An empty list matches nothing. */
  readonly types?: readonly string[]
  readonly occurredFrom?: Instant
  readonly occurredBefore?: Instant
}

/** Revisions of one stream, both ends included. */
export type StreamRange = { readonly streamId: string; readonly from: number; readonly to: number }

/**
 * What queries read. Everything but {@link ReadModel.position} and what waits for it is of one organization: things of
 * another one are not found. `…ByIds` answer in the order of the ids, with `undefined` for what does not exist.
 *
 * Every method fails with `ReadModelError` when the database cannot be reached or holds no tables of this release, and with
 * `Refusal` for malformed cursors and pages.
 */
export interface ReadModel {
  /**
   * For readiness: whether queries can be answered.
   *
   * @throws ReadModelError `READ_MODEL_NOT_READY`, `READ_MODEL_UNAVAILABLE`
   */
  check(): Promise<void>
  organization(organizationId: OrganizationId): Promise<OrganizationView | undefined>
  /** What every entity has, of one of whatever kind. */
  recorded(organizationId: OrganizationId, kind: EntityKind, id: string): Promise<Recorded | undefined>
  usersByIds(organizationId: OrganizationId, ids: readonly UserId[]): Promise<(UserView | undefined)[]>
  keysByIds(organizationId: OrganizationId, ids: readonly KeyId[]): Promise<(KeyView | undefined)[]>
  groupsByIds(organizationId: OrganizationId, ids: readonly GroupId[]): Promise<(GroupView | undefined)[]>
  certificatesByIds(
    organizationId: OrganizationId,
    ids: readonly CertificateId[],
  ): Promise<(CertificateView | undefined)[]>
  projectsByIds(organizationId: OrganizationId, ids: readonly ProjectId[]): Promise<(ProjectView | undefined)[]>
  artifactConfigurationsByIds(
    organizationId: OrganizationId,
    ids: readonly ArtifactConfigurationId[],
  ): Promise<(ArtifactConfigurationView | undefined)[]>
  signingPoliciesByIds(
    organizationId: OrganizationId,
    ids: readonly SigningPolicyId[],
  ): Promise<(SigningPolicyView | undefined)[]>
  trustedBuildSystemsByIds(
    organizationId: OrganizationId,
    ids: readonly TrustedBuildSystemId[],
  ): Promise<(TrustedBuildSystemView | undefined)[]>
  webHooksByIds(organizationId: OrganizationId, ids: readonly WebHookId[]): Promise<(WebHookView | undefined)[]>
  changeProposalsByIds(
    organizationId: OrganizationId,
    ids: readonly ChangeProposalId[],
  ): Promise<(ChangeProposalView | undefined)[]>
  grantsByIds(organizationId: OrganizationId, ids: readonly GrantId[]): Promise<(GrantView | undefined)[]>
  signingRequestsByIds(
    organizationId: OrganizationId,
    ids: readonly SigningRequestId[],
  ): Promise<(SigningRequestView | undefined)[]>

  /** The project with a slug (lower case). */
  projectBySlug(organizationId: OrganizationId, slug: string): Promise<ProjectView | undefined>
  /** The certificates of each key, the oldest first. */
  certificatesOfKeys(organizationId: OrganizationId, keyIds: readonly KeyId[]): Promise<(readonly CertificateView[])[]>
  /** The policies whose version in force uses each certificate, by slug. */
  signingPoliciesOfCertificates(
    organizationId: OrganizationId,
    certificateIds: readonly CertificateId[],
  ): Promise<(readonly SigningPolicyView[])[]>
  /** The policies of each project, by slug. */
  signingPoliciesOfProjects(
    organizationId: OrganizationId,
    projectIds: readonly ProjectId[],
  ): Promise<(readonly SigningPolicyView[])[]>

  /** The artifact configurations of each project, by slug. */
  artifactConfigurationsOfProjects(
    organizationId: OrganizationId,
    projectIds: readonly ProjectId[],
  ): Promise<(readonly ArtifactConfigurationView[])[]>

  /** The trusted build system with a slug (lower case). */
  trustedBuildSystemBySlug(organizationId: OrganizationId, slug: string): Promise<TrustedBuildSystemView | undefined>
  /** The trusted build systems that are linked to each project, or once were, by id. */
  trustedBuildSystemsOfProjects(
    organizationId: OrganizationId,
    projectIds: readonly ProjectId[],
    which: 'linked' | 'everLinked',
  ): Promise<(readonly TrustedBuildSystemView[])[]>

  /**
   * A few of the active policies that let a user submit, themselves or through a group, ten at the most; which, does not
   * matter.
   */
  policiesToSubmitTo(organizationId: OrganizationId, userId: UserId): Promise<readonly SigningPolicyId[]>

  /** Everybody who is a Global Administrator, deactivated users too, in no order. */
  globalAdministrators(organizationId: OrganizationId): Promise<readonly UserId[]>

  /** By slug. */
  listProjects(organizationId: OrganizationId, page: PageRequest): Promise<Page<ProjectView>>
  /** By slug. */
  listSigningPolicies(
    organizationId: OrganizationId,
    filter: { readonly projectId?: ProjectId; readonly slug?: string },
    page: PageRequest,
  ): Promise<Page<SigningPolicyView>>
  /** By slug. */
  listArtifactConfigurations(
    organizationId: OrganizationId,
    filter: { readonly projectId?: ProjectId; readonly slug?: string },
    page: PageRequest,
  ): Promise<Page<ArtifactConfigurationView>>
  /** Newest first. */
  listKeys(organizationId: OrganizationId, page: PageRequest): Promise<Page<KeyView>>
  /** Newest first. */
  listCertificates(organizationId: OrganizationId, page: PageRequest): Promise<Page<CertificateView>>
  /** In the order in which they were created: names cannot be read here. */
  listUsers(organizationId: OrganizationId, page: PageRequest): Promise<Page<UserView>>
  /** By name. */
  listGroups(organizationId: OrganizationId, page: PageRequest): Promise<Page<GroupView>>
  /** By slug. */
  listTrustedBuildSystems(organizationId: OrganizationId, page: PageRequest): Promise<Page<TrustedBuildSystemView>>
  /**
   * Newest first, without those that were deleted.
   *
   * @param filter `null` for those of the whole organization; left out: all
   */
  listWebHooks(
    organizationId: OrganizationId,
    filter: { readonly projectId?: ProjectId | null },
    page: PageRequest,
  ): Promise<Page<WebHookView>>
  /** Newest first; one whose time is over is `lapsed`. */
  listChangeProposals(
    organizationId: OrganizationId,
    filter: { readonly status?: ChangeProposal['status'] },
    page: PageRequest,
  ): Promise<Page<ChangeProposalView>>
  /** Newest first. What is left out of the filter does not restrict. */
  listGrants(
    organizationId: OrganizationId,
    filter: { readonly signingPolicyId?: SigningPolicyId; readonly giver?: UserId },
    page: PageRequest,
  ): Promise<Page<GrantView>>
  /** Newest first, by the time of submission. */
  listSigningRequests(
    organizationId: OrganizationId,
    filter: SigningRequestFilter,
    page: PageRequest,
  ): Promise<Page<SigningRequestView>>
  /** The same page with what lists show, which takes a fraction of the time: no state is read for it. */
  signingRequestsInShort(
    organizationId: OrganizationId,
    filter: SigningRequestFilter,
    page: PageRequest,
  ): Promise<Page<ListedSigningRequestView>>
  /**
   * For readiness: why requests wait, of all organizations, where it is for no decision of people. Those that wait longest
   * first.
   */
  delays(atMost: number): Promise<readonly Delay[]>
  /** Newest first, in the order of the log. */
  listEvents(organizationId: OrganizationId, filter: EventFilter, page: PageRequest): Promise<Page<EventView>>
  /** Newest first, in the order of the log; those of callers whose organization is not known are among them. */
  listSecurityRefusals(
    organizationId: OrganizationId,
    filter: SecurityRecordFilter,
    page: PageRequest,
  ): Promise<Page<SecurityRefusalView>>
  /** Newest first, in the order of the log. */
  listUnusualActivity(
    organizationId: OrganizationId,
    filter: SecurityRecordFilter,
    page: PageRequest,
  ): Promise<Page<UnusualActivityView>>

  /** Pieces of streams, each by revision. At most 200 ranges. */
  eventsOfStreams(organizationId: OrganizationId, ranges: readonly StreamRange[]): Promise<(readonly EventView[])[]>
  /**
   * The newest event of each stream, in their order; `undefined` for a stream that is not there.
   *
   * @param upTo of those that happened until this moment
   */
  newestOfStreams(
    organizationId: OrganizationId,
    streamIds: readonly string[],
    upTo?: Instant,
  ): Promise<(EventView | undefined)[]>
  /** Where in the log the read model is; `undefined` before the first event. */
  position(): Promise<LogPosition | undefined>
  /**
   * Waits until the read model has everything up to a position.
   *
   * @throws ReadModelError `READ_MODEL_BEHIND` when that takes longer than `timeoutMs`
   */
  waitFor(position: LogPosition, options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<void>
  /**
   * Follows one organization's events: those after a position (all of them without one), then live, each event once, in
   * log order, in batches that are never empty, each when the rows that it changes can be read. Finishes when the signal
   * is aborted or the read model is closed.
   */
  follow(
    organizationId: OrganizationId,
    options: { readonly after: LogPosition | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<readonly EventView[]>

  /** Ends what waits or follows and releases the database. */
  close(): Promise<void>
}
