import { Refusal } from '../refusal.ts'

declare const brand: unique symbol

/** What the configuration calls a key store: a PKCS#11 token. Keys name theirs by it, so it must not be renamed. */
export type KeyStoreName = string & { readonly [brand]: 'KeyStoreName' }

/** The key store of an installation that has one, and of keys for which none is named. */
export const defaultKeyStore = 'default' as KeyStoreName

const keyStoreNamePattern = /^[a-z0-9][a-z0-9-]{0,62}$/

/**
 * Reads the name of a key store.
 *
 * @throws Refusal `KEY_STORE_NAME_MALFORMED`
 */
export function parseKeyStoreName(text: string): KeyStoreName {
  if (!keyStoreNamePattern.test(text))
    throw new Refusal(
      'KEY_STORE_NAME_MALFORMED',
      `A key store's name must be 1 to 63 lower-case letters, digits or hyphens and begin with a letter or digit; got ${JSON.stringify(text.slice(0, 80))}.`,
    )
  return text as KeyStoreName
}
