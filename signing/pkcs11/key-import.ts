import { createHash, randomBytes } from 'node:crypto'
import type { Handle, PKCS11, Template } from 'pkcs11js'
import pkcs11js from 'pkcs11js'
import { SigningError } from '../signing-error.ts'
import { postedFailure, type TokenSlot } from './cryptoki.ts'
import { neverDecrypts, protectedTemplate } from './key-generation.ts'
import {
  destroyIgnoringErrors,
  destroyKeyPair,
  keyObjects,
  refuseRaced,
  refuseUnknownMechanisms,
  refuseUnprotected,
} from './key-objects.ts'
import { curves, readPublicKey, type TokenPublicKey } from './public-key.ts'
import { checkedSignature } from './raw-signature.ts'
import { readSessionKey } from './session-key.ts'
import type { SessionArgument } from './session-request.ts'

/** What a key is brought in with. */
export type KeyImport = SessionArgument<'importKey'>

/**
 * Brings a private key in that was encrypted for a transport key of the token: C_UnwrapKey (PKCS#11 2.40 §5.14) opens first the
 * secret key by RSA-OAEP, which stays in the session, and by that the private key with AES-KWP (RFC 5649). Neither
 * is ever outside of the token. The key is kept when it signs for the public key that was announced.
 *
 * A key that is there already, because somebody was interrupted, is looked at in the same way and kept.
 *
 * @param session a read/write session, logged in
 * @throws SigningError `PKCS11_UNWRAP_FAILED`, `PKCS11_KEY_NOT_PAIRED`, `PKCS11_KEY_UNSUPPORTED`, `PKCS11_KEY_NOT_FOUND`,
 *   `PKCS11_KEY_NOT_PROTECTED`, `PKCS11_MECHANISM_UNKNOWN`, `PKCS11_KEY_EXISTS`; what the binding throws
 */
export function importKeyPair(module: PKCS11, session: Handle, token: TokenSlot, request: KeyImport): void {
  const id = Buffer.from(request.id)
  const publicKey = readPublicKey(request.publicKey)
  if (publicKey === undefined)
    throw new SigningError(
      'PKCS11_KEY_UNSUPPORTED',
      'The key to be brought in is none of RSA 2048, 3072, 4096 and EC P-256, P-384, P-521.',
    )
  const isThere =
    keyObjects(module, session, 'private', id).length > 0 && keyObjects(module, session, 'public', id).length > 0
  if (isThere && isPair(module, session, id, publicKey)) return
  // One half alone, or two that do not belong together, is what an interruption leaves behind.
  destroyKeyPair(module, session, id)
  refuseUnknownMechanisms(module, token, ['CKM_RSA_PKCS_OAEP', 'CKM_AES_KEY_WRAP_PAD'], 'keys that are brought in')

  const made: Handle[] = []
  try {
    made.push(unwrap(module, session, request, publicKey))
    refuseUnprotected(module, session, made[0] as Handle)
    made.push(module.C_CreateObject(session, publicTemplate(request, publicKey)))
    refuseRaced(module, session, id)
    if (!isPair(module, session, id, publicKey))
      throw new SigningError(
        'PKCS11_KEY_NOT_PAIRED',
        'The private key that was brought in does not belong to the public key that was announced; it was destroyed.',
      )
  } catch (error) {
    destroyIgnoringErrors(module, session, made)
    throw error
  }
}

