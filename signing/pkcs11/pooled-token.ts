import { type Backoff, oneAtATime, pauseAfter } from '../../domain/index.ts'
import { pause } from '../../retry/index.ts'
import { SigningError } from '../signing-error.ts'
import type { HashSigningKey, SigningKey } from '../signing-key.ts'
import { lockout, refuseInvalidId, SessionFailure, tokenClosed } from './failure.ts'
import { inParts } from './in-parts.ts'
import type { RemoteSession } from './remote-session.ts'
import type {
  KeyDescription,
  KeyUse,
  SessionArgument,
  SessionOperation,
  SessionRequests,
  TokenAddress,
  TokenIdentity,
} from './session-request.ts'
import type { SharedModule } from './shared-module.ts'
import { digestLengths } from './signature-encoding.ts'
import type { PerformOptions, PoolOptions, Token, TokenKey } from './token.ts'

/** An operation is tried this often, with growing waits, when a new session or a reopened module may help. */
const attempts = 6
/** Between two attempts. */
const backoff: Backoff = { first: 8, longest: 128 }
/** A new session is tried this often before the module is reopened. */
const sessionRemedies = 2

type TokenKeyRequest = Omit<SessionArgument<'generateKey'>, 'use'> & { readonly use?: KeyUse }

/** A token behind a pool of sessions, each in a thread of its own. */
export class PooledToken implements Token {
  readonly #module: SharedModule
  readonly #address: TokenAddress
  readonly #pin: string
  readonly #options: PoolOptions
  readonly #idle: RemoteSession[] = []
  readonly #waiting: ((session: RemoteSession) => void)[] = []
  #sessions = 0
  readonly #inTurn = oneAtATime()
  #locked: SigningError | undefined
  #closed: Promise<void> | undefined
  #identity: TokenIdentity | undefined

  constructor(module: SharedModule, address: TokenAddress, pin: string, options: PoolOptions) {
    this.#module = module
    this.#address = address
    this.#pin = pin
    this.#options = options
  }

  get identity(): TokenIdentity {
    if (this.#identity === undefined) throw new Error('The identity of a token is known once it was opened')
    return this.#identity
  }

  async generateKey({ use = 'sign', ...request }: TokenKeyRequest): Promise<TokenKey> {
    refuseInvalidId(request.id)
    return await this.#module.oneAtATime(request.id, async () =>
      this.#key(await this.#perform('generateKey', { ...request, use })),
    )
  }

  async importKey(request: SessionArgument<'importKey'>): Promise<TokenKey> {
    refuseInvalidId(request.id)
    return await this.#module.oneAtATime(request.id, async () => this.#key(await this.#perform('importKey', request)))
  }

