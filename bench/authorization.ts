import { randomUUID } from 'node:crypto'
import {
  type GroupId,
  globalRoles,
  hasPermission,
  type Principal,
  type PrincipalReference,
  permissionNames,
  relationsToPolicy,
  type UserId,
} from '../domain/index.ts'
import { median } from './median.ts'

/** What a check costs in processor time, in microseconds: the median of several rounds. */
export type AuthorizationFigures = {
  /** By global roles alone. */
  readonly byRoleMicroseconds: number
  /** By what a policy says that names so many users and groups, before the permission is looked up. */
  readonly byPolicyMicroseconds: number
  readonly named: number
}

/**
 * Measures checks of every permission, each by users of every role; and of whoever submits, by a policy that names many, the
 * user's own group last.
 */
export function measureAuthorization(checks = 200_000, named = 100, rounds = 7): AuthorizationFigures {
  const users = [[], ...globalRoles.map((role) => [role])].map((roles) => ({ roles }))
  const own = randomUUID() as GroupId
  const principal: Principal = { userId: randomUUID() as UserId, groups: [own], roles: [] }
  const submitters: PrincipalReference[] = [
    ...Array.from({ length: named - 1 }, () => ({ user: randomUUID() as UserId })),
    { group: own },
  ]
  let allowed = 0
  const byRole = () => {
    for (let number = 0; number < checks; number += 1) {
      const permission = permissionNames[number % permissionNames.length]
      const user = users[number % users.length]
      if (permission !== undefined && user !== undefined && hasPermission(user, permission)) allowed += 1
    }
  }
  const byPolicy = () => {
    for (let number = 0; number < checks; number += 1)
      if (
        hasPermission(principal, 'submitSigningRequest', relationsToPolicy(principal, { submitters, approval: null }))
      )
        allowed += 1
  }
  const times = { byRole: [] as number[], byPolicy: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    times.byRole.push(microseconds(byRole) / checks)
    times.byPolicy.push(microseconds(byPolicy) / checks)
  }
  if (allowed < checks * rounds) throw new Error('Whom the policy names was not allowed to submit.')
  return { byRoleMicroseconds: median(times.byRole), byPolicyMicroseconds: median(times.byPolicy), named }
}

function microseconds(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}
