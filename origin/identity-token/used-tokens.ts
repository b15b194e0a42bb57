import { createHash } from 'node:crypto'
import type { Instant } from '../../domain/index.ts'
import { OriginError } from '../origin-error.ts'
import type { IdentityToken } from './identity-tokens.ts'

/** A use of a token, as it is remembered: of the token nothing can be learned from it. */
export type TokenUse = {
  /** SHA-256 of issuer and token id, hexadecimal. */
  readonly id: string
  /** What it was used for: the id of a signing request, for example. */
  readonly usedFor: string
  /** Until when the token could be shown again. */
  readonly expiresAt: Instant
}

/**
 * Remembers which tokens were used. It connects when it is first used, and again after a failure.
 *
 * Each method fails with OriginError, passing: `IDENTITY_TOKEN_STORE_UNAVAILABLE`, `IDENTITY_TOKEN_STORE_FOREIGN`.
 */
export interface UsedTokens {
  /** Remembers a use, unless the token was used already. @returns what it is used for: now, or since then */
  use(use: TokenUse): Promise<string>
  /** Forgets tokens that had expired by then. */
  removeExpired(now: Instant): Promise<void>
  close(): Promise<void>
}

/** How much longer a use is remembered than its token can be valid by any process's clock, in milliseconds. */
const spareMs = 3_600_000

/**
 * Uses a token for one thing. For the same thing it may be used again: a submission that is sent twice is one.
 *
 * @param token as `check` gave it
 * @param usedFor an id of what it is used for, which whoever has the token cannot choose
 * @throws OriginError `IDENTITY_TOKEN_USED`; passing: as {@link UsedTokens} says
 */
export async function useOnce(
  usedTokens: Pick<UsedTokens, 'use'>,
  { issuer, tokenId, expiresAt }: Pick<IdentityToken, 'issuer' | 'tokenId' | 'expiresAt'>,
  usedFor: string,
): Promise<void> {
  const id = createHash('sha256')
    .update(JSON.stringify([issuer, tokenId]))
    .digest('hex')
  const until = new Date(Date.parse(expiresAt) + spareMs).toISOString()
  if ((await usedTokens.use({ id, usedFor, expiresAt: until })) === usedFor) return
  throw new OriginError(
    'IDENTITY_TOKEN_USED',
    'The identity token was used already, and each is used once. Have the job ask for a new one.',
  )
}
