import { availableParallelism } from 'node:os'
import { SigningError } from '../signing-error.ts'
import { SessionFailure } from './failure.ts'
import { PooledToken } from './pooled-token.ts'
import { shareModule } from './process-modules.ts'
import type { TokenIdentity } from './session-request.ts'
import type { Token } from './token.ts'

/** Which token to open, and how. */
export interface OpenTokenOptions {
  /** The HSM's PKCS#11 library, such as `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly modulePath: string
  /** CK_TOKEN_INFO's label, without its padding. */
  readonly tokenLabel: string
  /** CK_TOKEN_INFO's serial number, needed where several tokens share the label. */
  readonly tokenSerialNumber?: string
  /** The user PIN. */
  readonly pin: string
  /** How many sessions, hence signatures at once: by default as many as processors, at least 2 and at most 16. */
  readonly sessions?: number
  /** How long one call of the module may take, in milliseconds; ten times that where it makes a key. 30,000 by default. */
  readonly callLimitMs?: number
  /** How long the module is left alone after it was opened anew, in milliseconds; 30,000 by default. */
  readonly reopenIntervalMs?: number
  /** For SoftHSM2 only: its configuration file; by default what SOFTHSM2_CONF says. */
  readonly softHsmConfigPath?: string
}

/** Longer than HSMs in a cluster need to take over from each other. */
const defaultCallLimit = 30_000
const defaultReopenInterval = 30_000

/**
 * Opens a token and logs in to it. Sessions run in threads of their own; an idle token does not keep the process alive.
 *
 * @throws SigningError `PKCS11_MODULE_NOT_FOUND`, `PKCS11_MODULE_NOT_LOADABLE`, `PKCS11_MODULE_IN_USE`,
 *   `PKCS11_TOKEN_NOT_FOUND` (which says what there is), `PKCS11_TOKEN_AMBIGUOUS`, `PKCS11_PIN_INCORRECT`, `PKCS11_PIN_LOCKED`,
 *   `PKCS11_PIN_FINAL_TRY`, `PKCS11_PIN_EXPIRED`, `PKCS11_PIN_NOT_SET`, `PKCS11_SESSIONS_INVALID`, `PKCS11_CALL_TIMED_OUT`,
 *   `PKCS11_MODULE_HANGS`, `PKCS11_FAILED`
 */
export async function openToken(options: OpenTokenOptions): Promise<Token> {
  const sessions = options.sessions ?? Math.min(Math.max(availableParallelism(), 2), 16)
  if (!Number.isInteger(sessions) || sessions < 1) {
    throw new SigningError('PKCS11_SESSIONS_INVALID', `The number of sessions must be at least 1; it is ${sessions}.`)
  }
  const module = await shareModule(options.modulePath, options.softHsmConfigPath)
  const address = { label: options.tokenLabel, serialNumber: options.tokenSerialNumber }
  const token = new PooledToken(module, address, options.pin, {
    sessions,
    callLimitMs: options.callLimitMs ?? defaultCallLimit,
    reopenIntervalMs: options.reopenIntervalMs ?? defaultReopenInterval,
  })
  try {
    await token.health()
  } catch (error) {
    await token.close()
    throw error
  }
  return token
}

/** Where to make a token, and with what PINs. */
export interface CreateTokenOptions {
  readonly modulePath: string
  /** 1 to 32 bytes of UTF-8. */
  readonly tokenLabel: string
  /** The security officer's PIN. */
  readonly soPin: string
  /** The user's PIN. */
  readonly pin: string
  /** For SoftHSM2 only: its configuration file; by default what SOFTHSM2_CONF says. */
  readonly softHsmConfigPath?: string
}

/**
 * Initialises the first free token of a module, without the PINs ever being an argument of a process.
 *
 * @throws SigningError `PKCS11_TOKEN_LABEL_INVALID`, `PKCS11_TOKEN_EXISTS`, `PKCS11_NO_FREE_SLOT`, and the module's as in `openToken`
 */
export async function createToken(options: CreateTokenOptions): Promise<TokenIdentity> {
  const module = await shareModule(options.modulePath, options.softHsmConfigPath)
  const session = module.startSession(defaultCallLimit)
  try {
    return await module.call(session, () =>
      session.request('initializeToken', { label: options.tokenLabel, soPin: options.soPin, userPin: options.pin }),
    )
  } catch (error) {
    throw error instanceof SessionFailure ? error.error : error
  } finally {
    await module.leave([session])
    await session.terminate()
  }
}
