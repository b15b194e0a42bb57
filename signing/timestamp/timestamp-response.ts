import { DerReader, der } from '../cms/index.ts'

/** Bits of PKIFailureInfo (RFC 3161 §2.4.2). */
export const failureBits = {
  badAlg: 0,
  badRequest: 2,
  badDataFormat: 5,
  timeNotAvailable: 14,
  unacceptedPolicy: 15,
  unacceptedExtension: 16,
  addInfoNotAvailable: 17,
  systemFailure: 25,
} as const

/** Why an authority refused. */
export type FailureInfo = keyof typeof failureBits

/** What an authority answered (TimeStampResp, RFC 3161 §2.4.2). */
export type TimestampResponse =
  | { readonly kind: 'granted'; readonly token: Uint8Array }
  | {
      readonly kind: 'rejected'
      /** PKIStatus: 2 rejection, 3 waiting, 4 revocation warning, 5 revocation notification. */
      readonly status: number
      /** What the authority says in words, cleaned of control characters and cut to a readable length. */
      readonly text: string
      readonly failures: readonly FailureInfo[]
    }

/** A response with a token. */
export function encodeGranted(token: Uint8Array): Uint8Array {
  return der.sequence(der.sequence(der.integer(0)), token)
}

/** A rejection with its reason in bits and words. */
export function encodeRejection(failure: FailureInfo, text: string): Uint8Array {
  const bit = failureBits[failure]
  const bits = new Uint8Array(Math.floor(bit / 8) + 1)
  bits[bits.length - 1] = 0x80 >> (bit % 8)
  return der.sequence(
    der.sequence(der.integer(2), der.sequence(der.utf8String(text)), der.bitString(7 - (bit % 8), bits)),
  )
}

/**
 * Reads a response.
 *
 * @param code the code of the `SigningError` that malformed bytes get
 */
export function parseTimestampResponse(bytes: Uint8Array, code: string): TimestampResponse {
  const outer = new DerReader(bytes, code)
  const response = outer.enter(0x30, 'TimeStampResp')
  // Some web servers end what they send with a line break.
  if (!outer.unread.every(isWhiteSpace)) outer.end('TimeStampResp')
  const info = response.enter(0x30, 'the status of TimeStampResp')
  const status = info.smallInteger('PKIStatus')
  const text = info.nextIs(0x30) ? readText(info.enter(0x30, 'the status text')) : ''
  const failures = info.nextIs(0x03) ? readFailures(info.bitString('failInfo')) : []
  info.end('the status of TimeStampResp')
  // granted and grantedWithMods both bring a token; what was modified shows in the token.
  if (status !== 0 && status !== 1) return { kind: 'rejected', status, text, failures }
  const token = response.take(0x30, 'the token of a granted TimeStampResp').encoded
  response.end('TimeStampResp')
  return { kind: 'granted', token }
}

function isWhiteSpace(octet: number): boolean {
  return octet === 0x20 || (octet >= 0x09 && octet <= 0x0d)
}

function readText(list: DerReader): string {
  return list
    .rest(16, 'the status text')
    .map((line) => Buffer.from(line.content).toString('utf8'))
    .join(' ')
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .slice(0, 500)
    .toWellFormed()
}

function readFailures(bits: Uint8Array): readonly FailureInfo[] {
  return (Object.keys(failureBits) as FailureInfo[]).filter((name) => {
    const bit = failureBits[name]
    return ((bits[Math.floor(bit / 8)] ?? 0) & (0x80 >> (bit % 8))) !== 0
  })
}
