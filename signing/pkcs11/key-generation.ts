import type { Handle, PKCS11, Template } from 'pkcs11js'
import pkcs11js from 'pkcs11js'
import type { KeyAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import type { TokenSlot } from './cryptoki.ts'
import {
  destroyIgnoringErrors,
  keyObjects,
  type MechanismName,
  mechanisms,
  refuseRaced,
  refuseUnknownMechanisms,
  refuseUnprotected,
} from './key-objects.ts'
import { curves, rsaAlgorithms } from './public-key.ts'
import type { KeyUse } from './session-request.ts'

/** What a new key pair is to be. */
export interface KeyPairRequest {
  readonly id: Buffer
  readonly label: string
  readonly algorithm: KeyAlgorithm
  readonly use: KeyUse
}

/**
 * Generates a key pair whose private half can do what it is for, nothing else, and never leave the token.
 *
 * @param session a read/write session, logged in
 * @throws SigningError `PKCS11_KEY_EXISTS`, `PKCS11_MECHANISM_UNKNOWN`, `PKCS11_KEY_NOT_PROTECTED`; what the binding throws
 */
export function generateKeyPair(module: PKCS11, session: Handle, token: TokenSlot, request: KeyPairRequest): void {
  const { generates, uses, publicTemplate } = plan(request)
  refuseUnknownMechanisms(module, token, [generates, ...uses], `${request.algorithm} keys`)

  if (keyObjects(module, session, 'private', request.id).length > 0) throw keyExists(request.id)
  // A public key without its private half is what a crash in the middle of a generation leaves behind. Left there, it
  // could later be taken for the public half of the new key.
  for (const orphan of keyObjects(module, session, 'public', request.id)) module.C_DestroyObject(session, orphan)

  const signs = request.use === 'sign'
  const pair = module.C_GenerateKeyPair(
    session,
    { mechanism: mechanisms[generates] },
    [
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_PRIVATE, value: false },
      { type: pkcs11js.CKA_ID, value: request.id },
      { type: pkcs11js.CKA_LABEL, value: request.label },
      { type: pkcs11js.CKA_VERIFY, value: signs },
      { type: pkcs11js.CKA_ENCRYPT, value: false },
      { type: pkcs11js.CKA_WRAP, value: false },
      ...publicTemplate,
    ],
    [...protectedTemplate(request), { type: pkcs11js.CKA_SIGN, value: signs }, ...neverDecrypts(request.use)],
  )
  try {
    refuseUnprotected(module, session, pair.privateKey)
    refuseRaced(module, session, request.id)
  } catch (error) {
    destroyIgnoringErrors(module, session, [pair.privateKey, pair.publicKey])
    throw error
  }
}

/** What every private key in a token has: it stays there, is never shown and never leaves it. */
export function protectedTemplate({ id, label }: Pick<KeyPairRequest, 'id' | 'label'>): Template {
  return [
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_PRIVATE, value: true },
    { type: pkcs11js.CKA_SENSITIVE, value: true },
    { type: pkcs11js.CKA_EXTRACTABLE, value: false },
    { type: pkcs11js.CKA_ID, value: id },
    { type: pkcs11js.CKA_LABEL, value: label },
  ]
}

/** A key that decrypts for others would show what a transport key protects. */
export function neverDecrypts(use: KeyUse): Template {
  return [
    { type: pkcs11js.CKA_DECRYPT, value: false },
    { type: pkcs11js.CKA_UNWRAP, value: use === 'unwrap' },
  ]
}

interface GenerationPlan {
  readonly generates: MechanismName
  /** The mechanisms that the key will be used with. */
  readonly uses: readonly MechanismName[]
  readonly publicTemplate: Template
}

function plan({ algorithm, use }: KeyPairRequest): GenerationPlan {
  const curve = curves.find((candidate) => candidate.algorithm === algorithm)
  if (curve !== undefined) {
    return {
      generates: 'CKM_EC_KEY_PAIR_GEN',
      uses: ['CKM_ECDSA'],
      publicTemplate: [{ type: pkcs11js.CKA_EC_PARAMS, value: Buffer.from(curve.parameters) }],
    }
  }
  const bits = [...rsaAlgorithms].find(([, name]) => name === algorithm)?.[0] ?? 0
  return {
    generates: 'CKM_RSA_PKCS_KEY_PAIR_GEN',
    uses: use === 'sign' ? ['CKM_RSA_PKCS'] : ['CKM_RSA_PKCS_OAEP', 'CKM_AES_KEY_WRAP_PAD'],
    publicTemplate: [
      { type: pkcs11js.CKA_MODULUS_BITS, value: bits },
      { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.from([0x01, 0x00, 0x01]) },
    ],
  }
}

function keyExists(id: Buffer): SigningError {
  return new SigningError(
    'PKCS11_KEY_EXISTS',
    `The token already has a key with the id ${id.toString('hex')}; look it up, or choose another id.`,
  )
}
