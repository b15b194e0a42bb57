import { createHash, randomBytes } from 'node:crypto'
import { Refusal, type UserId } from '../domain/index.ts'

/** A new API token: the text for its holder, shown once, and what may be kept of it. */
export type NewApiToken = {
  readonly text: string
  /** SHA-256 of the text, hexadecimal. */
  readonly hash: string
  /** Enough of the secret to recognise the token by, too little to guess it. */
  readonly prefix: string
}

/**
 * Makes a token: `cs_`, the user's id as 32 hexadecimal characters, `_`, and 256 random bits in base64url. It names its
 * user, so that authentication asks the log and no index. It holds no colon: build systems join tokens with one.
 */
export function newApiToken(userId: UserId): NewApiToken {
  const secret = randomBytes(32).toString('base64url')
  const text = `cs_${userId.replaceAll('-', '')}_${secret}`
  return { text, hash: apiTokenHash(text), prefix: secret.slice(0, 6) }
}

/** What is kept of a token. A fast hash is enough: the secret has 256 random bits. */
export function apiTokenHash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/**
 * Whose token this claims to be.
 *
 * @throws Refusal `TOKEN_INVALID` when the text does not have a token's form
 */
export function apiTokenUser(text: string): UserId {
  const match = /^cs_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_[\w-]{43}$/.exec(text)
  if (match === null)
    throw new Refusal('TOKEN_INVALID', 'This is not an API token. It must look like cs_…_… and be copied whole.')
  return match.slice(1).join('-') as UserId
}
