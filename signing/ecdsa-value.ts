import { DerReader } from './cms/der-reader.ts'

/** Octets of r and of s, by key type. */
const numberLengths: Readonly<Record<string, number>> = { 'ec-p256': 32, 'ec-p384': 48, 'ec-p521': 66 }

/**
 * A signature as formats have it that know no DER (XML Signature 1.1 §6.4.3, RFC 7518 §3.4): of an EC key r and s, each of the length of
 * the curve's numbers; of an RSA key as it is.
 *
 * @param signature of an EC key DER ECDSA-Sig-Value
 * @param code of the error when it is not that
 * @throws SigningError with that code
 */
export function plainSignature(keyAlgorithm: string, signature: Uint8Array, code: string): Uint8Array {
  const length = numberLengths[keyAlgorithm]
  if (length === undefined) return signature
  const inside = new DerReader(signature, code).enter(0x30, 'the ECDSA signature')
  const value = Buffer.alloc(2 * length)
  for (const end of [length, 2 * length]) {
    const number = Buffer.from(inside.integer('a number of the ECDSA signature'))
    const digits = number[0] === 0 ? number.subarray(1) : number
    digits.copy(value, end - digits.length)
  }
  return value
}
