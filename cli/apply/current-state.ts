import { allPages } from '../all-pages.ts'
import type { Connection } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type ChangeSummary, listChanges } from '../documents/changes.ts'
import { type GroupSummary, listGroups, membersOfGroup } from '../documents/groups.ts'
import { type CertificateSummary, listCertificates, listProjects } from '../documents/organization.ts'
import { listUsersWithAddresses, type UserSummary } from '../documents/people.ts'
import { onePolicy, type PolicyDetails, policiesOfProject } from '../documents/policies.ts'
import { oneProject, type ProjectDetails } from '../documents/projects.ts'
import { type BuildSystemSummary, listBuildSystems } from '../documents/trusted-build-systems.ts'
import type { OrganizationFile } from './organization-file.ts'

/** A project of the service with its policies, where the file speaks of them. */
export type CurrentProject = ProjectDetails & { readonly policies: readonly PolicyDetails[] }

/** What of the organization there is, as far as a file speaks of it or could name it. */
export type CurrentState = {
  readonly users: readonly (UserSummary & { readonly email: string | null })[]
  readonly certificates: readonly CertificateSummary[]
  readonly groups: readonly GroupSummary[]
  /** The ids of their members, of groups whose members the file says. */
  readonly members: ReadonlyMap<string, readonly string[]>
  readonly buildSystems: readonly BuildSystemSummary[]
  /** All of them when the file speaks of projects. */
  readonly projects: readonly CurrentProject[]
  /** Changes that wait for approval. */
  readonly proposals: readonly ChangeSummary[]
}

/** Which parts of the organization are to be read, besides what lists say of it. */
export type Extent = {
  readonly membersOf: (group: string) => boolean
  readonly projects: boolean
  readonly policiesOf: (project: string) => boolean
}

/** All of it. */
export const everything: Extent = { membersOf: () => true, projects: true, policiesOf: () => true }

/** What a file speaks of. */
export function extentOf({ groups = [], projects }: OrganizationFile): Extent {
  const withMembers = new Set(groups.filter(({ members }) => members !== undefined).map(({ name }) => name))
  const withPolicies = new Set(projects?.filter(({ policies }) => policies !== undefined).map(({ slug }) => slug))
  return {
    membersOf: (group) => withMembers.has(group),
    projects: projects !== undefined,
    policiesOf: (project) => withPolicies.has(project),
  }
}

/** Reads it. @throws CliError as {@link ask} does */
export async function readCurrentState(connection: Connection, extent: Extent): Promise<CurrentState> {
  const { items: users } = await allPages(async (page) => (await ask(connection, listUsersWithAddresses, page)).users)
  const { items: certificates } = await allPages(
    async (page) => (await ask(connection, listCertificates, page)).certificates,
  )
  const { items: groups } = await allPages(async (page) => (await ask(connection, listGroups, page)).groups)
  const { items: proposals } = await allPages(
    async (page) => (await ask(connection, listChanges, { ...page, status: 'proposed' })).changeProposals,
    Number.POSITIVE_INFINITY,
    20,
  )
  const members = new Map<string, readonly string[]>()
  for (const { groupId, name } of groups)
    if (extent.membersOf(name)) members.set(groupId, await membersOf(connection, groupId))
  const { items: buildSystems } = await allPages(
    async (page) => (await ask(connection, listBuildSystems, page)).trustedBuildSystems,
  )
  const projects = extent.projects ? await readProjects(connection, extent) : []
  return { users, certificates, groups, members, buildSystems, projects, proposals }
}

async function membersOf(connection: Connection, id: string): Promise<readonly string[]> {
  const none = { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } }
  const { items } = await allPages(
    async (page) => (await ask(connection, membersOfGroup, { id, ...page })).group?.members ?? none,
  )
  return items.map(({ userId }) => userId)
}

async function readProjects(
  connection: Connection,
  { policiesOf: hasPolicies }: Extent,
): Promise<readonly CurrentProject[]> {
  const { items } = await allPages(async (page) => (await ask(connection, listProjects, page)).projects)
  const read: CurrentProject[] = []
  for (const { projectId, slug } of items) {
    const { project } = await ask(connection, oneProject, { id: projectId, slug: null })
    if (project !== null)
      read.push({ ...project, policies: hasPolicies(slug) ? await policiesOf(connection, slug) : [] })
  }
  return read
}

async function policiesOf(connection: Connection, slug: string): Promise<readonly PolicyDetails[]> {
  const policies: PolicyDetails[] = []
  for (const { signingPolicyId } of (await ask(connection, policiesOfProject, { slug })).project?.signingPolicies ??
    []) {
    const { signingPolicy } = await ask(connection, onePolicy, { id: signingPolicyId })
    if (signingPolicy !== null) policies.push(signingPolicy)
  }
  return policies
}
