import type { KeyAlgorithm } from '../../domain/index.ts'
import type { HashSigningKey, SigningKey } from '../signing-key.ts'
import type { KeyUse, SessionArgument, TokenIdentity } from './session-request.ts'

/** A key pair in a token. Its private half is used by reference and never leaves the token. */
export interface TokenKey extends SigningKey, HashSigningKey {
  /** CKA_ID of both halves. */
  readonly id: Uint8Array
  /** CKA_LABEL of the private half. */
  readonly label: string
}

/** A token that this process is logged in to. Safe for any number of callers at once. */
export interface Token {
  /** Facts from CK_TOKEN_INFO. */
  readonly identity: TokenIdentity

  /**
   * Generates a key pair in the token: sensitive, not extractable, for one use only. An id is used once, so a caller
   * that may have got this far before looks with `findKey` first.
   *
   * @param id CKA_ID, 1 to 255 bytes
   * @param use for signatures when it is left out; `unwrap` makes a transport key for {@link importKey}, of RSA
   * @throws SigningError `PKCS11_KEY_EXISTS`, `PKCS11_MECHANISM_UNKNOWN`, `PKCS11_KEY_NOT_PROTECTED`, `PKCS11_KEY_ID_INVALID`
   */
  generateKey(request: {
    readonly id: Uint8Array
    readonly label: string
    readonly algorithm: KeyAlgorithm
    readonly use?: KeyUse
  }): Promise<TokenKey>

  /**
   * Brings in a private key that was encrypted for a transport key of the token, as {@link generateKey} would have made it. It is
   * never outside of the token in the clear. One that is there already is kept when it is that of the public key.
   *
   * @throws SigningError `PKCS11_UNWRAP_FAILED`, `PKCS11_KEY_NOT_PAIRED`, `PKCS11_KEY_UNSUPPORTED`, `PKCS11_KEY_NOT_FOUND` (the
   *   transport key), `PKCS11_KEY_NOT_PROTECTED`, `PKCS11_MECHANISM_UNKNOWN`, `PKCS11_KEY_EXISTS`
   */
  importKey(request: SessionArgument<'importKey'>): Promise<TokenKey>

  /** Destroys both halves of a key pair, for good. Answers whether there was a private one. */
  destroyKey(id: Uint8Array): Promise<boolean>

  /** @throws SigningError `PKCS11_KEY_UNSUPPORTED`, `PKCS11_KEY_AMBIGUOUS`, `PKCS11_PUBLIC_KEY_NOT_FOUND` */
  findKey(id: Uint8Array): Promise<TokenKey | undefined>

  /** Every key pair that can sign and that we can use. */
  listKeys(): Promise<readonly TokenKey[]>

  /**
   * Whether a signature could be made now: a session is open, logged in, and the token lists its objects. Reopens what
   * has to be reopened, so it also heals.
   *
   * @throws SigningError the reason why not
   */
  health(): Promise<TokenIdentity>

  /** Waits for what is under way, refuses what comes later with `PKCS11_TOKEN_CLOSED`, and closes the sessions. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** How a token is used: by how many sessions, and within which times. */
export interface PoolOptions {
  /** How many sessions, hence calls at once. */
  readonly sessions: number
  /** How long one call of the module may take, in milliseconds. */
  readonly callLimitMs: number
  /** How long the module is left alone after it was opened anew, in milliseconds. */
  readonly reopenIntervalMs: number
}

/** How an operation of a token is done. */
export interface PerformOptions {
  /** Whether the module is opened anew first, if it may be, and else a new session. */
  readonly afresh?: boolean
  /** Whether the token is given the PIN on the way. */
  readonly givesPin?: boolean
  /** What has to succeed, each time, before the token is asked. */
  readonly before?: (() => Promise<void>) | undefined
}
