import { isSameDigest } from '../digest.ts'
import type { Instant } from '../event.ts'
import { Refusal } from '../refusal.ts'
import { type ApiToken, type Invitation, refuseIfDeactivated, refuseUnlessActive, type UserState } from './state.ts'

/** The token that a caller presented, by its hash, whether it works or not; `undefined` when the user has no such token. */
export function presentedToken(state: UserState, tokenHash: string): ApiToken | undefined {
  return state.status === 'none' ? undefined : state.tokens.find((each) => isSameDigest(each.tokenHash, tokenHash))
}

/**
 * Finds the token that a caller presented, if it works.
 *
 * @throws Refusal `TOKEN_INVALID` when the user has no such token, `TOKEN_REVOKED`, `TOKEN_EXPIRED`, `USER_DEACTIVATED` or
 *   `USER_INVITED`
 */
export function usableToken(state: UserState, tokenHash: string, at: Instant): ApiToken {
  const token = presentedToken(state, tokenHash)
  if (state.status === 'none' || token === undefined)
    throw new Refusal('TOKEN_INVALID', 'The API token is not known. Check that it was copied whole.')
  if (token.revoked) throw new Refusal('TOKEN_REVOKED', `The API token ${token.tokenId} was revoked. Use a new one.`)
  if (token.expiresAt !== null && token.expiresAt <= at)
    throw new Refusal('TOKEN_EXPIRED', `The API token ${token.tokenId} expired at ${token.expiresAt}. Use a new one.`)
  refuseUnlessActive(state)
  return token
}

/** For a token that no invitation has, whoever it names: nothing tells these cases apart. */
export function invitationInvalid(): Refusal {
  return new Refusal(
    'INVITATION_INVALID',
    'The invitation is not known. Its token must look like csi_…_… and be copied whole.',
  )
}

/**
 * Finds the invitation whose token somebody presented, by its hash. Whoever holds the token may know what became of it.
 *
 * @throws Refusal `INVITATION_INVALID` when the user has no such invitation, `INVITATION_ACCEPTED`, `INVITATION_REVOKED`
 *   (also by a newer one), `INVITATION_EXPIRED`, `USER_DEACTIVATED`
 */
export function usableInvitation(state: UserState, tokenHash: string, at: Instant): Invitation {
  const found =
    state.status === 'none' ? undefined : state.invitations.find((each) => isSameDigest(each.tokenHash, tokenHash))
  if (state.status === 'none' || found === undefined) throw invitationInvalid()
  const { status, expiresAt } = found
  if (status === 'accepted')
    throw new Refusal('INVITATION_ACCEPTED', 'The invitation was accepted already, and works once.')
  if (status !== 'open')
    throw new Refusal(
      'INVITATION_REVOKED',
      status === 'replaced'
        ? 'A newer invitation took the place of this one. Use that, or ask for another.'
        : 'The invitation was revoked. Ask whoever invited you.',
    )
  if (expiresAt <= at)
    throw new Refusal('INVITATION_EXPIRED', `The invitation expired at ${expiresAt}. Ask for a new one.`, { expiresAt })
  refuseIfDeactivated(state)
  return found
}
