import type { Instant, OrganizationId, UserId } from '../domain/index.ts'

/** A user's key as the database holds it: worth nothing without the master key. */
export type StoredPersonKey = {
  readonly userId: UserId
  readonly organizationId: OrganizationId
  /** Which master key wrapped it. */
  readonly masterKeyId: string
  /** Nonce, encrypted key and tag, base64. */
  readonly wrappedKey: string
  readonly createdAt: Instant
}

/** The key by which addresses are hashed, as the database holds it: one for all of it, worth nothing without the master key. */
export type StoredAddressKey = Pick<StoredPersonKey, 'masterKeyId' | 'wrappedKey'>

/**
 * The database of the users' keys. It holds nothing else about anybody but a keyed hash of
 * their address, which goes with the key, and is no part of log and read model: those may be
 * kept and copied for ever, while keys are destroyed here.
 *
 * Every method fails with `PersonKeysError` `PERSON_KEYS_UNAVAILABLE` or `PERSON_KEYS_FOREIGN`. It connects when it is
 * first used, and again after a failure.
 */
export interface PersonKeyStore {
  /** Adds a key. A user has one key for good: for one who has a key this fails, and the first stays. */
  add(key: StoredPersonKey): Promise<void>
  /**
   * Adds a key of the user whom an address of the organization is to belong to. When it belongs to another user already,
   * nothing is added.
   *
   * @param addressHash the keyed hash of the address's one form; unique in an organization
   * @returns the key of the user whom the address belongs to
   */
  claimAddress(key: StoredPersonKey, addressHash: string): Promise<StoredPersonKey>
  /** Keeps a key for hashing addresses, unless there is one, and answers the one that is kept. */
  keepAddressKey(key: StoredAddressKey): Promise<StoredAddressKey>
  /** The key for hashing addresses; `undefined` as long as there is none. */
  addressKey(): Promise<StoredAddressKey | undefined>
  /** Puts the same key wrapped anew in its place. */
  replaceAddressKey(key: StoredAddressKey): Promise<void>
  /** The keys of these users, as far as there are any, in any order. */
  find(userIds: readonly UserId[]): Promise<readonly StoredPersonKey[]>
  /** Destroys a user's key; one that is not there is none. */
  destroy(userId: UserId): Promise<void>
  /** Keys that other master keys than this one wrapped; so many at the most. */
  wrappedByOthers(masterKeyId: string, limit: number): Promise<readonly StoredPersonKey[]>
  /** Puts a key that was wrapped anew in the place of the same key; one that was destroyed meanwhile stays destroyed. */
  replace(key: StoredPersonKey): Promise<void>
  /** Up to which position of the log the keys of erased users are destroyed; `undefined` at first. */
  erasuresDoneTo(): Promise<string | undefined>
  markErasuresDone(position: string): Promise<void>
  close(): Promise<void>
}
