import { createHmac, type KeyObject } from 'node:crypto'
import {
  type Instant,
  mailboxOf,
  type OrganizationId,
  type PersonalDetails,
  type PersonId,
  type ReadPerson,
  type SealedDetails,
  type SealedPerson,
  type UserId,
} from '../domain/index.ts'
import { type MasterKey, newPersonKey, unwrapKey, wrapKey } from './master-key.ts'
import type { PersonKeyStore, StoredAddressKey, StoredPersonKey } from './person-key-store.ts'
import { PersonKeysError } from './person-keys-error.ts'
import { seal, unseal } from './seal.ts'

/** After a failure the database is not asked again for so long, in milliseconds: who reads does not wait for it each time. */
const restMs = 1_000
/** So many people whose names cannot be read are reported one by one. */
const mostReported = 1_000
/** So many keys are wrapped anew at once. */
const rewrappedAtOnce = 200

/** What was sealed, and for whom. */
export type SealedFor = SealedDetails & { readonly userId: UserId }

/** Seals what is known of people and opens it again, each person with a key of their own. */
export interface Persons {
  /**
   * Makes a new user's key and seals with it. An address belongs to one user of an organization, until that user's key is
   * destroyed: where it belongs to another one already, that user is answered, and what is sealed is sealed for that one.
   *
   * @throws PersonKeysError `PERSON_KEYS_UNAVAILABLE`, `PERSON_KEYS_FOREIGN`
   */
  seal(person: PersonId, details: PersonalDetails): Promise<SealedFor>
  /**
   * Reads many people at once, in their order. Never fails: while the keys are away, everybody who is not erased is
   * `unavailable`. No key is kept in memory, so one that was destroyed opens nothing any more in any process.
   */
  read(people: readonly SealedPerson[]): Promise<readonly ReadPerson[]>
  /** Destroys a user's key, which is for good. Twice is as once. @throws PersonKeysError as {@link Persons.seal} */
  erase(person: PersonId): Promise<void>
  /** Up to which position of the log the keys of erased users are destroyed. @throws PersonKeysError */
  erasuresDoneTo(): Promise<string | undefined>
  /** Keeps that position beside the keys, so that a copy of them that is put back says how old it is. @throws PersonKeysError */
  markErasuresDone(position: string): Promise<void>
  /**
   * Wraps keys that another master key wrapped with the first one, so that the others can be taken away.
   *
   * @returns how many keys there were
   * @throws PersonKeysError as {@link Persons.seal}
   */
  rewrap(): Promise<number>
  /** Says whether keys can be read. @throws PersonKeysError */
  check(): Promise<void>
  close(): Promise<void>
}

/**
 * @param options.masters the first wraps new keys, all of them unwrap
 * @param options.onFailure called with what went wrong while names were read, once for as long as it lasts
 */
