import { createDecipheriv } from 'node:crypto'
import { type BerReader, tags } from './ber-reader.ts'
import type { HashName, KeyDerivation } from './key-derivation.ts'
import { malformed, Pkcs12Error, unsupported } from './pkcs12-error.ts'
import { decryptRc2 } from './rc2.ts'

/** Object identifiers, as the hexadecimal content octets of their encoding. */
const identifiers = {
  pbes2: '2a864886f70d01050d',
  pbkdf2: '2a864886f70d01050c',
} as const

/** HMAC functions of PBKDF2 and PBMAC1 (RFC 8018 appendix B.1). */
const hmacs: Readonly<Record<string, HashName>> = {
  '2a864886f70d0207': 'sha1',
  '2a864886f70d0208': 'sha224',
  '2a864886f70d0209': 'sha256',
  '2a864886f70d020a': 'sha384',
  '2a864886f70d020b': 'sha512',
}

/** Ciphers of PBES2: their name in node:crypto, and how long key and initialisation vector are. */
const ciphers: Readonly<Record<string, { readonly name: string; readonly key: number; readonly iv: number }>> = {
  '608648016503040102': { name: 'aes-128-cbc', key: 16, iv: 16 },
  '608648016503040116': { name: 'aes-192-cbc', key: 24, iv: 16 },
  '60864801650304012a': { name: 'aes-256-cbc', key: 32, iv: 16 },
  '2a864886f70d0307': { name: 'des-ede3-cbc', key: 24, iv: 8 },
}

/** The schemes of RFC 7292 appendix C, all with SHA-1. */
const oldSchemes: Readonly<Record<string, { readonly cipher: 'des3' | 'des2' | 'rc2'; readonly key: number }>> = {
  '2a864886f70d010c0103': { cipher: 'des3', key: 24 },
  '2a864886f70d010c0104': { cipher: 'des2', key: 16 },
  '2a864886f70d010c0105': { cipher: 'rc2', key: 16 },
  '2a864886f70d010c0106': { cipher: 'rc2', key: 5 },
}

/**
 * Decrypts what a password protects: PBES2 (RFC 8018 §6.2) with AES or 3DES, and the schemes that PKCS #12 had before
 * (RFC 7292 appendix C) with 3DES or RC2.
 *
 * @param algorithm the content of the AlgorithmIdentifier
 * @returns bytes of the caller's own, to be overwritten after use
 * @throws Pkcs12Error `PFX_PASSWORD_WRONG` when what comes out has no padding; `PFX_UNSUPPORTED`, `PFX_MALFORMED`,
 *   `PFX_ITERATIONS_EXCEEDED`
 */
export async function decrypt(keys: KeyDerivation, algorithm: BerReader, encrypted: Uint8Array): Promise<Buffer> {
  const scheme = algorithm.objectIdentifier('the encryption scheme')
  const parameters = algorithm.enter(tags.sequence, 'the parameters of the encryption')
  if (scheme === identifiers.pbes2) return decryptPbes2(keys, parameters, encrypted)
  const old = Object.hasOwn(oldSchemes, scheme) ? oldSchemes[scheme] : undefined
  if (old === undefined) throw unsupported('an encryption other than PBES2, 3DES and RC2')
  const salt = parameters.octets('the salt')
  const iterations = parameters.smallInteger('the number of iterations')
  const derive = (purpose: 'encryption' | 'iv', length: number) =>
    keys.pkcs12(salt, iterations, { length, hash: 'sha1', purpose })
  const key = await derive('encryption', old.key)
  const iv = await derive('iv', 8)
  try {
    if (old.cipher === 'rc2') return decryptRc2(key, iv, encrypted) ?? refuseWrongPassword()
    // Node knows 3DES with three keys: with two, the first is also the third.
    const three = old.cipher === 'des2' ? Buffer.concat([key, key.subarray(0, 8)]) : key
    return decipher('des-ede3-cbc', three, iv, encrypted)
  } finally {
    key.fill(0)
  }
}

async function decryptPbes2(keys: KeyDerivation, parameters: BerReader, encrypted: Uint8Array): Promise<Buffer> {
  const derivation = parameters.enter(tags.sequence, 'the key derivation')
  const encryption = parameters.enter(tags.sequence, 'the cipher')
  const name = encryption.objectIdentifier('the cipher')
  const cipher = Object.hasOwn(ciphers, name) ? ciphers[name] : undefined
  if (cipher === undefined) throw unsupported('a cipher other than AES-CBC and 3DES')
  const iv = encryption.octets('the initialisation vector')
  if (iv.length !== cipher.iv) throw malformed('the initialisation vector has another length than its cipher takes')
  const key = await derivePbkdf2(keys, derivation, cipher.key)
  try {
    return decipher(cipher.name, key, iv, encrypted)
  } finally {
    key.fill(0)
  }
}

/**
 * Derives a key by PBKDF2, as an AlgorithmIdentifier says (RFC 8018 appendix A.2).
 *
 * @param length of the key that is needed, in bytes; the parameters may name no other. When it is left out, they must name one.
 * @throws Pkcs12Error as {@link decrypt}
 */
export async function derivePbkdf2(keys: KeyDerivation, algorithm: BerReader, length?: number): Promise<Buffer> {
  if (algorithm.objectIdentifier('the key derivation') !== identifiers.pbkdf2)
    throw unsupported('a key derivation other than PBKDF2')
  const parameters = algorithm.enter(tags.sequence, 'the parameters of PBKDF2')
  const salt = parameters.octets('the salt')
  const iterations = parameters.smallInteger('the number of iterations')
  const named = parameters.nextIs(tags.integer) ? parameters.smallInteger('the length of the key') : length
  if (named === undefined || named < 1 || named > 64 || (length !== undefined && named !== length))
    throw malformed('the length of the derived key does not fit')
  const hash = parameters.hasMore() ? hmacOf(parameters.enter(tags.sequence, 'the function of PBKDF2')) : 'sha1'
  return keys.pbkdf2(salt, iterations, named, hash)
}

/** The hash function of an HMAC, as an AlgorithmIdentifier names it. @throws Pkcs12Error `PFX_UNSUPPORTED`, `PFX_MALFORMED` */
export function hmacOf(algorithm: BerReader): HashName {
  const name = algorithm.objectIdentifier('the HMAC')
  const hash = Object.hasOwn(hmacs, name) ? hmacs[name] : undefined
  if (hash === undefined) throw unsupported('an HMAC other than those with SHA-1 and SHA-2')
  return hash
}

function decipher(name: string, key: Uint8Array, iv: Uint8Array, encrypted: Uint8Array): Buffer {
  const cipher = createDecipheriv(name, key, iv)
  const first = cipher.update(encrypted)
  try {
    const last = cipher.final()
    const whole = Buffer.concat([first, last])
    last.fill(0)
    return whole
  } catch {
    return refuseWrongPassword()
  } finally {
    first.fill(0)
  }
}

function refuseWrongPassword(): never {
  throw new Pkcs12Error('PFX_PASSWORD_WRONG', 'The password does not open the PKCS #12 file.')
}
