import { constants, publicDecrypt } from 'node:crypto'
import type { Handle, Mechanism, PKCS11 } from 'pkcs11js'
import pkcs11js from 'pkcs11js'
import type { HashAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { curves, type TokenPublicKey } from './public-key.ts'
import { digestInfo, ecdsaSigValue } from './signature-encoding.ts'

/** What a signature is made and checked with. */
export interface SigningHandles extends TokenPublicKey {
  readonly privateHandle: Handle
  readonly publicHandle: Handle
  /** Called between C_SignInit and C_Sign, for keys that want the PIN for each signature. */
  readonly authenticate?: (() => void) | undefined
}

/** RSA signatures are as long as the modulus, ECDSA ones twice the group order: at most 4096 bits. */
const longestSignature = 512

/**
 * Signs a digest and hands the signature out only when it holds: one faulty RSA signature is enough to compute the
 * private key from (Boneh, DeMillo, Lipton 1997). RSA is checked here; ECDSA, whose check OpenSSL does not offer
 * through Node for a digest, by the token.
 *
 * @returns RSASSA-PKCS1-v1_5, or DER ECDSA-Sig-Value
 * @throws SigningError `PKCS11_SIGNATURE_FAULTY`; what the binding throws
 */
export function checkedSignature(
  module: PKCS11,
  session: Handle,
  key: SigningHandles,
  hash: HashAlgorithm,
  digest: Uint8Array,
): Uint8Array {
  const curve = curves.find((candidate) => candidate.algorithm === key.algorithm)
  if (curve === undefined) {
    const message = digestInfo(hash, digest)
    const signature = rawSignature(module, session, { mechanism: pkcs11js.CKM_RSA_PKCS }, key, message)
    if (!rsaSignatureHolds(key, signature, message)) throw faulty()
    return signature
  }
  // A digest longer than the group order counts with its leftmost bits (FIPS 186-5 §6.4.1). All three lengths are whole
  // bytes or longer than any digest; cut here, because not every token does.
  const message = Buffer.from(digest.subarray(0, curve.fieldLength))
  const raw = rawSignature(module, session, { mechanism: pkcs11js.CKM_ECDSA }, key, message)
  if (raw.length !== 2 * curve.fieldLength || !ecdsaSignatureHolds(module, session, key, raw, message)) throw faulty()
  return ecdsaSigValue(raw)
}

/** Makes a signature in one part, whatever it may be worth. @throws what the binding throws */
export function rawSignature(
  module: PKCS11,
  session: Handle,
  mechanism: Mechanism,
  key: Pick<SigningHandles, 'privateHandle' | 'authenticate'>,
  message: Buffer,
): Buffer {
  module.C_SignInit(session, mechanism, key.privateHandle)
  key.authenticate?.()
  return module.C_Sign(session, message, Buffer.alloc(longestSignature))
}

function rsaSignatureHolds(key: TokenPublicKey, signature: Buffer, message: Buffer): boolean {
  const modulusBits = key.keyObject.asymmetricKeyDetails?.modulusLength ?? 0
  if (signature.length * 8 !== modulusBits) return false
  try {
    return publicDecrypt({ key: key.keyObject, padding: constants.RSA_PKCS1_PADDING }, signature).equals(message)
  } catch {
    return false
  }
}

function ecdsaSignatureHolds(
  module: PKCS11,
  session: Handle,
  key: SigningHandles,
  raw: Buffer,
  message: Buffer,
): boolean {
  module.C_VerifyInit(session, { mechanism: pkcs11js.CKM_ECDSA }, key.publicHandle)
  try {
    return module.C_Verify(session, message, raw)
  } catch (error) {
    if (/CKR_SIGNATURE_(INVALID|LEN_RANGE)/.test(String(error))) return false
    throw error
  }
}

function faulty(): SigningError {
  return new SigningError(
    'PKCS11_SIGNATURE_FAULTY',
    'The token made a signature that its public key does not accept; it was thrown away. The token may be defective.',
    { transient: true },
  )
}
