import type { Handle, PKCS11 } from 'pkcs11js'
import pkcs11js from 'pkcs11js'
import { SigningError } from '../signing-error.ts'
import { attributeValues, findObjects, type TokenSlot, tokenSlot } from './cryptoki.ts'
import { refuseDangerousLogin } from './dangerous-login.ts'
import { hashSignature } from './hash-signature.ts'
import { generateKeyPair } from './key-generation.ts'
import { importKeyPair } from './key-import.ts'
import { destroyKeyPair } from './key-objects.ts'
import { checkedSignature, type SigningHandles } from './raw-signature.ts'
import { readSessionKey, type SessionKey } from './session-key.ts'
import type { KeyDescription, SessionAnswer, SessionArgument, TokenIdentity } from './session-request.ts'

interface OpenSession {
  readonly handle: Handle
  readonly token: TokenSlot
  /** The user PIN, for keys that want it for each signature. */
  readonly pin: string
  /** Counts how often the module was initialised; a handle belongs to one of these times. */
  readonly generation: number
}

/** CK_STATE values of a user's session (PKCS#11 2.40 §3.3), which the binding has no names for. */
const loggedInStates: readonly number[] = [1, 3]

/**
 * One PKCS#11 session. Every method blocks until the token has answered, so it lives in a thread of its own.
 * Methods throw what the binding throws, or a SigningError; nothing is tried twice here.
 */
export class Session {
  readonly #module: PKCS11
  #open: OpenSession | undefined
  /** Keys by CKA_ID in hexadecimal. Handles are valid as long as the session. */
  readonly #keys = new Map<string, SessionKey>()

  constructor(module: PKCS11) {
    this.#module = module
  }

  open({ token: address, pin, generation }: SessionArgument<'open'>): SessionAnswer<'open'> {
    this.close(generation)
    const token = tokenSlot(this.#module, address)
    refuseDangerousLogin(token)
    const handle = this.#module.C_OpenSession(token.slot, pkcs11js.CKF_SERIAL_SESSION)
    try {
      const login = this.#login(handle, pin)
      this.#open = { handle, token, pin, generation }
      return { token: identity(token), login }
    } catch (error) {
      this.#closeIgnoringErrors(handle)
      throw error
    }
  }

  /**
   * Closes the session, if one is open. A module that has been initialised anew since may have given its handle to
   * another thread: such a session is only forgotten.
   */
  close(generation: number): undefined {
    const open = this.#open
    this.forget()
    if (open?.generation === generation) this.#closeIgnoringErrors(open.handle)
  }

  /** Forgets a session that the module no longer knows. */
  forget(): void {
    this.#open = undefined
    this.#keys.clear()
  }

  check(): TokenIdentity {
    const { handle, token } = this.#opened()
    const { state } = this.#module.C_GetSessionInfo(handle)
    if (!loggedInStates.includes(state)) {
      throw new SigningError('PKCS11_SESSION_LOST', 'The session lost its login.', { transient: true })
    }
    // Which the module answers from memory; the list of its objects it has to fetch.
    findObjects(this.#module, handle, [
      { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
      { type: pkcs11js.CKA_TOKEN, value: true },
    ])
    return identity(token)
  }

  sign({ key, hash, digest }: SessionArgument<'sign'>): Uint8Array {
    return this.#using(key, (handle, handles) => checkedSignature(this.#module, handle, handles, hash, digest))
  }

  signHashes({ key, mechanism, digests }: SessionArgument<'signHashes'>): readonly Uint8Array[] {
    return digests.map((digest) =>
      this.#using(key, (handle, handles) => hashSignature(this.#module, handle, handles, mechanism, digest)),
    )
  }

  /** Makes a signature with a key, which must be the one that the caller knows. */
  #using(key: SessionArgument<'sign'>['key'], make: (session: Handle, key: SigningHandles) => Uint8Array): Uint8Array {
    const { handle, generation } = this.#opened()
    const found = this.#key(Buffer.from(key.id))
    if (found === undefined) throw keyNotFound(key)
    if (!Buffer.from(found.spki).equals(key.publicKey)) {
      throw new SigningError(
        'PKCS11_KEY_CHANGED',
        `The key with the id ${hex(key.id)} has another public key now than when it was looked up; it must be looked up again.`,
      )
    }
    const authenticate = found.alwaysAuthenticate ? () => this.#authenticate() : undefined
    try {
      return exactCopy(make(handle, { ...found, authenticate }))
    } catch (error) {
      // The operation that was begun stays active, and could be ended by whoever signs next with another key.
      if (authenticate !== undefined) this.close(generation)
      throw error
    }
  }

