import type { SignableHash } from '../../domain/index.ts'

/** The DER of DigestInfo (RFC 8017 §9.2, note 1) up to the digest itself. */
const digestInfoPrefixes: Readonly<Record<SignableHash, Buffer>> = {
  sha1: Buffer.from('3021300906052b0e03021a05000414', 'hex'),
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
}

/** Output lengths in bytes (FIPS 180-4). */
export const digestLengths: Readonly<Record<SignableHash, number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 }

/** The DigestInfo that CKM_RSA_PKCS pads and signs (RFC 8017 §9.2). */
export function digestInfo(hash: SignableHash, digest: Uint8Array): Buffer {
  return Buffer.concat([digestInfoPrefixes[hash], digest])
}

/** A CKM_ECDSA signature, r and s of equal length one after the other, as ECDSA-Sig-Value (RFC 3279 §2.2.3). */
export function ecdsaSigValue(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2
  const body = Buffer.concat([derInteger(raw.subarray(0, half)), derInteger(raw.subarray(half))])
  return Buffer.concat([derHeader(0x30, body.length), body])
}

function derInteger(unsigned: Uint8Array): Buffer {
  let start = 0
  while (start < unsigned.length - 1 && unsigned[start] === 0) start++
  const digits = unsigned.subarray(start)
  const sign = (digits[0] ?? 0) >= 0x80 ? [0] : []
  return Buffer.concat([derHeader(0x02, digits.length + sign.length), Buffer.from(sign), digits])
}

/** Contents here are at most 2 × 69 bytes, so the length takes one byte or two. */
function derHeader(tag: number, length: number): Buffer {
  return Buffer.from(length < 0x80 ? [tag, length] : [tag, 0x81, length])
}
