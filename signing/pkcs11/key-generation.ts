import type { Handle, PKCS11, Template } from 'pkcs11js'
import pkcs11js from 'pkcs11js'
import type { KeyAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { attributeValues, findObjects, type TokenSlot } from './cryptoki.ts'
import { curves, rsaAlgorithms } from './public-key.ts'

/** What a new key pair is to be. */
export interface KeyPairRequest {
  readonly id: Buffer
  readonly label: string
  readonly algorithm: KeyAlgorithm
}

/**
 * Generates a key pair whose private half can sign, do nothing else, and never leave the token.
 *
 * @param session a read/write session, logged in
 * @throws SigningError `PKCS11_KEY_EXISTS`, `PKCS11_MECHANISM_UNKNOWN`, `PKCS11_KEY_NOT_PROTECTED`; what the binding throws
 */
export function generateKeyPair(module: PKCS11, session: Handle, token: TokenSlot, request: KeyPairRequest): void {
  const { mechanism, signs, publicTemplate } = plan(request.algorithm)
  refuseUnknownMechanisms(module, token, request.algorithm, [mechanism, signs])

  if (find(module, session, pkcs11js.CKO_PRIVATE_KEY, request.id).length > 0) throw keyExists(request.id)
  // A public key without its private half is what a crash in the middle of a generation leaves behind. Left there, it
  // could later be taken for the public half of the new key.
  for (const orphan of find(module, session, pkcs11js.CKO_PUBLIC_KEY, request.id)) {
    module.C_DestroyObject(session, orphan)
  }

  const pair = module.C_GenerateKeyPair(
    session,
    { mechanism },
    [
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_PRIVATE, value: false },
      { type: pkcs11js.CKA_ID, value: request.id },
      { type: pkcs11js.CKA_LABEL, value: request.label },
      { type: pkcs11js.CKA_VERIFY, value: true },
      { type: pkcs11js.CKA_ENCRYPT, value: false },
      { type: pkcs11js.CKA_WRAP, value: false },
      ...publicTemplate,
    ],
    [
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_PRIVATE, value: true },
      { type: pkcs11js.CKA_SENSITIVE, value: true },
      { type: pkcs11js.CKA_EXTRACTABLE, value: false },
      { type: pkcs11js.CKA_ID, value: request.id },
      { type: pkcs11js.CKA_LABEL, value: request.label },
      { type: pkcs11js.CKA_SIGN, value: true },
      { type: pkcs11js.CKA_DECRYPT, value: false },
      { type: pkcs11js.CKA_UNWRAP, value: false },
    ],
  )
  try {
    refuseUnprotected(module, session, pair.privateKey)
    // Nothing in PKCS#11 keeps ids unique: another process may have generated one with this id at the same time, and have
    // taken our public key for one that was left behind.
    const privateKeys = find(module, session, pkcs11js.CKO_PRIVATE_KEY, request.id)
    const publicKeys = find(module, session, pkcs11js.CKO_PUBLIC_KEY, request.id)
    if (privateKeys.length !== 1 || publicKeys.length !== 1) throw raced(request.id)
  } catch (error) {
    for (const object of [pair.privateKey, pair.publicKey]) destroyIgnoringErrors(module, session, object)
    throw error
  }
}

/** The error that led here says more than a failure to tidy up after it. */
function destroyIgnoringErrors(module: PKCS11, session: Handle, object: Handle): void {
  try {
    module.C_DestroyObject(session, object)
  } catch {
    // As said.
  }
}

interface GenerationPlan {
  readonly mechanism: number
  /** The mechanism that the key will sign with. */
  readonly signs: number
  readonly publicTemplate: Template
}

function plan(algorithm: KeyAlgorithm): GenerationPlan {
  const curve = curves.find((candidate) => candidate.algorithm === algorithm)
  if (curve !== undefined) {
    return {
      mechanism: pkcs11js.CKM_EC_KEY_PAIR_GEN,
      signs: pkcs11js.CKM_ECDSA,
      publicTemplate: [{ type: pkcs11js.CKA_EC_PARAMS, value: Buffer.from(curve.parameters) }],
    }
  }
  const bits = [...rsaAlgorithms].find(([, name]) => name === algorithm)?.[0] ?? 0
  return {
    mechanism: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN,
    signs: pkcs11js.CKM_RSA_PKCS,
    publicTemplate: [
      { type: pkcs11js.CKA_MODULUS_BITS, value: bits },
      { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.from([0x01, 0x00, 0x01]) },
    ],
  }
}

/** A token that can generate a key but not sign with it would only be found out after a certificate was bought. */
function refuseUnknownMechanisms(
  module: PKCS11,
  token: TokenSlot,
  algorithm: KeyAlgorithm,
  needed: readonly number[],
): void {
  const known = new Set(module.C_GetMechanismList(token.slot))
  const missing = needed.filter((mechanism) => !known.has(mechanism)).map(mechanismName)
  if (missing.length > 0) {
    throw new SigningError(
      'PKCS11_MECHANISM_UNKNOWN',
      `The token '${token.label}' does not know ${missing.join(' and ')}, which ${algorithm} keys need.`,
    )
  }
}

const mechanismNames: ReadonlyMap<number, string> = new Map([
  [pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN, 'CKM_RSA_PKCS_KEY_PAIR_GEN'],
  [pkcs11js.CKM_RSA_PKCS, 'CKM_RSA_PKCS'],
  [pkcs11js.CKM_EC_KEY_PAIR_GEN, 'CKM_EC_KEY_PAIR_GEN'],
  [pkcs11js.CKM_ECDSA, 'CKM_ECDSA'],
])

function mechanismName(mechanism: number): string {
  return mechanismNames.get(mechanism) ?? `mechanism 0x${mechanism.toString(16)}`
}

/** Some tokens take a template and do as they please. */
function refuseUnprotected(module: PKCS11, session: Handle, privateKey: Handle): void {
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

function find(module: PKCS11, session: Handle, objectClass: number, id: Buffer): Handle[] {
  return findObjects(module, session, [
    { type: pkcs11js.CKA_CLASS, value: objectClass },
    { type: pkcs11js.CKA_ID, value: id },
  ])
}

function keyExists(id: Buffer): SigningError {
  return new SigningError(
    'PKCS11_KEY_EXISTS',
    `The token already has a key with the id ${id.toString('hex')}; look it up, or choose another id.`,
  )
}

function raced(id: Buffer): SigningError {
  return new SigningError(
    'PKCS11_KEY_EXISTS',
    `Somebody else generated a key with the id ${id.toString('hex')} at the same time; ours was destroyed. Look that one up.`,
    { transient: true },
  )
}
