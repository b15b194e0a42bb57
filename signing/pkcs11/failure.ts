import { SigningError } from '../signing-error.ts'
import type { PostedFailure, SessionOperation } from './session-request.ts'

/**
 * What helps against a failure: nothing (`none`), a new session (`session`), or a module that has been finalised and
 * initialised anew (`module`).
 */
export type Remedy = 'none' | 'session' | 'module'

/** What each operation is called in an error message: "Could not …". */
const descriptions: Readonly<Record<SessionOperation, string>> = {
  initialize: 'initialise the PKCS#11 module',
  finalize: 'finalise the PKCS#11 module',
  open: 'open a session and log in',
  close: 'close the session',
  sign: 'sign',
  signHashes: 'sign hashes',
  generateKey: 'generate a key',
  importKey: 'bring a key in',
  destroyKey: 'destroy a key',
  findKey: 'look up a key',
  listKeys: 'list the keys',
  check: 'check the session',
  initializeToken: 'initialise a token',
}

/** The session went away, or its state is not what we think, or the call may succeed when it is made again. */
const sessionFailures = new Set([
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_SESSION_CLOSED',
  'CKR_USER_NOT_LOGGED_IN',
  'CKR_OBJECT_HANDLE_INVALID',
  'CKR_KEY_HANDLE_INVALID',
  'CKR_OPERATION_ACTIVE',
  'CKR_OPERATION_NOT_INITIALIZED',
  'CKR_FUNCTION_FAILED',
  'CKR_DEVICE_MEMORY',
  'CKR_HOST_MEMORY',
  'CKR_SESSION_COUNT',
])

/** The module's picture of its tokens is stale or broken. SoftHSM2 says so when another process is at work in it. */
const moduleFailures = new Set([
  'CKR_GENERAL_ERROR',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
  'CKR_DEVICE_ERROR',
  'CKR_DEVICE_REMOVED',
  'CKR_SLOT_ID_INVALID',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_TOKEN_NOT_RECOGNIZED',
])

/** CKR_CURVE_NOT_SUPPORTED (PKCS#11 2.40), which the binding has no name for. */
const curveNotSupported = 0x140

const codes: Readonly<Record<string, { readonly code: string; readonly meaning: string; readonly transient?: true }>> =
  {
    CKR_PIN_INCORRECT: { code: 'PKCS11_PIN_INCORRECT', meaning: 'the token does not accept the user PIN' },
    CKR_PIN_INVALID: {
      code: 'PKCS11_PIN_INCORRECT',
      meaning: 'the user PIN has characters that the token does not allow',
    },
    CKR_PIN_LEN_RANGE: {
      code: 'PKCS11_PIN_INCORRECT',
      meaning: 'the user PIN is shorter or longer than the token allows',
    },
    CKR_PIN_LOCKED: {
      code: 'PKCS11_PIN_LOCKED',
      meaning: 'the user PIN is locked; the security officer must reset it',
    },
    CKR_PIN_EXPIRED: { code: 'PKCS11_PIN_EXPIRED', meaning: 'the user PIN has expired; it must be changed' },
    CKR_USER_PIN_NOT_INITIALIZED: {
      code: 'PKCS11_PIN_NOT_SET',
      meaning: 'the token has no user PIN yet; the security officer must set one',
    },
    CKR_MECHANISM_INVALID: { code: 'PKCS11_MECHANISM_UNKNOWN', meaning: 'the token does not know the mechanism' },
    CKR_KEY_SIZE_RANGE: { code: 'PKCS11_MECHANISM_UNKNOWN', meaning: 'the token does not support this key size' },
    CKR_DOMAIN_PARAMS_INVALID: { code: 'PKCS11_MECHANISM_UNKNOWN', meaning: 'the token does not support this curve' },
    CKR_KEY_HANDLE_INVALID: { code: 'PKCS11_KEY_NOT_FOUND', meaning: 'the key is no longer in the token' },
    CKR_OBJECT_HANDLE_INVALID: { code: 'PKCS11_KEY_NOT_FOUND', meaning: 'the key is no longer in the token' },
    CKR_TOKEN_NOT_PRESENT: { code: 'PKCS11_TOKEN_REMOVED', meaning: 'the token is gone', transient: true },
    CKR_TOKEN_NOT_RECOGNIZED: { code: 'PKCS11_TOKEN_REMOVED', meaning: 'the token is not readable', transient: true },
    CKR_DEVICE_REMOVED: { code: 'PKCS11_TOKEN_REMOVED', meaning: 'the token was removed', transient: true },
    CKR_SLOT_ID_INVALID: { code: 'PKCS11_TOKEN_REMOVED', meaning: 'the slot of the token is gone', transient: true },
    CKR_SESSION_HANDLE_INVALID: { code: 'PKCS11_SESSION_LOST', meaning: 'the session is gone', transient: true },
    CKR_SESSION_CLOSED: { code: 'PKCS11_SESSION_LOST', meaning: 'the token closed the session', transient: true },
    CKR_USER_NOT_LOGGED_IN: { code: 'PKCS11_SESSION_LOST', meaning: 'the session lost its login', transient: true },
  }

