import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** A new token: the text for its holder, shown once, and what may be kept of it. */
export type NewToken = {
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
 * Makes a token: a word that says what it is for, `_`, the UUID of whose it is as 32 hexadecimal characters, `_`, 256 random
 * bits as 43 letters and digits, and the CRC-32 of all before it as 6 more, by which scanners for secrets tell a token from
 * what looks like one. It names whose it is, so that authentication asks the log and no index. It holds no colon: build
 * systems join tokens with one.
 */
export function newToken(word: string, id: string): NewToken {
  return tokenOfSecret(word, id, randomBytes(32))
}

/**
 * Makes a token as {@link newToken} does, of a secret that is there already.
 *
 * @param bytes 32 of them, which nobody can guess
 */
export function tokenOfSecret(word: string, id: string, bytes: Buffer): NewToken {
  const secret = inBase62(BigInt(`0x${bytes.toString('hex')}`), lengths.secret)
  const text = tokenText(word, id, secret)
  return { text, hash: tokenHash(text), prefix: secret.slice(0, 6) }
}

/** The text of a token with a secret, which has its check at the end. */
export function tokenText(word: string, id: string, secret: string): string {
  const unchecked = `${word}_${id.replaceAll('-', '')}_${secret}`
  return `${unchecked}${checkOf(unchecked)}`
}

/** What is kept of a token. A fast hash is enough: the secret has 256 random bits. */
export function tokenHash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Whose token a text claims to be, as a UUID; `undefined` when it has no token's form, or its check does not fit. */
export function tokenOwner(word: string, text: string): string | undefined {
  const [, id, secret] = text.startsWith(`${word}_`)
    ? (/^([0-9a-f]{32})_([0-9A-Za-z]{49})$/.exec(text.slice(word.length + 1)) ?? [])
    : []
  if (id === undefined || secret === undefined) return undefined
  if (checkOf(text.slice(0, -lengths.check)) !== text.slice(-lengths.check)) return undefined
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function checkOf(text: string): string {
  return inBase62(BigInt(crc32(text)), lengths.check)
}

function inBase62(number: bigint, length: number): string {
  let text = ''
  for (let rest = number; text.length < length; rest /= 62n) text = digits.charAt(Number(rest % 62n)) + text
  return text
}