  async destroyKey(id: Uint8Array): Promise<boolean> {
    refuseInvalidId(id)
    return await this.#module.oneAtATime(id, async () => {
      // A module with a stale picture of the token does not see every key, and what it does not see it does not destroy.
      const isFound = await this.#perform('destroyKey', { id })
      return (await this.#perform('destroyKey', { id }, { afresh: true })) || isFound
    })
  }

  async findKey(id: Uint8Array): Promise<TokenKey | undefined> {
    refuseInvalidId(id)
    // A module with a stale picture of the token does not see every key. "Not there" is the answer that makes a caller
    // generate a second one, so it is given only by a module that was opened anew, or, where that is too early again, by
    // a new session.
    const found = (await this.#perform('findKey', { id })) ?? (await this.#perform('findKey', { id }, { afresh: true }))
    return found && this.#key(found)
  }

  async listKeys(): Promise<readonly TokenKey[]> {
    return (await this.#perform('listKeys', undefined)).map((description) => this.#key(description))
  }

  async health(): Promise<TokenIdentity> {
    return await this.#perform('check', undefined)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #key(description: KeyDescription): TokenKey {
    const { id, publicKey } = description
    const sign: SigningKey['sign'] = async (hash, digest, before) => {
      if (digest.length !== digestLengths[hash]) {
        throw new SigningError(
          'PKCS11_DIGEST_LENGTH',
          `A ${hash} digest has ${digestLengths[hash]} bytes; this one has ${digest.length}.`,
        )
      }
      // Copied, so that it is that digest that is signed, and not the pool of buffers around it that is posted.
      const argument = { key: { id, publicKey }, hash, digest: new Uint8Array(digest) }
      return await this.#perform('sign', argument, { givesPin: description.alwaysAuthenticate, before })
    }
    const signHashes: HashSigningKey['signHashes'] = async (mechanism, digests, { before, signed } = {}) => {
      const options = { givesPin: description.alwaysAuthenticate, before }
      const sign = (part: readonly Uint8Array[]) =>
        this.#perform('signHashes', { key: { id, publicKey }, mechanism, digests: part }, options)
      return inParts(digests, this.#options.sessions, sign, signed)
    }
    const { algorithm, label } = description
    return { id, label, algorithm, publicKey, sign, signHashes }
  }

  async #perform<O extends SessionOperation>(
    operation: O,
    argument: SessionRequests[O]['argument'],
    { afresh = false, givesPin = false, before }: PerformOptions = {},
  ): Promise<SessionRequests[O]['answer']> {
    if (this.#closed !== undefined) throw tokenClosed()
    const session = await this.#take()
    try {
      if (afresh) {
        session.openedIn = undefined
        await this.#reopen(session, this.#module.generation)
      }
      return await this.#persevere(session, operation, argument, givesPin, before)
    } catch (error) {
      throw error instanceof SessionFailure ? this.#explain(error) : error
    } finally {
      this.#giveBack(session)
    }
  }

  /** The reopen rule: docs/decisions/pkcs11-sessions.md. */
  async #persevere<O extends SessionOperation>(
    session: RemoteSession,
    operation: O,
    argument: SessionRequests[O]['argument'],
    givesPin: boolean,
    before: PerformOptions['before'],
  ): Promise<SessionRequests[O]['answer']> {
    const ask = async () => {
      await before?.()
      return session.request(operation, argument)
    }
    for (let attempt = 1; ; attempt++) {
      let generation = 0
      try {
        return await this.#module.call(session, async () => {
          generation = this.#module.generation
          if (session.openedIn !== generation) await this.#loggingIn(() => this.#open(session, generation))
          return await (givesPin ? this.#loggingIn(ask) : ask())
        })
      } catch (error) {
        const remedy = error instanceof SessionFailure ? error.remedy : 'none'
        if (remedy === 'none' || attempt === attempts || session.gone) throw error
        session.openedIn = undefined
        await pause(pauseAfter(backoff, attempt, Math.random()))
        if (remedy === 'module' || attempt > sessionRemedies) await this.#reopen(session, generation)
      }
    }
  }

  /** What goes wrong while reopening shows again, and is counted, when the module is used next. */
  async #reopen(session: RemoteSession, generation: number): Promise<void> {
    await this.#module.reopen(session, generation, this.#options.reopenIntervalMs).catch((error: unknown) => {
      if (!(error instanceof SessionFailure)) throw error
    })
  }

  async #open(session: RemoteSession, generation: number): Promise<void> {
    const { token, login } = await session.request('open', { token: this.#address, pin: this.#pin, generation })
    this.#module.confirmPin(token, this.#pin, login)
    this.#identity = token
    session.openedIn = generation
  }

  /**
   * Does something that gives the token the PIN. One at a time, so that a PIN that has become wrong is tried once and
   * not once per session; after that nothing is tried any more.
   */
  #loggingIn<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      if (this.#locked !== undefined) throw this.#locked
      try {
        return await work()
      } catch (error) {
        const reason = error instanceof SessionFailure ? error.error : error
        if (reason instanceof SigningError && lockout.has(reason.code)) this.#locked = reason
        throw error
      }
    })
  }

  /** A token that was there and cannot be reached now was taken away, perhaps with all that its module works on. */
  #explain({ operation, error }: SessionFailure): SigningError {
    const unreachable = error.code === 'PKCS11_TOKEN_NOT_FOUND' || operation === 'initialize'
    if (!unreachable || this.#identity === undefined) return error
    return new SigningError('PKCS11_TOKEN_REMOVED', `The token '${this.#address.label}' is gone. ${error.message}`, {
      transient: true,
      cause: error,
    })
  }

  async #take(): Promise<RemoteSession> {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    if (this.#sessions < this.#options.sessions) {
      this.#sessions++
      return this.#module.startSession(this.#options.callLimitMs)
    }
    return await this.#nextGivenBack()
  }

  #nextGivenBack(): Promise<RemoteSession> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  #giveBack(session: RemoteSession): void {
    const usable = session.gone ? this.#module.startSession(this.#options.callLimitMs) : session
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(usable)
    else next(usable)
  }

  async #close(): Promise<void> {
    const sessions: RemoteSession[] = []
    while (sessions.length < this.#sessions) sessions.push(this.#idle.pop() ?? (await this.#nextGivenBack()))
    await this.#module.leave(sessions.filter((session) => !session.gone))
    await Promise.all(sessions.map((session) => session.terminate()))
  }
}
