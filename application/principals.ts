import {
  type Actor,
  type GroupId,
  groupDecider,
  groupsNamed,
  isMember,
  type OrganizationId,
  type Principal,
  type PrincipalReference,
  peopleBehind,
  Refusal,
  requireActiveUser,
  streams,
  type UserId,
  userDecider,
  usersNamed,
} from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import { type Caller, initiatorOf } from './caller.ts'
import { load, loadOwn } from './load.ts'

type User = Omit<Principal, 'groups'> & { readonly organizationId: OrganizationId }

/**
 * The user as a decision about references needs to know them: with those of the groups that the references name whose
 * member they are, as the log has it now. It reads these groups, and no other.
 */
export async function principalFor(
  log: EventLog,
  user: User,
  references: readonly PrincipalReference[],
): Promise<Principal> {
  const { userId, roles, organizationId } = user
  const memberships = groupsNamed(references).map(async (groupId): Promise<readonly GroupId[]> => {
    const { state } = await load(log, streams.group(groupId), groupDecider)
    return isMember(state, organizationId, userId) ? [groupId] : []
  })
  return { userId, roles, groups: (await Promise.all(memberships)).flat() }
}

/**
 * A user with the roles that they have now, who may still act: their own stream may have changed since their call was
 * authenticated. It reads this stream, and no other.
 *
 * @throws Refusal `USER_DEACTIVATED`, also when they are erased
 */
export async function stillActive(
  log: EventLog,
  user: Pick<User, 'userId' | 'organizationId'>,
): Promise<Pick<User, 'userId' | 'roles'>> {
  const { state } = await loadOwn(log, streams.user(user.userId), userDecider, user)
  return requireActiveUser(state)
}

/**
 * Everybody whom references name now, each once: users themselves, and members of groups.
 *
 * @throws Refusal `USER_NOT_FOUND`, `GROUP_NOT_FOUND` for what the organization does not have
 */
export async function peopleNamed(
  log: EventLog,
  organization: { readonly organizationId: OrganizationId },
  references: readonly PrincipalReference[],
): Promise<readonly UserId[]> {
  const people = new Set(usersNamed(references))
  for (const userId of people) await requireUser(log, organization, userId)
  for (const groupId of groupsNamed(references)) {
    const { state: group } = await loadOwn(log, streams.group(groupId), groupDecider, organization)
    if (group.status === 'none')
      throw new Refusal('GROUP_NOT_FOUND', `There is no group ${groupId} in this organization.`)
    for (const member of group.members) people.add(member)
  }
  return [...people]
}

/**
 * Refuses references to what the organization does not have.
 *
 * @throws Refusal `USER_NOT_FOUND`, `GROUP_NOT_FOUND`
 */
export async function requireNamed(
  log: EventLog,
  organization: { readonly organizationId: OrganizationId },
  references: readonly PrincipalReference[],
): Promise<void> {
  await peopleNamed(log, organization, references)
}

/** Accounts, and who is responsible for those of them that are CI users. */
export type AnsweredFor = {
  readonly users: readonly UserId[]
  readonly responsible: Readonly<Partial<Record<UserId, UserId>>>
}

/** The first of some users who are not deactivated, until they are as many different people as are asked for. */
export async function firstActive(log: EventLog, userIds: readonly UserId[], people: number): Promise<AnsweredFor> {
  const users: UserId[] = []
  const responsible: Partial<Record<UserId, UserId>> = {}
  const found = new Set<UserId>()
  for (const userId of userIds) {
    if (found.size >= people) break
    const { state } = await load(log, streams.user(userId), userDecider)
    if (state.status !== 'active') continue
    users.push(userId)
    if (state.responsible !== undefined) responsible[userId] = state.responsible
    found.add(state.responsible ?? userId)
  }
  return { users, responsible }
}

/** @throws Refusal `USER_NOT_FOUND` when the organization has no such user */
export async function requireUser(
  log: EventLog,
  organization: { readonly organizationId: OrganizationId },
  userId: UserId,
): Promise<void> {
  const { state } = await loadOwn(log, streams.user(userId), userDecider, organization)
  if (state.status === 'none') throw new Refusal('USER_NOT_FOUND', `There is no user ${userId} in this organization.`)
}

/** The people behind what a caller does, besides their account: see `peopleBehind` of the domain. */
export function peopleBehindCaller(log: EventLog, caller: Caller): Promise<readonly UserId[]> {
  return peopleBehindActor(log, caller.userId, initiatorOf(caller).actor)
}

/** The same of an account that acted as an event says. */
export function peopleBehindActor(log: EventLog, userId: UserId, actor: Actor): Promise<readonly UserId[]> {
  return peopleBehind(userId, actor, async (id) => (await readWholeStream(log, streams.user(id))).events)
}
