import type { Handle, PKCS11 } from 'pkcs11js'
import pkcs11js from 'pkcs11js'
import { SigningError } from '../signing-error.ts'
import { attributeValues } from './cryptoki.ts'
import { keyObjects } from './key-objects.ts'
import { ecPublicKey, rsaPublicKey, type TokenPublicKey } from './public-key.ts'

/** A key pair as this session sees it. */
export interface SessionKey extends TokenPublicKey {
  readonly label: string
  readonly alwaysAuthenticate: boolean
  readonly privateHandle: Handle
  readonly publicHandle: Handle
}

/**
 * Reads the key pair with an id (CKA_ID) in a token.
 *
 * @returns `undefined` when the token has no private key of this id
 * @throws SigningError `PKCS11_KEY_AMBIGUOUS`, `PKCS11_PUBLIC_KEY_NOT_FOUND`, `PKCS11_KEY_UNSUPPORTED`
 */
export function readSessionKey(module: PKCS11, session: Handle, id: Buffer): SessionKey | undefined {
  const [privateHandle, another] = keyObjects(module, session, 'private', id)
  if (privateHandle === undefined) return undefined
  if (another !== undefined) {
    throw new SigningError(
      'PKCS11_KEY_AMBIGUOUS',
      `Several private keys in the token have the id ${id.toString('hex')}; which one is meant cannot be told.`,
    )
  }
  const [publicHandle] = keyObjects(module, session, 'public', id)
  if (publicHandle === undefined) {
    throw new SigningError(
      'PKCS11_PUBLIC_KEY_NOT_FOUND',
      `The private key with the id ${id.toString('hex')} has no public key object with the same id in the token.`,
    )
  }
  const publicKey = publicKeyOf(module, session, publicHandle)
  if (publicKey === undefined) {
    throw new SigningError(
      'PKCS11_KEY_UNSUPPORTED',
      `The key with the id ${id.toString('hex')} is none of RSA 2048, 3072, 4096 and EC P-256, P-384, P-521.`,
    )
  }
  const [label] = attributeValues(module, session, privateHandle, [pkcs11js.CKA_LABEL])
  const alwaysAuthenticate = isAlwaysAuthenticate(module, session, privateHandle)
  return { ...publicKey, label: label?.toString('utf8') ?? '', alwaysAuthenticate, privateHandle, publicHandle }
}

/** Tokens that were made before PKCS#11 2.20 do not know the attribute. */
function isAlwaysAuthenticate(module: PKCS11, session: Handle, privateKey: Handle): boolean {
  try {
    const [value] = attributeValues(module, session, privateKey, [pkcs11js.CKA_ALWAYS_AUTHENTICATE])
    return value?.[0] === 1
  } catch (error) {
    if (/CKR_ATTRIBUTE_(TYPE_INVALID|SENSITIVE)/.test(String(error))) return false
    throw error
  }
}

function publicKeyOf(module: PKCS11, session: Handle, object: Handle): TokenPublicKey | undefined {
  const read = (...types: number[]) => attributeValues(module, session, object, types)
  const keyType = read(pkcs11js.CKA_KEY_TYPE)[0]?.readUInt32LE() ?? -1
  if (keyType === pkcs11js.CKK_RSA) {
    const [modulus, exponent] = read(pkcs11js.CKA_MODULUS, pkcs11js.CKA_PUBLIC_EXPONENT)
    return modulus && exponent && rsaPublicKey(modulus, exponent)
  }
  if (keyType === pkcs11js.CKK_EC) {
    const [parameters, point] = read(pkcs11js.CKA_EC_PARAMS, pkcs11js.CKA_EC_POINT)
    return parameters && point && ecPublicKey(parameters, point)
  }
  return undefined
}
