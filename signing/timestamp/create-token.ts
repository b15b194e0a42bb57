import type { HashAlgorithm } from '../../domain/index.ts'
import {
  buildSignedData,
  der,
  encodeAttribute,
  encodeSigningCertificate,
  encodeSigningTime,
  type MessageSigner,
  objectIdentifiers,
} from '../cms/index.ts'
import { encodeImprint, type TimestampRequest } from './timestamp-request.ts'

/** What an authority puts into a token. */
export interface TimestampTokenInput {
  readonly request: TimestampRequest
  readonly signer: MessageSigner
  /** DER certificates, leaf first; the leaf has time-stamping as its only extended key usage, critical. */
  readonly certificateChain: readonly Uint8Array[]
  /** Digests the token itself. */
  readonly hashAlgorithm: HashAlgorithm
  /** The authority's policy, as dotted text. */
  readonly policy: string
  /** Big-endian octets of a number that the authority never uses twice. */
  readonly serialNumber: Uint8Array
  /** The time to state; seconds are kept, less is cut off. */
  readonly time: Date
}

/** The stated time may be this far off: it has whole seconds. */
const accuracySeconds = 1

/**
 * Makes a time-stamp token: TSTInfo in SignedData with the ESS attribute that names the authority's certificate
 * (RFC 3161 §2.4.2, RFC 5816).
 *
 * @returns the ContentInfo, DER
 * @throws SigningError `CMS_…`, or whatever the signer throws
 */
export async function createTimestampToken(input: TimestampTokenInput): Promise<Uint8Array> {
  const { request } = input
  const info = der.sequence(
    der.integer(1),
    der.objectIdentifier(input.policy),
    encodeImprint(request.imprint),
    der.integer(input.serialNumber),
    der.generalizedTime(input.time),
    der.sequence(der.integer(accuracySeconds)),
    // A nonce is echoed octet for octet, negative or not.
    ...(request.nonce === undefined ? [] : [der.element(0x02, request.nonce)]),
  )
  return buildSignedData({
    version: 3,
    contentType: objectIdentifiers.timestampInfo,
    content: der.octetString(info),
    signer: input.signer,
    certificates: input.certificateChain,
    embedCertificates: request.wantsCertificates,
    hash: input.hashAlgorithm,
    signedAttributes: [
      encodeAttribute(objectIdentifiers.signingTime, encodeSigningTime(input.time)),
      ...input.certificateChain
        .slice(0, 1)
        .map((leaf) => encodeAttribute(objectIdentifiers.signingCertificateV2, encodeSigningCertificate(leaf))),
    ],
  })
}
