import type {
  Certificate,
  CertificateId,
  Group,
  GroupId,
  Key,
  KeyId,
  OrganizationId,
  PastRequest,
  Project,
  ProjectId,
  SigningPolicyId,
  SigningRequest,
  TrustedBuildSystem,
  TrustedBuildSystemId,
  User,
  UserId,
  WorkflowStatus,
} from '../domain/index.ts'

/** A user, without what nobody is shown. */
export type KnownUser = Omit<User, 'tokens' | 'invitations' | 'addressProved'>

/** A certificate, whose status may be that it has ended. */
export type KnownCertificate = Omit<Certificate, 'status'> & { readonly status: Certificate['status'] | 'expired' }

/** A request, as far as it is looked at. */
export type KnownRequest = PastRequest & Pick<SigningRequest, 'approval' | 'approvals' | 'certificateId'>

/** Which requests are looked for. */
export type RequestsLookedFor = {
  readonly signingPolicyId?: SigningPolicyId
  readonly workflowStatuses?: readonly WorkflowStatus[]
}

/**
 * Rules, people and requests as they are now, for who shows what would be decided, or what rests on what: the read model. It decides
 * nothing. Lists by ids keep the order of the ids, and have nothing for what the organization has not.
 *
 * @template Request how a request is shown
 */
export interface LookUps<Request extends KnownRequest = KnownRequest> {
  usersByIds(organizationId: OrganizationId, ids: readonly UserId[]): Promise<readonly (KnownUser | undefined)[]>
  keysByIds(organizationId: OrganizationId, ids: readonly KeyId[]): Promise<readonly (Key | undefined)[]>
  groupsByIds(organizationId: OrganizationId, ids: readonly GroupId[]): Promise<readonly (Group | undefined)[]>
  certificatesByIds(
    organizationId: OrganizationId,
    ids: readonly CertificateId[],
  ): Promise<readonly (KnownCertificate | undefined)[]>
  projectsByIds(organizationId: OrganizationId, ids: readonly ProjectId[]): Promise<readonly (Project | undefined)[]>
  trustedBuildSystemsByIds(
    organizationId: OrganizationId,
    ids: readonly TrustedBuildSystemId[],
  ): Promise<readonly (Omit<TrustedBuildSystem, 'tokens'> | undefined)[]>
  trustedBuildSystemsOfProjects(
    organizationId: OrganizationId,
    projectIds: readonly ProjectId[],
    which: 'linked',
  ): Promise<readonly (readonly Pick<TrustedBuildSystem, 'slug' | 'status'>[])[]>
  /** Newest first. */
  listSigningRequests(
    organizationId: OrganizationId,
    filter: RequestsLookedFor,
    page: { readonly direction: 'forward'; readonly size: number; readonly after?: string },
  ): Promise<{
    readonly items: readonly { readonly item: Request; readonly cursor: string }[]
    readonly hasNextPage: boolean
  }>
}

/** Requests are read so many at a time, and things by as many ids. */
const batch = 100

/** Who is in which groups. */
export type Members = ReadonlyMap<GroupId, readonly UserId[]>

/** The members of groups. */
export async function membersOfGroups(
  lookUps: Pick<LookUps, 'groupsByIds'>,
  organizationId: OrganizationId,
  groups: readonly GroupId[],
): Promise<Members> {
  const found = await inBatches(groups, (ids) => lookUps.groupsByIds(organizationId, ids))
  return new Map(found.map(({ groupId, members }) => [groupId, members] as const))
}

/** Those of the groups whose member somebody is. */
export function groupsOf(user: UserId, members: Members): readonly GroupId[] {
  return [...members].flatMap(([group, users]) => (users.includes(user) ? [group] : []))
}

/** What there is of many ids, each looked up once. */
export async function inBatches<Id, Found>(
  ids: readonly Id[],
  look: (ids: readonly Id[]) => Promise<readonly (Found | undefined)[]>,
): Promise<readonly Found[]> {
  const distinct = [...new Set(ids)]
  const found: Found[] = []
  for (let from = 0; from < distinct.length; from += batch)
    for (const each of await look(distinct.slice(from, from + batch))) if (each !== undefined) found.push(each)
  return found
}

/**
 * The newest requests that a filter lets through, read in pages.
 *
 * @param most so many at the most
 * @returns newest first, and whether these are all
 */
export async function newestRequests<Request extends KnownRequest>(
  lookUps: Pick<LookUps<Request>, 'listSigningRequests'>,
  organizationId: OrganizationId,
  filter: RequestsLookedFor,
  most: number,
): Promise<{ readonly requests: readonly Request[]; readonly complete: boolean }> {
  const requests: Request[] = []
  let after: string | undefined
  do {
    const size = Math.min(batch, most - requests.length)
    const page = { direction: 'forward', size, ...(after === undefined ? {} : { after }) } as const
    const { items, hasNextPage } = await lookUps.listSigningRequests(organizationId, filter, page)
    requests.push(...items.map(({ item }) => item))
    after = hasNextPage ? items.at(-1)?.cursor : undefined
  } while (after !== undefined && requests.length < most)
  return { requests, complete: after === undefined }
}
