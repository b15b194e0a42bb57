import { randomUUID } from 'node:crypto'
import {
  type GlobalRole,
  type Instant,
  type InvitationFacts,
  type InvitationId,
  parseEmailAddress,
  streams,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { newInvitationToken } from './api-token.ts'
import { authorizeOver } from './authorize.ts'
import type { Requester } from './caller.ts'
import { addUser, type UserChanged, withRoles } from './create-user.ts'
import { type BasedOn, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'persons' | 'administrators' | 'mailedTokens'>

/** How long an invitation can be accepted, in milliseconds. */
const lifetimeMs = 14 * 24 * 60 * 60_000

/** Who is to be invited. */
export type UserInvitation = {
  readonly email: string
  /** What they are called; what stands before the `@` of the address when it is `null`. */
  readonly name: string | null
  /** Global roles, which they have from when they accept. */
  readonly roles: readonly GlobalRole[]
}

/** Whose invitation is to be sent again, or revoked. */
export type InvitationChange = BasedOn & { readonly userId: UserId }

/** An invitation that was made. */
export type InvitedUser = UserChanged & {
  readonly invitationId: InvitationId
  readonly expiresAt: Instant
  /**
   * The invitation's token, which is shown this once; whoever holds it can accept. `null` where it is mailed to the person's
   * address, and shown to nobody.
   */
  readonly token: string | null
}

/**
 * Invites a person by their e-mail address. They are a user from now on, and can do nothing until they accept. Where the
 * organization controls changes of roles, those that they are given with it wait for the approval of others.
 *
 * @throws Refusal `FORBIDDEN`, `NAME_MALFORMED`, `EMAIL_MALFORMED`, `USER_EMAIL_TAKEN`; an error `PERSON_KEYS_…` while keys
 *   cannot be made
 */
export async function inviteUser(
  dependencies: Dependencies,
  requester: Requester,
  { email, name, roles }: UserInvitation,
): Promise<InvitedUser> {
  authorizeOver(requester, roles)
  const address = parseEmailAddress(email)
  const person = { kind: 'interactive', name: name ?? address.slice(0, address.indexOf('@')), email: address } as const
  let made: Invitation | undefined
  const added = await addUser(dependencies, requester, { ...person, responsible: null }, (facts) => {
    made = newInvitation(dependencies, facts.userId)
    return { type: 'InviteUser', ...facts, invitation: made.facts }
  })
  const { facts, token } = made as unknown as Invitation
  const { invitationId, expiresAt } = facts
  return { ...(await withRoles(dependencies, requester, added, roles)), invitationId, expiresAt, token }
}

/**
 * Makes another invitation for somebody who has not accepted one. The one before is dead from now on.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `USER_ACTIVE`, `USER_DEACTIVATED`, `USER_ERASED`, `CHANGE_STALE`
 */
export async function resendInvitation(
  dependencies: Dependencies,
  requester: Requester,
  { userId, ...basis }: InvitationChange,
): Promise<InvitedUser> {
  const stream = await streamOf(dependencies, requester, userId)
  const { facts: invitation, token } = newInvitation(dependencies, userId)
  const command = { type: 'IssueInvitation', invitation } as const
  const handled = await handleCommand(dependencies, requester, stream, userDecider, command, basis)
  const { invitationId, expiresAt } = invitation
  return { userId, ...handled, invitationId, expiresAt, token }
}

/**
 * Ends an invitation at once. The user stays, and can be invited again.
 *
 * @throws Refusal `FORBIDDEN`, `USER_NOT_FOUND`, `INVITATION_NOT_FOUND`, `USER_ERASED`, `CHANGE_STALE`
 */
export async function revokeInvitation(
  dependencies: Dependencies,
  requester: Requester,
  { userId, ...basis }: InvitationChange,
): Promise<UserChanged> {
  const stream = await streamOf(dependencies, requester, userId)
  const command = { type: 'RevokeInvitation' } as const
  return { userId, ...(await handleCommand(dependencies, requester, stream, userDecider, command, basis)) }
}

/**
 * Says that an account is used by the person whom its address belongs to: whoever invited them does not count among the
 * people behind it any more. Only the operator of the machine may.
 *
 * @throws Refusal `USER_NOT_FOUND`, `USER_INVITED`, `USER_DEACTIVATED`, `EMAIL_ADDRESS_PROVED`
 */
export async function proveEmailAddress(
  dependencies: Pick<Dependencies, 'log' | 'now'>,
  operator: Requester,
  userId: UserId,
): Promise<UserChanged> {
  const command = { type: 'ProveEmailAddress', method: 'operator' } as const
  return { userId, ...(await handleCommand(dependencies, operator, streams.user(userId), userDecider, command)) }
}

type Invitation = { readonly facts: InvitationFacts; readonly token: string | null }

function newInvitation({ now, mailedTokens }: Pick<Dependencies, 'now' | 'mailedTokens'>, userId: UserId): Invitation {
  const expiresAt = new Date(Date.parse(now()) + lifetimeMs).toISOString()
  const invitationId = randomUUID() as InvitationId
  const mailed = mailedTokens?.mailsInvitations ? mailedTokens.invitation(userId, invitationId) : undefined
  const { text, hash: tokenHash } = mailed ?? newInvitationToken(userId)
  const isShown = mailed === undefined
  const facts: InvitationFacts = { invitationId, tokenHash, expiresAt, delivery: isShown ? 'shown' : 'mailed' }
  return { facts, token: isShown ? text : null }
}

/** Whoever makes an invitation could accept it: only a Global Administrator makes one for another. */
async function streamOf({ log }: Dependencies, requester: Requester, userId: UserId): Promise<string> {
  const { state } = await loadOwn(log, streams.user(userId), userDecider, requester)
  if (state.status !== 'none') authorizeOver(requester, state.roles)
  return streams.user(userId)
}