  findKey(id: Buffer): KeyDescription | undefined {
    const found = this.#key(id)
    return found && describe(id, found)
  }

  listKeys(): readonly KeyDescription[] {
    const { handle } = this.#opened()
    const ids = findObjects(this.#module, handle, [
      { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
      { type: pkcs11js.CKA_SIGN, value: true },
    ]).map((object) => attributeValues(this.#module, handle, object, [pkcs11js.CKA_ID])[0] ?? Buffer.alloc(0))
    const listed: KeyDescription[] = []
    for (const id of new Map(ids.map((id) => [hex(id), id])).values()) {
      try {
        const found = this.findKey(id)
        if (found !== undefined) listed.push(found)
      } catch (error) {
        // A key that somebody else keeps in the token and that we could not use is none of ours to complain about.
        if (!(error instanceof SigningError)) throw error
      }
    }
    return listed
  }

  generateKey(argument: SessionArgument<'generateKey'>): KeyDescription {
    const id = Buffer.from(argument.id)
    return this.#made(id, (session, token) => generateKeyPair(this.#module, session, token, { ...argument, id }))
  }

  importKey(argument: SessionArgument<'importKey'>): KeyDescription {
    const id = Buffer.from(argument.id)
    return this.#made(id, (session, token) => importKeyPair(this.#module, session, token, argument))
  }

  destroyKey(id: Buffer): boolean {
    this.#keys.delete(hex(id))
    return this.#writing((session) => destroyKeyPair(this.#module, session, id))
  }

  #made(id: Buffer, make: (session: Handle, token: TokenSlot) => void): KeyDescription {
    this.#writing(make)
    const made = readSessionKey(this.#module, this.#opened().handle, id)
    if (made === undefined) throw keyNotFound({ id })
    return describe(id, made)
  }

  /** Does something in a read/write session of its own. */
  #writing<Result>(work: (session: Handle, token: TokenSlot) => Result): Result {
    const { token } = this.#opened()
    const session = this.#module.C_OpenSession(token.slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
    try {
      return work(session, token)
    } finally {
      this.#closeIgnoringErrors(session)
    }
  }

  #opened(): OpenSession {
    if (this.#open === undefined) {
      throw new SigningError('PKCS11_SESSION_LOST', 'No session is open.', { transient: true })
    }
    return this.#open
  }

  /**
   * The login that a key with CKA_ALWAYS_AUTHENTICATE wants between C_SignInit and C_Sign (PKCS#11 2.40 §4.9). It
   * counts as any other when the PIN is wrong.
   */
  #authenticate(): void {
    const { handle, token, pin } = this.#opened()
    refuseDangerousLogin({ label: token.label, flags: this.#module.C_GetTokenInfo(token.slot).flags })
    this.#module.C_Login(handle, pkcs11js.CKU_CONTEXT_SPECIFIC, pin)
  }

  /** A session of this process that is logged in already lends its login to all others. */
  #login(session: Handle, pin: string): 'fresh' | 'shared' {
    try {
      this.#module.C_Login(session, pkcs11js.CKU_USER, pin)
      return 'fresh'
    } catch (error) {
      if (/CKR_USER_ALREADY_LOGGED_IN/.test(String(error))) return 'shared'
      throw error
    }
  }

  #key(id: Buffer): SessionKey | undefined {
    const known = this.#keys.get(hex(id))
    if (known !== undefined) return known
    const key = readSessionKey(this.#module, this.#opened().handle, id)
    if (key !== undefined) this.#keys.set(hex(id), key)
    return key
  }

  /** A session that cannot be closed is gone; nothing more can be done. */
  #closeIgnoringErrors(session: Handle): void {
    try {
      this.#module.C_CloseSession(session)
    } catch {}
  }
}

function identity({ label, serialNumber, manufacturer, model }: TokenSlot): TokenIdentity {
  return { label, serialNumber, manufacturer, model }
}

function describe(id: Uint8Array, { label, algorithm, spki, alwaysAuthenticate }: SessionKey): KeyDescription {
  return { id: exactCopy(id), label, algorithm, publicKey: exactCopy(spki), alwaysAuthenticate }
}

/** A Buffer is often a window on a larger pool, all of which would be copied when it is posted to another thread. */
function exactCopy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

function keyNotFound(key: { readonly id: Uint8Array }): SigningError {
  return new SigningError('PKCS11_KEY_NOT_FOUND', `There is no private key with the id ${hex(key.id)} in the token.`)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
