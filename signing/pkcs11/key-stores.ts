import type { KeyStoreName } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { type OpenTokenOptions, openToken } from './open-token.ts'
import type { Token } from './token.ts'

/** The key stores that this process is configured for, each a token. */
export interface KeyStores {
  /** Their names, in the order of the configuration. */
  readonly names: readonly KeyStoreName[]

  /**
   * The token behind a key store. One that could not be reached before is opened now.
   *
   * @throws SigningError `KEY_STORE_NOT_CONFIGURED`, and as `openToken`, its message naming the key store
   */
  open(name: KeyStoreName): Promise<Token>

  /** Closes every token. */
  close(): Promise<void>
}

/** Failures that may pass by themselves: the token or its network is away. Everything else is a fault of the configuration. */
const unreachable = new Set([
  'PKCS11_TOKEN_NOT_FOUND',
  'PKCS11_TOKEN_REMOVED',
  'PKCS11_CALL_TIMED_OUT',
  'PKCS11_MODULE_HANGS',
  'PKCS11_SESSION_LOST',
  'PKCS11_FAILED',
])

/**
 * Opens key stores, all at once. Where there are several, one that cannot be reached does not keep the others from work: it
 * is opened when it is needed. A key store whose configuration is wrong fails the start, and one that turns out to be wrong
 * later stays closed, since each further login with a wrong PIN would bring its token closer to being locked.
 *
 * @param onUnreachable called for each that could not be reached
 * @throws SigningError as `openToken`, its message naming the key store
 */
export async function openKeyStores(
  options: ReadonlyMap<KeyStoreName, OpenTokenOptions>,
  onUnreachable: (name: KeyStoreName, error: SigningError) => void,
): Promise<KeyStores> {
  const tokens = new Map<KeyStoreName, Promise<Token>>()

  function open(name: KeyStoreName): Promise<Token> {
    const known = tokens.get(name)
    if (known !== undefined) return known
    const ofStore = options.get(name)
    if (ofStore === undefined) return Promise.reject(notConfigured(name, [...options.keys()]))
    const opening = openToken(ofStore).catch((error: unknown) => {
      const failure = inKeyStore(name, error)
      if (isUnreachable(failure)) tokens.delete(name)
      throw failure
    })
    tokens.set(name, opening)
    return opening
  }

  async function close(): Promise<void> {
    const opened = await Promise.allSettled(tokens.values())
    await Promise.all(opened.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)))
  }

  const names = [...options.keys()]
  const failures = new Map<KeyStoreName, unknown>()
  await Promise.all(names.map((name) => open(name).catch((error: unknown) => failures.set(name, error))))
  for (const [name, error] of failures) {
    if (isUnreachable(error) && failures.size < names.length) onUnreachable(name, error)
    else {
      await close()
      throw error
    }
  }
  return { names, open, close }
}

function isUnreachable(error: unknown): error is SigningError {
  return error instanceof SigningError && unreachable.has(error.code)
}

function inKeyStore(name: KeyStoreName, error: unknown): unknown {
  if (!(error instanceof SigningError)) return error
  const { code, message, transient } = error
  return new SigningError(code, `Key store ${name}: ${message}`, { transient, cause: error })
}

function notConfigured(name: KeyStoreName, known: readonly KeyStoreName[]): SigningError {
  return new SigningError(
    'KEY_STORE_NOT_CONFIGURED',
    `The key store ${name} is not configured on this signer, which has: ${known.join(', ')}.`,
    { transient: true },
  )
}
