import { randomUUID } from 'node:crypto'
import {
  type ApiTokenId,
  invitationInvalid,
  Refusal,
  type SessionId,
  streams,
  type User,
  type UserId,
  usableInvitation,
  userDecider,
} from '../domain/index.ts'
import { apiTokenHash, invitationTokenUser, newApiToken } from './api-token.ts'
import type { Caller } from './caller.ts'
import { handleCommand } from './handle-command.ts'
import { load } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { unknownOrganization } from './refusal-audit.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'refusals' | 'room'>

/** What an invitation is accepted with. */
export type InvitationAcceptance = {
  /** The invitation's token. */
  readonly invitation: string
  /** What the first API token is called. */
  readonly tokenName: string
}

/** Somebody who has accepted. */
export type AcceptedInvitation = {
  readonly userId: UserId
  readonly tokenId: ApiTokenId
  /** The first API token, which is shown this once. */
  readonly token: string
}

/**
 * Accepts an invitation, whose token says who asks: the user may act from now on, and gets their first API token, both in one
 * append. Of several who accept at once with the same token one succeeds. Guesses are recorded.
 *
 * @throws Refusal `INVITATION_INVALID`; to who holds an invitation's token also `INVITATION_ACCEPTED`, `INVITATION_REVOKED`,
 *   `INVITATION_EXPIRED`, `USER_DEACTIVATED`, `NAME_MALFORMED`
 */
export async function acceptInvitation(
  dependencies: Dependencies,
  { invitation, tokenName }: InvitationAcceptance,
  remoteAddress: string | undefined,
): Promise<AcceptedInvitation> {
  const { log, now, refusals, room } = dependencies
  const callId = randomUUID()
  let organizationId = unknownOrganization
  try {
    const userId = invitationTokenUser(invitation)
    const tokenHash = apiTokenHash(invitation)
    const { state } = await load(log, streams.user(userId), userDecider)
    if (state.status === 'none') throw invitationInvalid()
    organizationId = state.organizationId
    usableInvitation(state, tokenHash, now())
    await room.require('change')
    const { text, hash, prefix } = newApiToken(userId)
    const tokenId = randomUUID() as ApiTokenId
    const apiToken = { tokenId, name: tokenName, tokenHash: hash, prefix, expiresAt: null }
    const command = { type: 'AcceptInvitation', tokenHash, at: now(), apiToken } as const
    const caller = holderOf(state, { callId, remoteAddress, authenticatedAt: now() })
    await handleCommand(dependencies, caller, streams.user(userId), userDecider, command)
    return { userId, tokenId, token: text }
  } catch (error) {
    if (error instanceof Refusal)
      await refusals.record({
        organizationId,
        actor: { kind: 'anonymous' },
        ...(remoteAddress === undefined ? {} : { remoteAddress }),
        command: 'acceptInvitation',
        subject: null,
        code: error.code,
        callId,
      })
    throw error
  }
}

/** Who holds the token of an open invitation is the user, for this one call. */
function holderOf(
  { organizationId, userId, kind, roles, name, email }: User,
  call: Pick<Caller, 'callId' | 'remoteAddress'> & { readonly authenticatedAt: string },
): Caller {
  const { callId, remoteAddress, authenticatedAt } = call
  return {
    organizationId,
    userId,
    kind,
    roles,
    scope: null,
    person: { name, email },
    authentication: {
      method: 'session',
      sessionId: randomUUID() as SessionId,
      signIn: { method: 'invitation' },
      authenticatedAt,
    },
    remoteAddress,
    callId,
  }
}
