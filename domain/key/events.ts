import type { KeyAlgorithm } from '../algorithms.ts'
import type { DomainEvent, Instant } from '../event.ts'
import type { KeyId, OrganizationId, UserId } from '../ids.ts'
import type { KeyStoreName } from './key-store-name.ts'

/** A key pair before it is in its key store: where it is to be, and what it is to be. */
export type KeyDescription = {
  readonly keyId: KeyId
  readonly organizationId: OrganizationId
  /** What people call it. */
  readonly name: string
  readonly keyStore: KeyStoreName
  /** PKCS#11 `CKA_LABEL` of both halves. */
  readonly label: string
  /** PKCS#11 `CKA_ID` of both halves, lower-case hexadecimal. */
  readonly ckaId: string
  readonly algorithm: KeyAlgorithm
}

/** The PKCS#11 token behind a key store, as it names itself (CK_TOKEN_INFO). */
export type KeyToken = {
  readonly label: string
  readonly serialNumber: string
  readonly manufacturer: string
  readonly model: string
}

/** A key pair as it was found in its key store. */
export type StoredKey = {
  /** DER SubjectPublicKeyInfo, base64. */
  readonly publicKey: string
  readonly token: KeyToken
}

/** A key was asked for. Authorises the signer to make it in its key store. */
export type KeyGenerationRequested = DomainEvent<'KeyGenerationRequested', KeyDescription>

/** The key pair was made in the key store and cannot leave it. */
export type KeyGenerated = DomainEvent<'KeyGenerated', StoredKey>

/** A key that exists elsewhere is to be brought in. Authorises the signer to put the private half of this public key into its key store. */
export type KeyImportRequested = DomainEvent<
  'KeyImportRequested',
  KeyDescription & {
    /** DER SubjectPublicKeyInfo, base64. */
    readonly publicKey: string
  }
>

/**
 * The key store has a key for the transport of a key that is to be brought in: the private half of that one may be encrypted for
 * it, and is then opened inside of the key store alone. It is destroyed with the import.
 */
export type KeyImportPrepared = DomainEvent<
  'KeyImportPrepared',
  {
    /** DER SubjectPublicKeyInfo, base64. */
    readonly transportKey: string
  }
>

/** The key pair is in the key store. Who had its private half before may still have it. */
export type KeyImported = DomainEvent<'KeyImported', StoredKey>

/** The key signs nothing any more, whatever certificates it has. */
export type KeyDisabled = DomainEvent<'KeyDisabled', { readonly reason: string | null }>

/** Who asks for or agrees to something about a key: an account, and the people behind it besides. */
export type KeyActor = {
  readonly userId: UserId
  readonly peopleBehind: readonly UserId[]
}

/** The key is to be destroyed. It signs nothing from now on; another person has to confirm it within a time. */
export type KeyDeletionRequested = DomainEvent<
  'KeyDeletionRequested',
  { readonly requestedBy: KeyActor; readonly reason: string | null; readonly expiresAt: Instant }
>

/** Another person confirmed that the key is to be destroyed. Authorises the signer to do it. */
export type KeyDeletionConfirmed = DomainEvent<'KeyDeletionConfirmed', { readonly confirmedBy: KeyActor }>

/** The key is not to be destroyed after all. */
export type KeyDeletionWithdrawn = DomainEvent<'KeyDeletionWithdrawn', { readonly reason: string | null }>

/** Nothing of the key is in its key store any more. */
export type KeyDestroyed = DomainEvent<
  'KeyDestroyed',
  {
    /** Whether its private half was there: not when it was never made, or somebody else had removed it. */
    readonly wasInStore: boolean
  }
>

/** Everything that happens to a key. */
export type KeyEvent =
  | KeyGenerationRequested
  | KeyGenerated
  | KeyImportRequested
  | KeyImportPrepared
  | KeyImported
  | KeyDisabled
  | KeyDeletionRequested
  | KeyDeletionConfirmed
  | KeyDeletionWithdrawn
  | KeyDestroyed