/** A failed request to a session thread: the error that the caller sees, and what may help against it. */
export class SessionFailure extends Error {
  readonly operation: SessionOperation
  readonly error: SigningError
  readonly remedy: Remedy

  constructor(operation: SessionOperation, error: SigningError, remedy: Remedy) {
    super(error.message)
    this.name = 'SessionFailure'
    this.operation = operation
    this.error = error
    this.remedy = remedy
  }
}

/** Translates what a session thread reported. */
export function sessionFailure(operation: SessionOperation, posted: PostedFailure): SessionFailure {
  if (posted.kind === 'coded') {
    const { code, message, transient } = posted
    return new SessionFailure(operation, new SigningError(code, message, { transient }), remedyForCode(code))
  }
  const { rv, rvNumber, call } = posted
  const remedy: Remedy = sessionFailures.has(rv) ? 'session' : moduleFailures.has(rv) ? 'module' : 'none'
  const known = rvNumber === curveNotSupported ? codes.CKR_DOMAIN_PARAMS_INVALID : codes[rv]
  const code = known?.code ?? 'PKCS11_FAILED'
  const meaning = known?.meaning ?? 'the PKCS#11 module reported a failure'
  const transient = known === undefined ? remedy !== 'none' : known.transient === true
  const name = rv === 'CKR_VENDOR_DEFINED' ? `CKR 0x${rvNumber.toString(16)}` : rv
  const message = `Could not ${descriptions[operation]}: ${meaning} (${name} from ${call}).`
  return new SessionFailure(operation, new SigningError(code, message, { transient }), remedy)
}

/** A call of the module did not return in time: its thread is given up, and nothing is tried again at once. */
export function callTimedOut(operation: SessionOperation, limitMs: number): SessionFailure {
  const message =
    `Could not ${descriptions[operation]}: a call of the PKCS#11 module did not return within ${limitMs} ms. ` +
    'Its session was given up and replaced.'
  return new SessionFailure(operation, new SigningError('PKCS11_CALL_TIMED_OUT', message, { transient: true }), 'none')
}

/** The session's thread ended while it was at work, or before. */
export function threadLost(operation: SessionOperation, cause: Error): SessionFailure {
  const message = `Could not ${descriptions[operation]}: the session's thread was lost.`
  const error = new SigningError('PKCS11_SESSION_LOST', message, { transient: true, cause })
  return new SessionFailure(operation, error, 'session')
}

/** A token or key that cannot be seen may only be hidden from a module with a stale picture. */
function remedyForCode(code: string): Remedy {
  switch (code) {
    case 'PKCS11_TOKEN_NOT_FOUND':
    case 'PKCS11_KEY_NOT_FOUND':
    case 'PKCS11_PUBLIC_KEY_NOT_FOUND':
      return 'module'
    case 'PKCS11_SESSION_LOST':
      return 'session'
    default:
      return 'none'
  }
}

/** @throws SigningError `PKCS11_KEY_ID_INVALID` */
export function refuseInvalidId(id: Uint8Array): void {
  if (id.length > 0 && id.length <= 255) return
  throw new SigningError('PKCS11_KEY_ID_INVALID', `A key id has 1 to 255 bytes; this one has ${id.length}.`)
}

/** The error of whatever is asked of a token that this process has closed. */
export function tokenClosed(): SigningError {
  return new SigningError('PKCS11_TOKEN_CLOSED', 'The token was closed by this process; it must be opened again.')
}

/** Failures after which no login is tried again, because each would bring the token closer to being locked. */
export const lockout = new Set([
  'PKCS11_PIN_INCORRECT',
  'PKCS11_PIN_LOCKED',
  'PKCS11_PIN_EXPIRED',
  'PKCS11_PIN_FINAL_TRY',
])
