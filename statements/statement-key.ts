import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { StatementError } from './statement-error.ts'

/** The hash with which a key signs statements; `null` where the algorithm hashes by itself (Ed25519). */
export type StatementHash = 'sha256' | 'sha384' | 'sha512' | null

/** The public half of a key that signs statements. */
export type StatementKey = {
  readonly key: KeyObject
  readonly hash: StatementHash
  /** SHA-256 of the DER SubjectPublicKeyInfo: two texts of one key have the same. */
  readonly fingerprint: Buffer
}

/** Each curve with the hash of its own length, as tools that verify by a bare public key expect it. */
const hashesOfCurves: Readonly<Record<string, StatementHash>> = {
  prime256v1: 'sha256',
  secp384r1: 'sha384',
  secp521r1: 'sha512',
}

/**
 * Reads a public key. Which algorithm it signs by follows from the key alone: RSASSA-PKCS1-v1_5 with SHA-256, ECDSA with the hash
 * of the curve's length, or Ed25519.
 *
 * @param spki DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7)
 * @throws StatementError `STATEMENT_KEY_UNSUITABLE`
 */
export function statementKey(spki: Uint8Array): StatementKey {
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch (error) {
    throw unsuitable('it is no DER SubjectPublicKeyInfo', error)
  }
  const fingerprint = createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest()
  return { key, hash: hashOf(key), fingerprint }
}

function hashOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): StatementHash {
  const { modulusLength = 0, namedCurve = '' } = details ?? {}
  if (type === 'ed25519') return null
  if (type === 'rsa') {
    if (modulusLength >= 2048) return 'sha256'
    throw unsuitable(`RSA with ${modulusLength} bits`)
  }
  const hash = type === 'ec' && Object.hasOwn(hashesOfCurves, namedCurve) ? hashesOfCurves[namedCurve] : undefined
  if (hash === undefined) throw unsuitable([type, namedCurve].filter((part) => part).join(' '))
  return hash
}

function unsuitable(what: string, cause?: unknown): StatementError {
  return new StatementError(
    'STATEMENT_KEY_UNSUITABLE',
    `The key cannot verify statements: ${what}. It is RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519.`,
    { cause },
  )
}
