import { issueApiToken } from '../../../application/api-tokens.ts'
import { type ApiTokenScope, type Permission, type ProjectId, scopeAllows } from '../../../domain/index.ts'
import { type AccessCaller, isNamedBy } from './callers.ts'
import type { AccessServer } from './organization.ts'

type ScopeOf = (own: ProjectId, other: ProjectId) => Partial<ApiTokenScope>

/** Every kind of scope, about the project of the policies and requests, and another one. */
export const scopes: Readonly<Record<string, ScopeOf>> = {
  'limited to reading': () => ({ access: 'read' }),
  'limited to submitting': () => ({ access: 'submit' }),
  'limited to the project': (own) => ({ projects: [own] }),
  'limited to another project': (_, other) => ({ projects: [other] }),
}

/** Somebody with a permission, by a token that is limited to less. */
export type LimitedCaller = {
  readonly caller: AccessCaller
  readonly scope: ApiTokenScope
  /** Whether what needs the permission is beyond the token. */
  readonly isRefused: boolean
}

/** Finds callers by their permission; each has one token of a kind of scope. */
export function limitedCallers(
  { server }: AccessServer,
  callers: readonly AccessCaller[],
  other: ProjectId,
): (permission: Permission, scopeOf: ScopeOf) => Promise<LimitedCaller> {
  const tokens = new Map<string, ReturnType<typeof issueApiToken>>()
  return async (permission, scopeOf) => {
    const caller = callers.find((each) => isNamedBy(permission, each))
    if (caller === undefined) throw new Error(`Nobody has the permission ${permission}.`)
    const { userId } = caller.user
    const limits = scopeOf(server.projectId, other)
    const scope = { access: 'full', projects: null, networks: null, ...limits } as const
    const key = JSON.stringify([userId, scope])
    const token =
      tokens.get(key) ??
      issueApiToken(server.dependencies, server.setup, { userId, name: 'limited', expiresAt: null, scope })
    tokens.set(key, token)
    const isElsewhere = scope.projects?.includes(server.projectId) === false && permission !== 'readOrganization'
    return {
      caller: { ...caller, user: { ...(await token), userId } },
      scope,
      isRefused: isElsewhere || !scopeAllows(scope, permission),
    }
  }
}
