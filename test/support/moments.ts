import type { SignerDependencies } from '../../activities/index.ts'
import type { EventLog } from '../../event-log/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import type { Token, TokenKey } from '../../signing/pkcs11/index.ts'

/** What a signer is about to do: `store.open`, `key.sign` … It waits until the moment is over. */
export type Moment = (name: string) => Promise<void> | void

/** A signer's parts, and what they were asked to sign. */
export type WatchedSigner = SignerDependencies & {
  /** Digests that were given to a key, when nothing was left to stop it, in hexadecimal. */
  readonly signed: readonly string[]
}

/** The real parts of a signer, which announce every call before they carry it out. */
export function withMoments(signer: SignerDependencies, moment: Moment): WatchedSigner {
  const { log, store, scratch, keyStores, timestamps } = signer
  const signed: string[] = []
  const watchedLog = overriding<EventLog>(log, {
    async append(...given) {
      await moment('log.append')
      return log.append(...given)
    },
    async *readStream(...given) {
      await moment('log.readStream')
      yield* log.readStream(...given)
    },
  })
  const watchKey = (key: TokenKey): TokenKey => ({
    ...key,
    async sign(hash, digest, before) {
      await moment('key.sign')
      return key.sign(hash, digest, async () => {
        await moment('key is about to be used')
        await before?.()
        signed.push(Buffer.from(digest).toString('hex'))
      })
    },
  })
  const watchToken = (token: Token): Token =>
    overriding(token, {
      async findKey(id) {
        await moment('token.findKey')
        const key = await token.findKey(id)
        return key && watchKey(key)
      },
      async generateKey(request) {
        await moment('token.generateKey')
        return watchKey(await token.generateKey(request))
      },
      async importKey(request) {
        await moment('token.importKey')
        return watchKey(await token.importKey(request))
      },
      async destroyKey(id) {
        await moment('token.destroyKey')
        return token.destroyKey(id)
      },
    })
  return {
    ...signer,
    signed,
    log: watchedLog,
    async lastRevisions(streamIds) {
      await moment('lastRevisions')
      return signer.lastRevisions(streamIds)
    },
    store: overriding(store, {
      async open(sha256) {
        await moment('store.open')
        const stored = await store.open(sha256)
        await moment('store.open has answered')
        return stored
      },
      async copyIn(...given) {
        await moment('store.copyIn')
        return store.copyIn(...given)
      },
    }),
    scratch: {
      ...scratch,
      async withFolder(use) {
        await moment('scratch.withFolder')
        return scratch.withFolder(use)
      },
    },
    keyStores: {
      async open(name) {
        await moment('keyStores.open')
        return watchToken(await keyStores.open(name))
      },
    },
    timestamps: timestamps && {
      async timestamp(demand) {
        await moment('timestamps.timestamp')
        return timestamps.timestamp(demand)
      },
    },
    passes: new WatchedPasses(signer.passes, moment),
  }
}

/** Announces each pass before it begins, and how far it has come. */
class WatchedPasses extends FilePasses {
  readonly #passes: FilePasses
  readonly #moment: Moment

  constructor(passes: FilePasses, moment: Moment) {
    super(0)
    this.#passes = passes
    this.#moment = moment
  }

  override async read(...[order, options = {}]: Parameters<FilePasses['read']>): ReturnType<FilePasses['read']> {
    await this.#moment('passes.read')
    const onProgress: typeof options.onProgress = (progress) => {
      void this.#moment('passes.read is under way')
      options.onProgress?.(progress)
    }
    const result = await this.#passes.read(order, { ...options, onProgress })
    await this.#moment('passes.read has answered')
    return result
  }
}

/** The same object with other methods in the place of some. */
function overriding<Part extends object>(part: Part, methods: Partial<Part>): Part {
  return new Proxy(part, {
    get(target, name) {
      const member: unknown = Reflect.get(name in methods ? methods : target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