function unwrap(module: PKCS11, session: Handle, request: KeyImport, { algorithm }: TokenPublicKey): Handle {
  const [transportKey] = keyObjects(module, session, 'private', Buffer.from(request.transportId))
  if (transportKey === undefined)
    throw new SigningError('PKCS11_KEY_NOT_FOUND', 'The transport key of the import is not in the token.')
  const secretKey = unwrapping(() =>
    module.C_UnwrapKey(
      session,
      { mechanism: pkcs11js.CKM_RSA_PKCS_OAEP, parameter: oaepWithSha1 },
      transportKey,
      Buffer.from(request.wrappedSecret),
      [
        { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_SECRET_KEY },
        { type: pkcs11js.CKA_KEY_TYPE, value: pkcs11js.CKK_AES },
        { type: pkcs11js.CKA_TOKEN, value: false },
        { type: pkcs11js.CKA_SENSITIVE, value: true },
        { type: pkcs11js.CKA_EXTRACTABLE, value: false },
        { type: pkcs11js.CKA_UNWRAP, value: true },
        { type: pkcs11js.CKA_DECRYPT, value: false },
      ],
    ),
  )
  try {
    return unwrapping(() =>
      module.C_UnwrapKey(
        session,
        { mechanism: pkcs11js.CKM_AES_KEY_WRAP_PAD },
        secretKey,
        Buffer.from(request.wrappedKey),
        [
          { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
          { type: pkcs11js.CKA_KEY_TYPE, value: keyTypeOf(algorithm) },
          ...protectedTemplate({ id: Buffer.from(request.id), label: request.label }),
          { type: pkcs11js.CKA_SIGN, value: true },
          ...neverDecrypts('sign'),
        ],
      ),
    )
  } finally {
    destroyIgnoringErrors(module, session, [secretKey])
  }
}

/** The one form of RSA-OAEP that every token knows. What makes SHA-1 weak elsewhere, collisions, is of no use against it. */
const oaepWithSha1 = {
  type: pkcs11js.CK_PARAMS_RSA_OAEP,
  hashAlg: pkcs11js.CKM_SHA_1,
  mgf: pkcs11js.CKG_MGF1_SHA1,
  source: 1,
}

/** Of what tokens answer to something that was not encrypted for them, each in its own way. */
const unwrapRefusals = new Set([
  'CKR_GENERAL_ERROR',
  'CKR_FUNCTION_FAILED',
  'CKR_WRAPPED_KEY_INVALID',
  'CKR_WRAPPED_KEY_LEN_RANGE',
  'CKR_ENCRYPTED_DATA_INVALID',
  'CKR_ENCRYPTED_DATA_LEN_RANGE',
  'CKR_DATA_INVALID',
  'CKR_DATA_LEN_RANGE',
  'CKR_ATTRIBUTE_VALUE_INVALID',
])

function unwrapping(call: () => Handle): Handle {
  try {
    return call()
  } catch (error) {
    const failure = postedFailure(error)
    if (failure.kind !== 'cryptoki' || !unwrapRefusals.has(failure.rv)) throw error
    throw new SigningError(
      'PKCS11_UNWRAP_FAILED',
      `The token cannot open what was sent as the private key (${failure.rv}): it was not encrypted for its transport key, or is no such key.`,
    )
  }
}

/** Whether the two halves in the token are those of the announced public key: by their attributes, and by a signature. */
function isPair(module: PKCS11, session: Handle, id: Buffer, publicKey: TokenPublicKey): boolean {
  const pair = readSessionKey(module, session, id)
  if (pair === undefined || !Buffer.from(pair.spki).equals(publicKey.spki)) return false
  try {
    const digest = createHash('sha256').update(randomBytes(32)).digest()
    checkedSignature(module, session, pair, 'sha256', digest)
    return true
  } catch (error) {
    if (error instanceof SigningError && error.code === 'PKCS11_SIGNATURE_FAULTY') return false
    throw error
  }
}

function keyTypeOf(algorithm: TokenPublicKey['algorithm']): number {
  return curves.some((curve) => curve.algorithm === algorithm) ? pkcs11js.CKK_EC : pkcs11js.CKK_RSA
}

function publicTemplate({ id, label }: KeyImport, { algorithm, keyObject }: TokenPublicKey): Template {
  const { n = '', e = '', x = '', y = '' } = keyObject.export({ format: 'jwk' })
  const curve = curves.find((candidate) => candidate.algorithm === algorithm)
  const point = Buffer.concat([Buffer.from([0x04]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  const header = point.length < 0x80 ? [0x04, point.length] : [0x04, 0x81, point.length]
  return [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PUBLIC_KEY },
    { type: pkcs11js.CKA_KEY_TYPE, value: keyTypeOf(algorithm) },
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_PRIVATE, value: false },
    { type: pkcs11js.CKA_ID, value: Buffer.from(id) },
    { type: pkcs11js.CKA_LABEL, value: label },
    { type: pkcs11js.CKA_VERIFY, value: true },
    ...(curve === undefined
      ? [
          { type: pkcs11js.CKA_MODULUS, value: Buffer.from(n, 'base64url') },
          { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.from(e, 'base64url') },
        ]
      : [
          { type: pkcs11js.CKA_EC_PARAMS, value: Buffer.from(curve.parameters) },
          { type: pkcs11js.CKA_EC_POINT, value: Buffer.concat([Buffer.from(header), point]) },
        ]),
  ]
}
