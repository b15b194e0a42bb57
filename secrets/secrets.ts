import type { Instant } from '../domain/index.ts'
import { type SealingKey, seal, unseal } from './seal.ts'
import type { SecretPlace, SecretStore, StoredSecret } from './secret-store.ts'
import { SecretsError } from './secrets-error.ts'

/** So many secrets are sealed anew at once. */
const resealedAtOnce = 200

/**
 * Secrets that somebody gave the service to use for them: headers of links, secrets of web hooks. They are kept sealed
 * beside the log; events, and what Temporal holds, know them by their ids.
 *
 * Every method fails with `SecretsError`, as its codes say.
 */
export interface Secrets {
  /**
   * Keeps a secret, in place of the one that is there.
   *
   * @param options.expiresAt from when on it is removed although nobody asks for that
   */
  put(place: SecretPlace, secret: Uint8Array, options?: { readonly expiresAt?: Instant }): Promise<void>
  /**
   * Keeps a secret where there is none, or only one that has expired: of several at once, in whatever processes, one does.
   *
   * @returns whether it did
   */
  add(place: SecretPlace, secret: Uint8Array, options: { readonly expiresAt: Instant }): Promise<boolean>
  /** The secret; `undefined` when there is none, or none of this organization. */
  get(place: SecretPlace): Promise<Buffer | undefined>
  /** Removes a secret, which is for good. Twice is as once. */
  remove(place: SecretPlace): Promise<void>
  /**
   * Seals secrets that another key sealed with the first one, so that the others can be taken away, and removes what has
   * expired.
   *
   * @returns how many were sealed anew
   * @throws SecretsError `SECRET_UNOPENABLE` when some cannot be opened; all others are sealed anew by then
   */
  reseal(): Promise<number>
  /** Says whether secrets can be read. */
  check(): Promise<void>
  close(): Promise<void>
}

/** @param options.keys the first seals, all of them open; none: nothing can be kept or read */
export function createSecrets(options: {
  readonly store: SecretStore
  readonly keys: readonly SealingKey[]
  readonly now: () => Instant
}): Secrets {
  const { store, keys, now } = options

  function sealingKey(): SealingKey {
    const [first] = keys
    if (first !== undefined) return first
    throw new SecretsError(
      'SECRETS_KEY_MISSING',
      'This process has no key for secrets. The operator sets COUNTERSIGN_SECRET_STORE_KEY.',
    )
  }

  function openedOr(isUnopenable: () => void, stored: StoredSecret): Buffer | undefined {
    try {
      return unseal(stored, stored, keys)
    } catch (error) {
      if (!(error instanceof SecretsError && error.code === 'SECRET_UNOPENABLE')) throw error
      isUnopenable()
      return undefined
    }
  }

  return {
    async put(place, secret, { expiresAt = null as Instant | null } = {}) {
      const key = sealingKey()
      const { organizationId, purpose, id } = place
      await store.put({ organizationId, purpose, id, keyId: key.id, sealed: seal(secret, place, key), expiresAt })
      if (expiresAt !== null) await store.removeExpired(now())
    },

    async add(place, secret, { expiresAt }) {
      const key = sealingKey()
      const { organizationId, purpose, id } = place
      const sealed = seal(secret, place, key)
      return store.add({ organizationId, purpose, id, keyId: key.id, sealed, expiresAt }, now())
    },

    async get(place) {
      sealingKey()
      const stored = await store.find(place)
      if (stored === undefined || stored.organizationId !== place.organizationId) return undefined
      return unseal(stored, place, keys)
    },

    remove: (place) => store.remove(place),

    async reseal() {
      const key = sealingKey()
      await store.removeExpired(now())
      let count = 0
      const unopenable = new Set<string>()
      for (;;) {
        // Those that stay are found again each time, and must not take the places of others.
        const limit = resealedAtOnce + unopenable.size
        const some = await store.sealedByOthers(key.id, limit)
        for (const before of some) {
          const secret = openedOr(() => void unopenable.add(JSON.stringify([before.purpose, before.id])), before)
          if (secret === undefined) continue
          await store.replace(before, { ...before, keyId: key.id, sealed: seal(secret, before, key) })
          count += 1
        }
        if (some.length === limit) continue
        if (unopenable.size === 0) return count
        throw new SecretsError(
          'SECRET_UNOPENABLE',
          `No configured key opens ${unopenable.size} of the secrets; ${count} others were sealed anew with the first one. Configure the keys that are missing besides it.`,
        )
      }
    },

    async check() {
      sealingKey()
      await store.find({ purpose: 'check', id: 'check' })
    },

    close: () => store.close(),
  }
}
