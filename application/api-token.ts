import { invitationInvalid, Refusal, type TrustedBuildSystemId, type UserId } from '../domain/index.ts'
import { type NewToken, newToken, tokenHash, tokenOfSecret, tokenOwner, tokenText } from './token-text.ts'

/** What the tokens of users, of invitations and of trusted build systems begin with. */
const words = { user: 'cs', invitation: 'csi', trustedBuildSystem: 'csb' } as const

/** Makes an API token of a user. */
export function newApiToken(userId: UserId): NewToken {
  return newToken(words.user, userId)
}

/** The text of a user's token with a secret, which has its check at the end. */
export function apiTokenText(userId: UserId, secret: string): string {
  return tokenText(words.user, userId, secret)
}

/** What is kept of a user's token. */
export const apiTokenHash: (text: string) => string = tokenHash

/**
 * Whose token this claims to be.
 *
 * @throws Refusal `TOKEN_INVALID` when the text does not have a token's form, or its check does not fit
 */
export function apiTokenUser(text: string): UserId {
  const userId = tokenOwner(words.user, text)
  if (userId === undefined)
    throw new Refusal('TOKEN_INVALID', 'This is not an API token. It must look like cs_…_… and be copied whole.')
  return userId as UserId
}

/** Makes a token of a trusted build system. */
export function newBuildSystemToken(trustedBuildSystemId: TrustedBuildSystemId): NewToken {
  return newToken(words.trustedBuildSystem, trustedBuildSystemId)
}

/** What is kept of a trusted build system's token. */
export const buildSystemTokenHash: (text: string) => string = tokenHash

/**
 * Which build system's token this claims to be.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_TOKEN_INVALID` when the text does not have a token's form, or its check does not fit
 */
export function buildSystemOfToken(text: string): TrustedBuildSystemId {
  const id = tokenOwner(words.trustedBuildSystem, text)
  if (id === undefined)
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_TOKEN_INVALID',
      'What stands behind the colon is not the token of a trusted build system. It must look like csb_…_… and be copied whole.',
    )
  return id as TrustedBuildSystemId
}

/** Makes the token of an invitation of a user. */
export function newInvitationToken(userId: UserId): NewToken {
  return newToken(words.invitation, userId)
}

/** Makes the token of an invitation of a user, of a secret of 32 bytes. */
export function invitationTokenOf(userId: UserId, secret: Buffer): NewToken {
  return tokenOfSecret(words.invitation, userId, secret)
}

/** The text of an invitation's token with a secret, which has its check at the end. */
export function invitationTokenText(userId: UserId, secret: string): string {
  return tokenText(words.invitation, userId, secret)
}

/** Whose invitation this claims to be. @throws Refusal `INVITATION_INVALID`, as {@link apiTokenUser} */
export function invitationTokenUser(text: string): UserId {
  const userId = tokenOwner(words.invitation, text)
  if (userId === undefined) throw invitationInvalid()
  return userId as UserId
}
