import type { Relation } from './relations.ts'
import type { GlobalRole } from './roles.ts'

/** Who has a permission. Whom it names in no way does not have it. */
export type PermissionRule = {
  /** What it allows, as the end of the sentence "Allows to …". */
  readonly to: string
  /** Every user of the organization has it, whatever their roles. */
  readonly everyUser?: true
  /** Whoever holds one of these global roles has it. */
  readonly roles: readonly GlobalRole[]
  /** Whoever is one of these to the thing that is asked for has it. */
  readonly relations: readonly Relation[]
}

/** Roles that administer something, and who reads everything: what only auditors see, they see. */
const auditors = [
  'globalAdministrator',
  'certificateAdministrator',
  'userAdministrator',
  'projectAdministrator',
  'globalReader',
] as const satisfies readonly GlobalRole[]

/** Who administers one thing: the role for it, and Global Administrators. */
function administrators(role: Exclude<GlobalRole, 'globalAdministrator'>, to: string): PermissionRule {
  return { to, roles: ['globalAdministrator', role], relations: [] }
}

/** What everybody in the organization may. */
function everyUser(to: string): PermissionRule {
  return { to, everyUser: true, roles: [], relations: [] }
}

/**
 * Every permission, and who has it: the one place that says so. Each field of GraphQL, each route and each use case
 * names one of them; what names none does not build. Where the domain's own rules say more about who may (the quorum of
 * a signing request, its deadline, a deactivated user), they are asked after this.
 */
export const permissions = {
  readOrganization: everyUser('read the organization: users, groups, keys, certificates, projects, policies, requests'),
  readArtifacts: {
    to: 'download what was submitted, and what was signed',
    roles: ['globalAdministrator', 'projectAdministrator', 'globalReader'],
    relations: ['requester', 'submitter', 'approver', 'reader', 'configurator'],
  },
  readAuditLog: { to: 'read the audit log of the whole organization', roles: auditors, relations: [] },
  readRefusals: { to: 'read what was refused to whom', roles: auditors, relations: [] },
  readUnusualActivity: { to: 'read what unusual activity was found', roles: auditors, relations: [] },
  readAddresses: { to: 'see the network addresses that calls came from', roles: auditors, relations: ['self'] },
  readPrivateUserData: {
    to: "see a user's e-mail address and API tokens",
    roles: ['globalAdministrator', 'userAdministrator'],
    relations: ['self'],
  },

  // Global Administrators among them: whoever may change who submits and approves is not thereby one of them.
  submitSigningRequest: { to: 'submit to the signing policy', roles: [], relations: ['submitter'] },
  decideSigningRequest: { to: 'approve or deny the signing request', roles: [], relations: ['approver'] },
  cancelSigningRequest: {
    to: 'cancel the signing request',
    roles: ['globalAdministrator', 'projectAdministrator'],
    relations: ['requester'],
  },

  uploadUnsignedArtifact: {
    to: 'upload the artifact that the signing request announced',
    roles: [],
    relations: ['requester'],
  },

  giveGrant: { to: 'approve requests of the signing policy in advance', roles: [], relations: ['approver'] },
  revokeGrant: {
    to: 'revoke the grant',
    roles: ['globalAdministrator', 'projectAdministrator'],
    relations: ['self'],
  },

  administerUsers: administrators('userAdministrator', 'administer users, groups and their roles'),
  administerAdministrators: {
    to: 'administer users who are Global Administrators, and make users that',
    roles: ['globalAdministrator'],
    relations: [],
  },
  administerTokens: {
    to: 'make and revoke API tokens of this user',
    roles: ['globalAdministrator', 'userAdministrator'],
    relations: ['self'],
  },
  chooseNotifications: everyUser('choose what they are told of by e-mail themselves'),
  administerProjects: administrators('projectAdministrator', 'administer projects and signing policies'),
  administerArtifactConfigurations: {
    to: "administer the project's artifact configurations",
    roles: ['globalAdministrator', 'projectAdministrator'],
    relations: ['configurator'],
  },
  administerWebHooks: {
    to: "administer the project's web hooks",
    roles: ['globalAdministrator', 'projectAdministrator'],
    relations: ['configurator'],
  },
  administerOrganizationWebHooks: {
    to: 'administer web hooks of the whole organization',
    roles: ['globalAdministrator'],
    relations: [],
  },
  readWebHookDeliveries: {
    to: 'read what web hooks were told, and what their receivers answered',
    roles: ['globalAdministrator', 'projectAdministrator', 'globalReader'],
    relations: ['configurator'],
  },
  administerTrustedBuildSystems: {
    to: 'administer trusted build systems, their tokens and their links to projects',
    roles: ['globalAdministrator'],
    relations: [],
  },
  decideChange: {
    to: 'approve or reject proposed changes',
    roles: ['globalAdministrator', 'certificateAdministrator', 'userAdministrator', 'projectAdministrator'],
    relations: [],
  },
  administerChangeControl: {
    to: 'say which changes of rules need the approval of others',
    roles: ['globalAdministrator'],
    relations: [],
  },
  administerCertificates: administrators('certificateAdministrator', 'administer keys and certificates'),
} as const satisfies Readonly<Record<string, PermissionRule>>

/** A permission, by its name. */
export type Permission = keyof typeof permissions

/** Every permission's name. */
export const permissionNames = Object.keys(permissions) as readonly Permission[]

/** Who has a permission. */
export function permissionRule(permission: Permission): PermissionRule {
  return permissions[permission]
}
