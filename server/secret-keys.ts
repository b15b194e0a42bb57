import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { ConfigurationError } from './configuration-error.ts'
import { exclusively } from './exclusive-use.ts'
import { readIfThere, replaceFile } from './whole-file.ts'

/** A 256-bit key, and the name that what it encrypts knows it by: the first 8 bytes of its SHA-256, hexadecimal. */
export type SecretKey = { readonly id: string; readonly secret: KeyObject }

/**
 * Reads keys: one a line, 32 bytes in base64. The first encrypts, all of them decrypt, so a key is changed by putting a new
 * one on top.
 *
 * @param what which keys they are, for the message
 * @param code the code of the error
 * @throws ConfigurationError
 */
export function parseSecretKeys(text: string, what: string, code: string): readonly [SecretKey, ...SecretKey[]] {
  const [first, ...others] = text
    .split(/\s+/)
    .filter((line) => line !== '')
    .map((line) => parseSecretKey(line, what, code))
  if (first === undefined)
    throw new ConfigurationError(code, `The ${what} file is empty; it needs a key of 32 bytes in base64.`)
  return [first, ...others]
}

/** Makes a new key, as {@link parseSecretKeys} reads it. */
export function newSecretKey(): string {
  return `${randomBytes(32).toString('base64')}\n`
}

/**
 * The key in a file, which is made, for its owner alone, when there is none; its folder is there. Of several processes that
 * begin at once one makes it, and all have the same.
 */
export async function keepSecretKey(path: string): Promise<string> {
  return (await readIfThere(path)) ?? makingKeys(dirname(path), () => readOrMakeKey(path))
}

/**
 * Makes keys of a folder while no other process makes any there: of two that are written one after the other, the first
 * would be lost, with all that it had sealed or signed already.
 *
 * @param make looks first whether the keys are there now
 */
export function makingKeys<Keys>(folder: string, make: () => Promise<Keys>): Promise<Keys> {
  return exclusively(join(folder, 'keys.lock'), make)
}

async function readOrMakeKey(path: string): Promise<string> {
  const kept = await readIfThere(path)
  if (kept !== undefined) return kept
  const key = newSecretKey()
  await replaceFile(path, key)
  return key
}

function parseSecretKey(text: string, what: string, code: string): SecretKey {
  const secret = Buffer.from(text, 'base64')
  // Node reads base64 leniently: what does not give the same text again was mistyped, or is two keys run together.
  if (secret.length !== 32 || secret.toString('base64') !== text)
    throw new ConfigurationError(code, `A ${what} must be 32 bytes in base64 (44 characters).`)
  return { id: createHash('sha256').update(secret).digest('hex').slice(0, 16), secret: createSecretKey(secret) }
}
