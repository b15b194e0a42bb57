import { createHmac, timingSafeEqual } from 'node:crypto'
import { type BerReader, tags } from './ber-reader.ts'
import { derivePbkdf2, hmacOf } from './decryption.ts'
import type { HashName, KeyDerivation } from './key-derivation.ts'
import { malformed, Pkcs12Error, unsupported } from './pkcs12-error.ts'

/** PBMAC1 (RFC 9579), as the hexadecimal content octets of its object identifier. */
const pbmac1 = '2a864886f70d01050e'

const hashes: Readonly<Record<string, HashName>> = {
  '2b0e03021a': 'sha1',
  '608648016503040204': 'sha224',
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
}

/**
 * Checks that whoever knows the password wrote the content: the MAC of RFC 7292 §4, or PBMAC1 (RFC 9579).
 *
 * @param macData the content of MacData
 * @throws Pkcs12Error `PFX_PASSWORD_WRONG`, `PFX_UNSUPPORTED`, `PFX_MALFORMED`, `PFX_ITERATIONS_EXCEEDED`
 */
export async function authenticate(keys: KeyDerivation, macData: BerReader, content: Uint8Array): Promise<void> {
  const digestInfo = macData.enter(tags.sequence, 'the MAC')
  const algorithm = digestInfo.enter(tags.sequence, 'the algorithm of the MAC')
  const expected = digestInfo.octets('the MAC')
  const salt = macData.octets('the salt of the MAC')
  const iterations = macData.hasMore() ? macData.smallInteger('the number of iterations of the MAC') : 1
  const name = algorithm.objectIdentifier('the algorithm of the MAC')
  if (name === pbmac1) {
    const parameters = algorithm.enter(tags.sequence, 'the parameters of PBMAC1')
    const derivation = parameters.enter(tags.sequence, 'the key derivation of PBMAC1')
    const hash = hmacOf(parameters.enter(tags.sequence, 'the HMAC of PBMAC1'))
    const key = await derivePbkdf2(keys, derivation)
    if (isMac(hash, key, content, expected)) return
  } else {
    const hash = Object.hasOwn(hashes, name) ? hashes[name] : undefined
    if (hash === undefined) throw unsupported('a MAC with a hash function other than SHA-1 and SHA-2')
    if (expected.length !== createHmac(hash, '').digest().length)
      throw malformed('its MAC has another length than its hash function gives')
    const derived = await keys.pkcs12(salt, iterations, { length: expected.length, hash, purpose: 'mac' })
    if (isMac(hash, derived, content, expected)) return
  }
  throw new Pkcs12Error(
    'PFX_PASSWORD_WRONG',
    'The password does not open the PKCS #12 file, or the file was changed since it was written.',
  )
}

function isMac(hash: HashName, key: Buffer, content: Uint8Array, expected: Uint8Array): boolean {
  const mac = createHmac(hash, key).update(content).digest()
  key.fill(0)
  return mac.length === expected.length && timingSafeEqual(mac, expected)
}
