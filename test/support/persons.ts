import type { SealedDetails } from '../../domain/index.ts'
import { createPersons, openSqlitePersonKeys, type PersonKeyStore, type Persons } from '../../persons/index.ts'
import { parseMasterKeys } from '../../server/persons.ts'
import { newSecretKey } from '../../server/secret-keys.ts'

/**
 * What seals and reads names, with a master key of its own.
 *
 * @param options.store the database of the keys; in memory by default
 * @param options.onFailure by default a failure fails the test
 */
export function testPersons(
  options: {
    readonly store?: PersonKeyStore
    readonly masters?: string
    readonly onFailure?: (error: unknown) => void
  } = {},
): Persons {
  const { store = openSqlitePersonKeys(':memory:'), masters = newSecretKey(), onFailure = fail } = options
  return createPersons({ store, masters: parseMasterKeys(masters), now: () => new Date().toISOString(), onFailure })
}

function fail(error: unknown): never {
  throw error
}

/** The name of somebody whom nobody looks up: no key opens it. */
export const sealedNobody: SealedDetails = {
  name: { algorithm: 'A256GCM', nonce: 'AAAAAAAAAAAAAAAA', ciphertext: 'bm9ib2R5' },
  email: null,
}