export function createPersons(options: {
  readonly store: PersonKeyStore
  readonly masters: readonly [MasterKey, ...MasterKey[]]
  readonly now: () => Instant
  readonly onFailure: (error: unknown) => void
}): Persons {
  const { store, masters, now, onFailure } = options
  const [master] = masters
  let failed = false
  let askAgainAt = 0
  /** Whose names are reported as unreadable; of some at the most, each again when it was readable meanwhile. */
  const reported = new Set<UserId>()

  /** `undefined` while the database is away. */
  async function keysOf(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, StoredPersonKey> | undefined> {
    if (performance.now() < askAgainAt) return undefined
    try {
      const keys = await store.find(userIds)
      failed = false
      return new Map(keys.map((key) => [key.userId, key]))
    } catch (error) {
      if (!failed) onFailure(error)
      failed = true
      askAgainAt = performance.now() + restMs
      return undefined
    }
  }

  function readOne(person: SealedPerson, keys: ReadonlyMap<UserId, StoredPersonKey> | undefined): ReadPerson {
    if (person.erased) return { status: 'erased' }
    const stored = keys?.get(person.userId)
    if (stored === undefined) return { status: 'unavailable' }
    try {
      const read = opened(person, stored)
      reported.delete(person.userId)
      return read
    } catch (error) {
      report(person, error)
      return { status: 'unavailable' }
    }
  }

  /** Names are read again with each page that shows them: what is damaged is said once, and not with each of them. */
  function report({ userId }: PersonId, error: unknown): void {
    if (reported.has(userId) || reported.size >= mostReported) return
    reported.add(userId)
    onFailure(error)
  }

  function opened(person: SealedPerson, stored: StoredPersonKey): ReadPerson {
    const key = unwrapKey(stored, person, masters)
    const { name, email } = person
    const text = unseal(name, { ...person, attribute: 'name' }, key)
    const address = email === null ? null : unseal(email, { ...person, attribute: 'email' }, key)
    if (text !== undefined && address !== undefined) return { status: 'readable', name: text, email: address }
    throw new PersonKeysError(
      'PERSON_KEY_UNOPENABLE',
      `What the log holds of the user ${person.userId} was not sealed for them with their key.`,
    )
  }

  /** HMAC-SHA-256 (RFC 2104) of the address's one form, in its organization, hexadecimal. */
  async function addressHash(organizationId: OrganizationId, email: string): Promise<string> {
    const kept = (await store.addressKey()) ?? (await store.keepAddressKey(wrapped(newPersonKey())))
    const text = JSON.stringify([organizationId, mailboxOf(email)])
    return createHmac('sha256', unwrapKey(kept, 'addresses', masters))
      .update(text)
      .digest('hex')
  }

  function wrapped(key: KeyObject): StoredAddressKey {
    return { masterKeyId: master.id, wrappedKey: wrapKey(key, 'addresses', master) }
  }

  return {
    async seal(person, { name, email }) {
      const newKey = newPersonKey()
      const { organizationId, userId } = person
      const wrappedKey = wrapKey(newKey, person, master)
      const stored = { organizationId, userId, masterKeyId: master.id, wrappedKey, createdAt: now() }
      if (email === null) {
        await store.add(stored)
        return { userId, name: seal(name, { ...person, attribute: 'name' }, newKey), email: null }
      }
      const kept = await store.claimAddress(stored, await addressHash(organizationId, email))
      const key = kept.userId === userId ? newKey : unwrapKey(kept, kept, masters)
      const holder = { organizationId, userId: kept.userId }
      return {
        userId: kept.userId,
        name: seal(name, { ...holder, attribute: 'name' }, key),
        email: seal(email, { ...holder, attribute: 'email' }, key),
      }
    },

    async read(people) {
      const wanted = [...new Set(people.flatMap(({ erased, userId }) => (erased ? [] : [userId])))]
      const keys = wanted.length === 0 ? new Map<UserId, StoredPersonKey>() : await keysOf(wanted)
      return people.map((person) => readOne(person, keys))
    },

    erase: ({ userId }) => store.destroy(userId),
    erasuresDoneTo: () => store.erasuresDoneTo(),
    markErasuresDone: (position) => store.markErasuresDone(position),

    async rewrap() {
      const kept = await store.addressKey()
      if (kept !== undefined && kept.masterKeyId !== master.id)
        await store.replaceAddressKey(wrapped(unwrapKey(kept, 'addresses', masters)))
      let count = 0
      for (;;) {
        const keys = await store.wrappedByOthers(master.id, rewrappedAtOnce)
        for (const stored of keys) {
          const wrappedKey = wrapKey(unwrapKey(stored, stored, masters), stored, master)
          await store.replace({ ...stored, masterKeyId: master.id, wrappedKey })
          count += 1
        }
        if (keys.length < rewrappedAtOnce) return count
      }
    },

    check: async () => void (await store.find([])),
    close: () => store.close(),
  }
}
