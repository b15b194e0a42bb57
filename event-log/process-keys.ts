import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { promisify } from 'node:util'
import type { Instant, ProcessKeyCertified, ProcessKeyStatement, ProcessRole } from '../domain/index.ts'
import { signedRoot } from './append-message.ts'
import type { LogPosition, StreamRevisions } from './event-log.ts'
import { recentMap } from './recent-map.ts'

/** `crypto.verify` on libuv's threads. */
const verifyOnThread = promisify(verify)

/** Bytes of an Ed25519 signature (RFC 8032 §5.1.6). */
const signatureLength = 64

/** A key that the installation answers for. */
export type CertifiedKey = {
  /**
   * Whether a signature (Ed25519, base64) of this key is right for the root of a tree of appends (`signedRoot`). What is being
   * checked, or was found right, is not checked again: appends of one moment share a signature, and the streams that every
   * decision rests on are read again and again. What was found right is answered at once.
   */
  readonly verify: (root: string, signature: string) => boolean | Promise<boolean>
  readonly roles: readonly ProcessRole[]
  readonly notBefore: Instant
  readonly notAfter: Instant | null
}

/** Where and when a key was used. */
export type KeyUse = {
  readonly position: LogPosition
  readonly at: Instant
  /** The key only recorded itself: the installation signed all that this says, so that a revocation takes nothing back. */
  readonly recordsItself: boolean
}

/** What is to be thought of a key for one use: it may be believed, or why not, as a sentence. */
export type KeyStanding = { readonly key: CertifiedKey } | { readonly fault: string }

/** The keys of the processes, as the log records them and the installation certified them. */
export type KeyRing = {
  /** Whether the installation certified the key of this id for a use, and nobody revoked it. Answered at once where its stream was read and revokes nothing. */
  standing(keyId: string, use: KeyUse): KeyStanding | Promise<KeyStanding>
  /** The streams of the keys that were asked for, and where each ended when it was first read. */
  ends(): StreamRevisions
  /** The same keys, as the log has them from now on: a revocation that was appended meanwhile counts. */
  renewed(): KeyRing
}

/** The id of a key: the first 32 hexadecimal digits of the SHA-256 of its DER SubjectPublicKeyInfo. */
export function processKeyId(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 32)
}

/**
 * The bytes that the installation key signs for a process's key: UTF-8 lines, parted by line feeds, none at the end.
 *
 *     countersign event key v1
 *     <public key, base64 of the DER SubjectPublicKeyInfo>
 *     <roles, parted by commas>
 *     <not before>
 *     <not after, or - for none>
 */
export function statementMessage({ publicKey, roles, notBefore, notAfter }: ProcessKeyStatement): Buffer {
  return Buffer.from(['countersign event key v1', publicKey, roles.join(','), notBefore, notAfter ?? '-'].join('\n'))
}

/**
 * Checks what somebody recorded of a process's key.
 *
 * @param recorded as it was read, whatever it is
 * @param keyId the id that the key must have
 * @param installationKeys any of them may have signed
 * @returns `undefined` when no installation key has signed this of this key
 */
export async function certifiedKey(
  recorded: unknown,
  keyId: string,
  installationKeys: readonly KeyObject[],
): Promise<CertifiedKey | undefined> {
  if (!isStatement(recorded)) return undefined
  const { publicKey, roles, notBefore, notAfter, signature } = recorded
  const der = Buffer.from(publicKey, 'base64')
  if (processKeyId(der) !== keyId) return undefined
  const message = statementMessage(recorded)
  for (const installationKey of installationKeys)
    if (await verifyOnThread(null, message, installationKey, Buffer.from(signature, 'base64')))
      return {
        verify: rememberingVerify(createPublicKey({ key: der, format: 'der', type: 'spki' })),
        roles,
        notBefore,
        notAfter,
      }
  return undefined
}

/** Half of how many signatures of a key are remembered as right or being checked, the latest used. */
const rememberedSignatures = 1_024

function rememberingVerify(publicKey: KeyObject): CertifiedKey['verify'] {
  const checks = recentMap<{ readonly root: string; answer: true | Promise<boolean> }>(rememberedSignatures)
  return (root, signature) => {
    const known = checks.get(signature)
    if (known?.root === root) return known.answer
    const bytes = Buffer.from(signature, 'base64')
    if (bytes.length !== signatureLength) return false
    // Begun behind what its caller has to do first: several begin together, and wake other threads once.
    const answer = Promise.resolve().then(() => verifyOnThread(null, signedRoot(root), publicKey, bytes))
    const check = { root, answer: answer as true | Promise<boolean> }
    checks.set(signature, check)
    const forget = () => {
      if (checks.get(signature) === check) checks.delete(signature)
    }
    answer.then((isRight) => {
      if (isRight) check.answer = true
      else forget()
    }, forget)
    return answer
  }
}

function isStatement(value: unknown): value is ProcessKeyCertified['data'] {
  const { publicKey, roles, notBefore, notAfter, signature } = (value ?? {}) as Record<string, unknown>
  const isLine = (text: unknown) => typeof text === 'string' && !/[\n,]/.test(text)
  return (
    isLine(publicKey) &&
    Array.isArray(roles) &&
    roles.every(isLine) &&
    isLine(notBefore) &&
    (notAfter === null || isLine(notAfter)) &&
    isLine(signature)
  )
}

/** Whether the key was certified for something that happened then. */
export function wasValid({ notBefore, notAfter }: CertifiedKey, at: Instant): boolean {
  return notBefore <= at && (notAfter === null || at <= notAfter)
}
