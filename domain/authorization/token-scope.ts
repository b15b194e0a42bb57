import type { ProjectId } from '../ids.ts'
import { isWithinNetwork } from '../network.ts'
import { Refusal } from '../refusal.ts'
import type { Permission } from './permissions.ts'

/** What of its user's permissions a token has: all of them, reading and submitting, or reading. */
export const tokenAccesses = ['full', 'submit', 'read'] as const

/** What of its user's permissions a token has. */
export type TokenAccess = (typeof tokenAccesses)[number]

/** What an API token is limited to, besides what its user may. */
export type ApiTokenScope = {
  readonly access: TokenAccess
  /**
   * The projects in which it may submit, decide, cancel and download, and nothing is administered then; `null`: every one.
   * Configuration and metadata of the organization stay readable, as they are for every user.
   */
  readonly projects: readonly ProjectId[] | null
  /** The networks that calls may come from, as CIDR; `null`: anywhere. */
  readonly networks: readonly string[] | null
}

/** Which tokens have a permission that their user has. Each is named, so that a new one is thought about. */
const tokensWith: Readonly<
  Record<Permission, { readonly access: readonly TokenAccess[]; readonly inProjects: boolean }>
> = {
  readOrganization: { access: ['full', 'submit', 'read'], inProjects: true },
  readArtifacts: { access: ['full', 'submit', 'read'], inProjects: true },
  readAuditLog: { access: ['full', 'read'], inProjects: false },
  readRefusals: { access: ['full', 'read'], inProjects: false },
  readUnusualActivity: { access: ['full', 'read'], inProjects: false },
  readAddresses: { access: ['full', 'read'], inProjects: false },
  readPrivateUserData: { access: ['full', 'read'], inProjects: false },
  submitSigningRequest: { access: ['full', 'submit'], inProjects: true },
  uploadUnsignedArtifact: { access: ['full', 'submit'], inProjects: true },
  cancelSigningRequest: { access: ['full', 'submit'], inProjects: true },
  decideSigningRequest: { access: ['full'], inProjects: true },
  giveGrant: { access: ['full'], inProjects: true },
  revokeGrant: { access: ['full'], inProjects: true },
  administerUsers: { access: ['full'], inProjects: false },
  administerTokens: { access: ['full'], inProjects: false },
  chooseNotifications: { access: ['full'], inProjects: false },
  administerAdministrators: { access: ['full'], inProjects: false },
  administerProjects: { access: ['full'], inProjects: false },
  administerCertificates: { access: ['full'], inProjects: false },
  administerArtifactConfigurations: { access: ['full'], inProjects: false },
  administerWebHooks: { access: ['full'], inProjects: false },
  administerOrganizationWebHooks: { access: ['full'], inProjects: false },
  readWebHookDeliveries: { access: ['full', 'read'], inProjects: false },
  administerTrustedBuildSystems: { access: ['full'], inProjects: false },
  administerChangeControl: { access: ['full'], inProjects: false },
  decideChange: { access: ['full'], inProjects: false },
}

/** Whether a token of a scope may have a permission, for some project at least. `null`: it is not limited. */
export function scopeAllows(scope: ApiTokenScope | null | undefined, permission: Permission): boolean {
  if (scope === null || scope === undefined) return true
  const { access, inProjects } = tokensWith[permission]
  return access.includes(scope.access) && (scope.projects === null || inProjects)
}

/** @throws Refusal `API_TOKEN_SCOPE_EXCEEDED` */
export function requireScope(scope: ApiTokenScope | null | undefined, permission: Permission, to: string): void {
  if (!scope || scopeAllows(scope, permission)) return
  const projects = scope.projects === null ? '' : ' in some projects'
  throw new Refusal(
    'API_TOKEN_SCOPE_EXCEEDED',
    `This API token is limited to the access ${scope.access}${projects}, and does not allow to ${to}.`,
    { access: scope.access, permission },
  )
}

/** @throws Refusal `API_TOKEN_SCOPE_EXCEEDED` when a token is limited to other projects */
export function requireProjectInScope(scope: ApiTokenScope | null | undefined, projectId: ProjectId): void {
  if (!scope?.projects || scope.projects.includes(projectId)) return
  throw new Refusal('API_TOKEN_SCOPE_EXCEEDED', `This API token is limited to other projects than ${projectId}.`, {
    projectId,
  })
}

/** Whether a token of one scope lets its holder do no more than one of the other. */
export function isWithinScope(inner: ApiTokenScope | null, outer: ApiTokenScope | null): boolean {
  if (outer === null) return true
  const { access, projects, networks } = inner ?? unlimited
  const contains = <Item>(items: readonly Item[] | null, all: readonly Item[] | null, within: (one: Item) => boolean) =>
    all === null || items?.every(within) === true
  return (
    tokenAccesses.indexOf(access) >= tokenAccesses.indexOf(outer.access) &&
    contains(projects, outer.projects, (project) => outer.projects?.includes(project) === true) &&
    contains(
      networks,
      outer.networks,
      (network) => outer.networks?.some((one) => isWithinNetwork(network, one)) === true,
    )
  )
}

/** What a token that is not limited has. */
export const unlimited: ApiTokenScope = { access: 'full', projects: null, networks: null }
