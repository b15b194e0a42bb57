import { issueApiToken } from '../../../application/api-tokens.ts'
import {
  type GlobalRole,
  globalRoles,
  type Permission,
  permissionRule,
  type Relation,
  relations,
  type SigningPolicyId,
  type UserId,
} from '../../../domain/index.ts'
import type { TestUser } from '../graphql-organization.ts'
import { grantInLog } from './grants.ts'
import type { AccessServer } from './organization.ts'
import type { Things } from './things.ts'

/** Somebody who asks, and what they are. */
export type AccessCaller = {
  readonly name: string
  readonly roles: readonly GlobalRole[]
  /** To the organization's named project and policy, and to their requests; or to themselves. */
  readonly relations: readonly Relation[]
  readonly user: TestUser
  /** Things of the own organization, to which the caller is what `relations` says. */
  readonly things: Things
}

/**
 * One user for each global role, one without any, and one for each relation: a relation that is new needs a user here.
 */
export async function everyCaller({ server, own, named }: AccessServer): Promise<readonly AccessCaller[]> {
  const self = await server.addUser('Selma Self')
  const byRelation: Readonly<Record<Relation, Omit<AccessCaller, 'name' | 'roles'>>> = {
    self: { user: self, relations: ['self'], things: aboutThemselves(server, own, self) },
    submitter: { user: named.submitter, relations: ['submitter'], things: own },
    approver: { user: named.approver, relations: ['approver'], things: own },
    reader: { user: named.reader, relations: ['reader'], things: own },
    configurator: { user: named.configurator, relations: ['configurator'], things: own },
    requester: { user: server.submitter, relations: ['requester', 'submitter'], things: own },
  }
  const withRoles = await Promise.all(
    globalRoles.map(async (role) => ({
      name: role,
      roles: [role],
      relations: [],
      user: await server.addUser(role, [role]),
      things: own,
    })),
  )
  return [
    ...withRoles,
    { name: 'regular user', roles: [], relations: [], user: await server.addUser('Regular'), things: own },
    ...relations.map((relation) => ({ name: relation, roles: [], ...byRelation[relation] })),
  ]
}

/** Whether the table of permissions names somebody who is this. */
export function isNamedBy(
  permission: Permission,
  { roles, relations: to }: Pick<AccessCaller, 'roles' | 'relations'>,
): boolean {
  const rule = permissionRule(permission)
  if (rule.everyUser === true) return true
  return roles.some((role) => rule.roles.includes(role)) || to.some((relation) => rule.relations.includes(relation))
}

function aboutThemselves(server: AccessServer['server'], own: Things, { userId }: TestUser): Things {
  const token = async () => {
    const { tokenId } = await issueApiToken(server.dependencies, server.setup, {
      userId,
      name: 'another',
      expiresAt: null,
    })
    return { userId, apiTokenId: tokenId }
  }
  const grant = async () =>
    grantInLog(server.dependencies, server.setup, {
      giver: userId as UserId,
      projectId: server.projectId,
      signingPolicyId: (await own.namedPolicy()) as SigningPolicyId,
    })
  return { ...own, user: async () => userId, tokenHolder: async () => userId, apiToken: token, grant }
}
