import { isSameDigest } from '../digest.ts'
import type { Instant } from '../event.ts'
import { Refusal } from '../refusal.ts'
import { type ApiToken, refuseIfDeactivated, type UserState } from './decider.ts'

/**
 * Finds the token that a caller presented, by its hash.
 *
 * @throws Refusal `TOKEN_INVALID` when the user has no such token, `TOKEN_REVOKED`, `TOKEN_EXPIRED`, or
 *   `USER_DEACTIVATED`
 */
export function usableToken(state: UserState, tokenHash: string, at: Instant): ApiToken {
  const token =
    state.status === 'none' ? undefined : state.tokens.find((each) => isSameDigest(each.tokenHash, tokenHash))
  if (state.status === 'none' || token === undefined)
    throw new Refusal('TOKEN_INVALID', 'The API token is not known. Check that it was copied whole.')
  if (token.revoked) throw new Refusal('TOKEN_REVOKED', `The API token ${token.tokenId} was revoked. Use a new one.`)
  if (token.expiresAt !== null && token.expiresAt <= at)
    throw new Refusal('TOKEN_EXPIRED', `The API token ${token.tokenId} expired at ${token.expiresAt}. Use a new one.`)
  refuseIfDeactivated(state)
  return token
}
