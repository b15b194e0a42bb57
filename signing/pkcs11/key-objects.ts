import type { Handle, PKCS11 } from 'pkcs11js'
import pkcs11js from 'pkcs11js'
import { SigningError } from '../signing-error.ts'
import { attributeValues, findObjects, type TokenSlot } from './cryptoki.ts'

/** Which half of a key pair is meant. */
export type KeyHalf = 'private' | 'public'

const classes: Readonly<Record<KeyHalf, number>> = {
  private: pkcs11js.CKO_PRIVATE_KEY,
  public: pkcs11js.CKO_PUBLIC_KEY,
}

/** Handles of the private or public keys with an id (CKA_ID). */
export function keyObjects(module: PKCS11, session: Handle, half: KeyHalf, id: Buffer): Handle[] {
  return findObjects(module, session, [
    { type: pkcs11js.CKA_CLASS, value: classes[half] },
    { type: pkcs11js.CKA_ID, value: id },
  ])
}

/** Destroys objects after something failed: the error that led here says more than a failure to tidy up after it. */
export function destroyIgnoringErrors(module: PKCS11, session: Handle, objects: readonly Handle[]): void {
  for (const object of objects)
    try {
      module.C_DestroyObject(session, object)
    } catch {
      // As said.
    }
}

/**
 * Destroys every half of the key pair with an id, the private one first: what is left of it when that is interrupted can
 * sign nothing.
 *
 * @param session a read/write session, logged in
 * @returns whether there was a private half
 */
export function destroyKeyPair(module: PKCS11, session: Handle, id: Buffer): boolean {
  const privateKeys = keyObjects(module, session, 'private', id)
  for (const object of privateKeys) module.C_DestroyObject(session, object)
  for (const object of keyObjects(module, session, 'public', id)) module.C_DestroyObject(session, object)
  return privateKeys.length > 0
}

/**
 * Refuses a private key that could be read out of the token. Some tokens take a template and do as they please.
 *
 * @throws SigningError `PKCS11_KEY_NOT_PROTECTED`
 */
export function refuseUnprotected(module: PKCS11, session: Handle, privateKey: Handle): void {
  const [sensitive, extractable] = attributeValues(module, session, privateKey, [
    pkcs11js.CKA_SENSITIVE,
    pkcs11js.CKA_EXTRACTABLE,
  ])
  if (sensitive?.[0] !== 1 || extractable?.[0] !== 0) {
    throw new SigningError(
      'PKCS11_KEY_NOT_PROTECTED',
      'The token made a private key that could be read out of it although it was told not to; the key was destroyed.',
    )
  }
}

/**
 * Refuses when there is not exactly one of each half with an id. Nothing in PKCS#11 keeps ids unique: another process may
 * have made a key with this id at the same time, and have taken our public key for one that was left behind.
 *
 * @throws SigningError `PKCS11_KEY_EXISTS`, transient
 */
export function refuseRaced(module: PKCS11, session: Handle, id: Buffer): void {
  const [privateKeys, publicKeys] = (['private', 'public'] as const).map((half) =>
    keyObjects(module, session, half, id),
  )
  if (privateKeys?.length === 1 && publicKeys?.length === 1) return
  throw new SigningError(
    'PKCS11_KEY_EXISTS',
    `Somebody else made a key with the id ${id.toString('hex')} at the same time; ours was destroyed. Look that one up.`,
    { transient: true },
  )
}

/** Mechanisms by the name that PKCS#11 gives them. */
export const mechanisms = {
  CKM_RSA_PKCS_KEY_PAIR_GEN: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN,
  CKM_RSA_PKCS: pkcs11js.CKM_RSA_PKCS,
  CKM_RSA_PKCS_OAEP: pkcs11js.CKM_RSA_PKCS_OAEP,
  CKM_EC_KEY_PAIR_GEN: pkcs11js.CKM_EC_KEY_PAIR_GEN,
  CKM_ECDSA: pkcs11js.CKM_ECDSA,
  CKM_AES_KEY_WRAP_PAD: pkcs11js.CKM_AES_KEY_WRAP_PAD,
} as const

/** The name of one of {@link mechanisms}. */
export type MechanismName = keyof typeof mechanisms

/**
 * Refuses a token that does not know what a key will need: that would only be found out after a certificate was bought.
 *
 * @param purpose what needs them, for the message
 * @throws SigningError `PKCS11_MECHANISM_UNKNOWN`
 */
export function refuseUnknownMechanisms(
  module: PKCS11,
  token: TokenSlot,
  needed: readonly MechanismName[],
  purpose: string,
): void {
  const known = new Set(module.C_GetMechanismList(token.slot))
  const missing = needed.filter((name) => !known.has(mechanisms[name]))
  if (missing.length > 0) {
    throw new SigningError(
      'PKCS11_MECHANISM_UNKNOWN',
      `The token '${token.label}' does not know ${missing.join(' and ')}, which ${purpose} need.`,
    )
  }
}
