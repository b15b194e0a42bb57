import type { HashAlgorithm } from '../../domain/index.ts'
import { DerReader, der, encodeDigestAlgorithm, hashLengths, takeDigestAlgorithm } from '../cms/index.ts'

/** What is to be time-stamped: a digest and the algorithm that made it (MessageImprint, RFC 3161 §2.4.1). */
export interface MessageImprint {
  readonly hash: HashAlgorithm
  readonly digest: Uint8Array
}

/** A request that an authority can answer (TimeStampReq, RFC 3161 §2.4.1). */
export interface TimestampRequest {
  readonly imprint: MessageImprint
  /** The policy that the client insists on, as dotted text. */
  readonly policy?: string
  /** Content octets of the nonce, an INTEGER. */
  readonly nonce?: Uint8Array
  /** Whether the token must bring the authority's certificates. */
  readonly wantsCertificates: boolean
}

/** Why an authority cannot answer a request, by the bits of PKIFailureInfo (RFC 3161 §2.4.2). */
export type RequestFault = 'badAlg' | 'badRequest' | 'badDataFormat' | 'unacceptedExtension'

/**
 * Encodes a request for a token with certificates.
 *
 * @param nonce big-endian octets of a non-negative number
 */
export function encodeTimestampRequest(imprint: MessageImprint, nonce: Uint8Array): Uint8Array {
  return der.sequence(der.integer(1), encodeImprint(imprint), der.integer(nonce), der.boolean(true))
}

/** MessageImprint. */
export function encodeImprint(imprint: MessageImprint): Uint8Array {
  return der.sequence(encodeDigestAlgorithm(imprint.hash), der.octetString(imprint.digest))
}

/**
 * Takes a MessageImprint.
 *
 * @returns `badAlg` when the algorithm is not SHA-2, `badDataFormat` when the digest has another length than it makes
 */
export function takeImprint(reader: DerReader): MessageImprint | 'badAlg' | 'badDataFormat' {
  const fields = reader.enter(0x30, 'messageImprint')
  const hash = takeDigestAlgorithm(fields, 'the hash algorithm of messageImprint')
  const digest = fields.take(0x04, 'hashedMessage').content
  fields.end('messageImprint')
  if (hash === undefined) return 'badAlg'
  return digest.length === hashLengths[hash] ? { hash, digest } : 'badDataFormat'
}

/** Reads a request as an authority does. Never throws: what is wrong with the bytes is the answer. */
export function parseTimestampRequest(bytes: Uint8Array): TimestampRequest | RequestFault {
  try {
    const outer = new DerReader(bytes, 'TIMESTAMP_REQUEST_MALFORMED')
    const fields = outer.enter(0x30, 'TimeStampReq')
    outer.end('TimeStampReq')
    if (fields.smallInteger('the version of TimeStampReq') !== 1) return 'badRequest'
    const imprint = takeImprint(fields)
    if (typeof imprint === 'string') return imprint
    const policy = fields.nextIs(0x06) ? fields.objectIdentifier('reqPolicy') : undefined
    const nonce = fields.nextIs(0x02) ? fields.integer('the nonce') : undefined
    const wantsCertificates = fields.nextIs(0x01) && fields.boolean('certReq')
    if (fields.takeOptional(0xa0, 'the extensions of TimeStampReq') !== undefined) return 'unacceptedExtension'
    fields.end('TimeStampReq')
    return {
      imprint,
      wantsCertificates,
      ...(policy !== undefined && { policy }),
      ...(nonce !== undefined && { nonce }),
    }
  } catch {
    return 'badDataFormat'
  }
}
