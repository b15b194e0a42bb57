import { createHash, randomBytes } from 'node:crypto'
import { SigningError } from '../signing-error.ts'
import { RemoteSession } from './remote-session.ts'
import type { TokenIdentity } from './session-request.ts'

/**
 * A PKCS#11 module in use by this process.
 *
 * A module is initialised once for a whole process (PKCS#11 2.40 §5.4): C_Finalize ends the sessions of everybody in it,
 * and crashes those who are inside a call. So everybody who opens the same module shares one of these, which counts its
 * users and lets nobody finalise while a call is under way.
 */
export class SharedModule {
  readonly path: string
  /** Threads inside a call that did not return in time. */
  #hanging = 0
  /** When the module was last opened anew, by the clock of `performance`. */
  #reopenedAt = Number.NEGATIVE_INFINITY
  #users = 0
  /** The SoftHSM2 configuration that its users want; undefined stands for SoftHSM2's default path. */
  #configuration: string | undefined
  #initialized: { readonly by: 'owner' | 'guest'; readonly configuration: string | undefined } | undefined
  #generation = 1
  #inFlight = 0
  #drained: (() => void) | undefined
  #exclusive: Promise<void> | undefined
  readonly #generating = new Map<string, Promise<unknown>>()
  readonly #pinSalt = randomBytes(16)
  readonly #pins = new Map<string, Buffer>()

  constructor(path: string) {
    this.path = path
  }

  /** Grows with each initialisation by us. Sessions of an earlier generation are gone. */
  get generation(): number {
    return this.#generation
  }

  /**
   * Takes a share. Each share is given back by `leave`.
   *
   * @throws SigningError `PKCS11_MODULE_IN_USE`
   */
  enter(configuration: string | undefined): void {
    if (this.#users > 0 && this.#configuration !== configuration) {
      throw new SigningError(
        'PKCS11_MODULE_IN_USE',
        `'${this.path}' is open in this process with the SoftHSM2 configuration ${this.#configuration ?? 'at its default path'}; ` +
          `a process can use one configuration at a time, so not ${configuration ?? 'the one at its default path'} too.`,
      )
    }
    this.#configuration = configuration
    this.#users++
  }

