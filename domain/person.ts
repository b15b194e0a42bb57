import type { OrganizationId, UserId } from './ids.ts'

/** What is known of a person beside their id, and stands in events only sealed. */
export type PersonAttribute = 'name' | 'email'

/**
 * A text about a person that is readable only with that person's key, which is kept outside of the log: when the key is
 * destroyed, nobody reads the text again, and the log stays as it is. Decisions never depend on what it says.
 *
 * AEAD_AES_256_GCM (RFC 5116 §5.1), sealed for one organization, one user and one {@link PersonAttribute}.
 */
export type SealedText = {
  readonly algorithm: 'A256GCM'
  /** 12 bytes, base64. */
  readonly nonce: string
  /** With the 16 bytes of the tag at its end, base64. */
  readonly ciphertext: string
}

/** Whether a value of an event has the form of a sealed text; whether it opens, only a key can say. */
export function isSealedText(value: unknown): value is SealedText {
  const { algorithm, nonce, ciphertext } = (value ?? {}) as Partial<Record<keyof SealedText, unknown>>
  return algorithm === 'A256GCM' && typeof nonce === 'string' && typeof ciphertext === 'string'
}

/** Who somebody is, in all that is recorded. */
export type PersonId = { readonly organizationId: OrganizationId; readonly userId: UserId }

/** What is known of a person, in clear text: on its way in, and in answers, and nowhere else. */
export type PersonalDetails = { readonly name: string; readonly email: string | null }

/** The same as events and rows hold it. */
export type SealedDetails = { readonly name: SealedText; readonly email: SealedText | null }

/** A user as events and rows know them. */
export type SealedPerson = PersonId & SealedDetails & { readonly erased: boolean }

/** What can be read of a person now. `unavailable`: their key is not at hand, for as long as something is wrong with us. */
export type ReadPerson =
  | ({ readonly status: 'readable' } & PersonalDetails)
  | { readonly status: 'erased' }
  | { readonly status: 'unavailable' }

/** What people are shown for a user's name, whether it can be read or not. */
export function displayName(userId: UserId, person: ReadPerson): string {
  if (person.status === 'readable') return person.name
  return person.status === 'erased' ? `erased user ${userId}` : `user ${userId} (name not available)`
}
