import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Refusal, type UserId } from '../domain/index.ts'

/** A new API token: the text for its holder, shown once, and what may be kept of it. */
export type NewApiToken = {
  readonly text: string
  /** SHA-256 of the text, hexadecimal. */
  readonly hash: string
  /** Enough of the secret to recognise the token by, too little to guess it. */
  readonly prefix: string
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** So many digits 256 bits take, and the 32 of the check. */
const lengths = { secret: 43, check: 6 }

/**
 * Makes a token: `cs_`, the user's id as 32 hexadecimal characters, `_`, 256 random bits as 43 letters and digits, and the
 * CRC-32 of all before it as 6 more, by which scanners for secrets tell a token from what looks like one. It names its user,
 * so that authentication asks the log and no index. It holds no colon: build systems join tokens with one.
 */
export function newApiToken(userId: UserId): NewApiToken {
  const secret = inBase62(BigInt(`0x${randomBytes(32).toString('hex')}`), lengths.secret)
  const text = apiTokenText(userId, secret)
  return { text, hash: apiTokenHash(text), prefix: secret.slice(0, 6) }
}

/** The text of a user's token with a secret, which has its check at the end. */
export function apiTokenText(userId: UserId, secret: string): string {
  const unchecked = `cs_${userId.replaceAll('-', '')}_${secret}`
  return `${unchecked}${checkOf(unchecked)}`
}

/** What is kept of a token. A fast hash is enough: the secret has 256 random bits. */
export function apiTokenHash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/**
 * Whose token this claims to be.
 *
 * @throws Refusal `TOKEN_INVALID` when the text does not have a token's form, or its check does not fit
 */
export function apiTokenUser(text: string): UserId {
  const match = /^cs_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_[0-9A-Za-z]{49}$/.exec(text)
  if (match === null || checkOf(text.slice(0, -lengths.check)) !== text.slice(-lengths.check))
    throw new Refusal('TOKEN_INVALID', 'This is not an API token. It must look like cs_…_… and be copied whole.')
  return match.slice(1).join('-') as UserId
}

function checkOf(text: string): string {
  return inBase62(BigInt(crc32(text)), lengths.check)
}

function inBase62(number: bigint, length: number): string {
  let text = ''
  for (let rest = number; text.length < length; rest /= 62n) text = digits.charAt(Number(rest % 62n)) + text
  return text
}