  /**
   * Starts a session thread.
   *
   * @param callLimitMs how long one call of the module may take, in milliseconds
   */
  startSession(callLimitMs: number): RemoteSession {
    return new RemoteSession(this.path, {
      callLimitMs,
      onHang: () => {
        if (this.#hanging++ === 0) process.once('exit', endAtOnce)
        return () => {
          if (--this.#hanging === 0) process.removeListener('exit', endAtOnce)
        }
      },
    })
  }

  /**
   * Runs a call to the module. Waits while the module is being reopened. Initialises it if need be.
   *
   * @throws SigningError `PKCS11_MODULE_HANGS` when too many calls did not return
   */
  async call<T>(session: RemoteSession, work: () => Promise<T>): Promise<T> {
    if (this.#hanging >= mostHanging) throw moduleHangs(this.path)
    for (;;) {
      if (this.#exclusive !== undefined) await this.#exclusive
      else if (this.#ready) break
      else await this.#alone(() => this.#initialize(session))
    }
    this.#inFlight++
    try {
      return await work()
    } finally {
      this.#inFlight--
      if (this.#inFlight === 0) this.#drained?.()
    }
  }

  /**
   * Finalises and initialises the module when no call is under way, unless somebody did so since `generation`. Not
   * oftener than `intervalMs`: what reopening does not mend would otherwise end everybody's sessions again and again.
   * And not while a thread is inside a call that does not return: a module must not be finalised then.
   */
  async reopen(session: RemoteSession, generation: number, intervalMs: number): Promise<void> {
    const may = () =>
      this.#generation === generation && this.#hanging === 0 && performance.now() - this.#reopenedAt >= intervalMs
    if (!may()) return
    await this.#alone(async () => {
      if (!may()) return
      await this.#finalize(session)
      await this.#initialize(session)
      if (this.#generation !== generation) this.#reopenedAt = performance.now()
    })
  }

  /** Gives a share back and closes its sessions; the last to leave finalises the module. */
  async leave(sessions: readonly RemoteSession[]): Promise<void> {
    this.#users--
    await this.#alone(async () => {
      if (this.#initialized === undefined) return
      for (const session of sessions) {
        await session.request('close', { generation: this.#generation }).catch(() => undefined)
      }
      const [last] = sessions
      if (this.#users === 0 && last !== undefined && this.#hanging === 0) {
        await this.#finalize(last)
        this.#pins.clear()
        this.#reopenedAt = Number.NEGATIVE_INFINITY
      }
    })
  }

  /** Lets only one caller at a time generate a key with this id, so that the second finds the first one's. */
  async oneAtATime<T>(id: Uint8Array, work: () => Promise<T>): Promise<T> {
    const name = Buffer.from(id).toString('hex')
    const before = this.#generating.get(name) ?? Promise.resolve()
    const turn = before.then(work)
    const done = turn.catch(() => undefined)
    this.#generating.set(name, done)
    try {
      return await turn
    } finally {
      if (this.#generating.get(name) === done) this.#generating.delete(name)
    }
  }

  /**
   * A login belongs to the process, so a token does not look at the PIN of whoever comes second. This does: the PIN must
   * be the one that the token accepted.
   *
   * @throws SigningError `PKCS11_PIN_INCORRECT`
   */
  confirmPin(token: TokenIdentity, pin: string, login: 'fresh' | 'shared'): void {
    const name = JSON.stringify([token.manufacturer, token.model, token.serialNumber, token.label])
    const fingerprint = createHash('sha256').update(this.#pinSalt).update(pin).digest()
    const accepted = this.#pins.get(name)
    if (login === 'fresh' || accepted === undefined) {
      this.#pins.set(name, fingerprint)
    } else if (!accepted.equals(fingerprint)) {
      throw new SigningError(
        'PKCS11_PIN_INCORRECT',
        `The token '${token.label}' is in use by this process already, with another user PIN than this one.`,
      )
    }
  }

  get #ready(): boolean {
    return this.#initialized !== undefined && this.#initialized.configuration === this.#configuration
  }

  async #initialize(session: RemoteSession): Promise<void> {
    if (this.#ready) return
    await this.#finalize(session)
    const configuration = this.#configuration
    const by = await session.request('initialize', { softHsmConfigPath: configuration })
    this.#initialized = { by, configuration }
    if (by === 'owner') this.#generation++
  }

  /** What another part of the process has initialised is left alone. */
  async #finalize(session: RemoteSession): Promise<void> {
    const initialized = this.#initialized
    this.#initialized = undefined
    if (initialized?.by === 'owner') await session.request('finalize', undefined).catch(() => undefined)
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    while (this.#exclusive !== undefined) await this.#exclusive
    let done: () => void = () => undefined
    this.#exclusive = new Promise((resolve) => {
      done = resolve
    })
    try {
      if (this.#inFlight > 0) {
        await new Promise<void>((resolve) => {
          this.#drained = resolve
        })
        this.#drained = undefined
      }
      await work()
    } finally {
      this.#exclusive = undefined
      done()
    }
  }
}

/** With more threads than this inside calls that do not return, the fault is not one of a session. */
const mostHanging = 16

function moduleHangs(path: string): SigningError {
  return new SigningError(
    'PKCS11_MODULE_HANGS',
    `${mostHanging} calls of the PKCS#11 module '${path}' did not return, so no more are made until some of them do. Is the HSM reachable? ` +
      'If it is, the signer must be started anew.',
    { transient: true },
  )
}

/**
 * Node waits for all threads before it ends, so a process with one that is inside a call that never returns would
 * never end. Everything else of the exit is done when this is called.
 */
function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL')
}
