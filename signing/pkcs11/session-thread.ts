/**
 * The thread of one PKCS#11 session: takes a request, blocks until the module has answered, posts the answer.
 */
import { parentPort, workerData } from 'node:worker_threads'
import pkcs11js from 'pkcs11js'
import { SigningError } from '../signing-error.ts'
import { postedFailure } from './cryptoki.ts'
import { Session } from './session.ts'
import type { PostedAnswer, PostedRequest, SessionThreadData } from './session-request.ts'
import { initializeToken } from './token-initialization.ts'

const { modulePath, calls } = workerData as SessionThreadData
const callCount = new Int32Array(calls)
let loaded: { readonly module: pkcs11js.PKCS11; readonly session: Session } | undefined

/** Handles of sessions that are gone may be given out again, so they must not be closed. */
const sessionIsGone = new Set(['CKR_SESSION_HANDLE_INVALID', 'CKR_SESSION_CLOSED', 'CKR_CRYPTOKI_NOT_INITIALIZED'])

parentPort?.on('message', (request: PostedRequest) => {
  let reply: PostedAnswer
  try {
    reply = { ok: true, answer: answer(request) }
  } catch (error) {
    const failure = postedFailure(error)
    if (failure.kind === 'cryptoki' && sessionIsGone.has(failure.rv)) loaded?.session.forget()
    reply = { ok: false, failure }
  }
  parentPort?.postMessage(reply)
})

function answer(request: PostedRequest): unknown {
  loaded ??= load()
  const { module, session } = loaded
  switch (request.operation) {
    case 'initialize':
      return initialize(module, request.argument.softHsmConfigPath)
    case 'finalize':
      session.forget()
      return module.C_Finalize()
    case 'open':
      return session.open(request.argument)
    case 'close':
      return session.close(request.argument.generation)
    case 'sign':
      return session.sign(request.argument)
    case 'signHashes':
      return session.signHashes(request.argument)
    case 'generateKey':
      return session.generateKey(request.argument)
    case 'importKey':
      return session.importKey(request.argument)
    case 'destroyKey':
      return session.destroyKey(Buffer.from(request.argument.id))
    case 'findKey':
      return session.findKey(Buffer.from(request.argument.id))
    case 'listKeys':
      return session.listKeys()
    case 'check':
      return session.check()
    case 'initializeToken':
      return initializeToken(module, request.argument)
  }
}

function load(): { readonly module: pkcs11js.PKCS11; readonly session: Session } {
  const module = countingCalls(new pkcs11js.PKCS11())
  try {
    module.load(modulePath)
  } catch (error) {
    throw new SigningError(
      'PKCS11_MODULE_NOT_LOADABLE',
      `'${modulePath}' cannot be loaded as a PKCS#11 module: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  return { module, session: new Session(module) }
}

/** The module, with the beginning and the end of each call counted: by that the main thread sees when one hangs. */
function countingCalls(module: pkcs11js.PKCS11): pkcs11js.PKCS11 {
  return new Proxy(module, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        Atomics.add(callCount, 0, 1)
        try {
          return member.apply(target, args)
        } finally {
          Atomics.add(callCount, 0, 1)
        }
      }
    },
  })
}

/**
 * SoftHSM2 reads the path of its configuration from the environment, here and only here. The thread shares the
 * environment of the process (a copy would not reach native code); it is put back as it was.
 */
function initialize(module: pkcs11js.PKCS11, softHsmConfigPath: string | undefined): 'owner' | 'guest' {
  const before = process.env.SOFTHSM2_CONF
  if (softHsmConfigPath !== undefined && softHsmConfigPath !== before) process.env.SOFTHSM2_CONF = softHsmConfigPath
  try {
    module.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
    return 'owner'
  } catch (error) {
    if (/CKR_CRYPTOKI_ALREADY_INITIALIZED/.test(String(error))) return 'guest'
    throw error
  } finally {
    if (before === undefined) delete process.env.SOFTHSM2_CONF
    else if (before !== process.env.SOFTHSM2_CONF) process.env.SOFTHSM2_CONF = before
  }
}
