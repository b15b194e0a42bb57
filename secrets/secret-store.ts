import type { Instant, OrganizationId } from '../domain/index.ts'

/** Whose secret it is, what for, and which. Sealed for one place it cannot be opened in another. */
export type SecretPlace = {
  readonly organizationId: OrganizationId
  /** What it is for: a word such as `link`. */
  readonly purpose: string
  /** An id, unique within the purpose. */
  readonly id: string
}

/** A secret as the database holds it: worth nothing without the key. */
export type StoredSecret = SecretPlace & {
  /** Which key sealed it. */
  readonly keyId: string
  /** Nonce, ciphertext and tag, base64. */
  readonly sealed: string
  /** From when on it may be removed by anybody; `null`: only by whoever put it there. */
  readonly expiresAt: Instant | null
}

/**
 * The database of secrets. Every method fails with `SecretsError` `SECRETS_UNAVAILABLE` or `SECRETS_FOREIGN`. It connects
 * when it is first used, and again after a failure.
 */
export interface SecretStore {
  /** Keeps a secret, in place of the one that is there. */
  put(secret: StoredSecret): Promise<void>
  /** Keeps a secret where there is none, or only one that has expired by `now`. @returns whether it did */
  add(secret: StoredSecret, now: Instant): Promise<boolean>
  find(place: Pick<SecretPlace, 'purpose' | 'id'>): Promise<StoredSecret | undefined>
  /** Removes a secret; one that is not there is none. */
  remove(place: SecretPlace): Promise<void>
  /** Removes what has expired by then. */
  removeExpired(now: Instant): Promise<void>
  /** Secrets that other keys than this one sealed; so many at the most. */
  sealedByOthers(keyId: string, limit: number): Promise<readonly StoredSecret[]>
  /** Puts a secret that was sealed anew in the place of `before`, if that is still there. */
  replace(before: StoredSecret, after: StoredSecret): Promise<void>
  close(): Promise<void>
}
