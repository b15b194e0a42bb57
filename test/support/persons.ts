import type { SealedDetails } from '../../domain/index.ts'
import { createPersons, openSqlitePersonKeys, type Persons } from '../../persons/index.ts'
import { parseMasterKeys } from '../../server/persons.ts'
import { newSecretKey } from '../../server/secret-keys.ts'

/**
 * What seals and reads names, with a master key of its own.
 *
 * @param path the file of the keys; in memory by default
 */
export function testPersons(path = ':memory:'): Persons {
  return createPersons({
    store: openSqlitePersonKeys(path),
    masters: parseMasterKeys(newSecretKey()),
    now: () => new Date().toISOString(),
    onFailure: (error) => {
      throw error
    },
  })
}

/** The name of somebody whom nobody looks up: no key opens it. */
export const sealedNobody: SealedDetails = {
  name: { algorithm: 'A256GCM', nonce: 'AAAAAAAAAAAAAAAA', ciphertext: 'bm9ib2R5' },
  email: null,
}
