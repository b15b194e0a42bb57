import { hash as digestOnce } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { encodeDigestAlgorithm, encodeSignatureAlgorithm } from './algorithm-identifiers.ts'
import { encodeAttribute } from './attributes.ts'
import { readCertificateFields } from './certificate-fields.ts'
import * as der from './der-writer.ts'
import type { MessageSigner } from './message-signer.ts'
import { objectIdentifiers } from './object-identifiers.ts'

/** What to sign, and with what. */
export interface SignedDataInput {
  /** `version` of SignedData: 1 for content as PKCS #7 and Authenticode have it, 3 for other content (RFC 5652 §5.1). */
  readonly version: 1 | 3
  readonly contentType: string
  /** The element inside the explicit [0] of `encapContentInfo`. Its content octets are what is digested. */
  readonly content: Uint8Array
  readonly signer: MessageSigner
  /** DER certificates, leaf first; the first must be for the signer's key. */
  readonly certificates: readonly Uint8Array[]
  /** Whether `certificates` travel in the result. */
  readonly embedCertificates: boolean
  readonly hash: HashAlgorithm
  /** Encoded attributes beside content type and message digest, which are always there. */
  readonly signedAttributes: readonly Uint8Array[]
  /** Makes the unsigned attributes from the signature value, such as a time-stamp over it. */
  readonly unsignedAttributes?: (signature: Uint8Array) => Promise<readonly Uint8Array[]>
}

/**
 * Makes a ContentInfo with SignedData of one signer (RFC 5652 §5), named by issuer and serial number.
 *
 * @returns its DER encoding; certificates stay in the given order, leaf first, which every verifier takes and some expect
 * @throws SigningError `CMS_CERTIFICATE_MISSING` without a certificate, `CMS_CERTIFICATE_MALFORMED` when the first cannot
 * be read, `CMS_KEY_MISMATCH` when it is for another key; and whatever the signer throws
 */
export async function buildSignedData(input: SignedDataInput): Promise<Uint8Array> {
  const { signer, hash, contentType, content } = input
  const [leaf] = input.certificates
  if (leaf === undefined)
    throw new SigningError(
      'CMS_CERTIFICATE_MISSING',
      'A signature needs the certificate of its key; the chain is empty.',
    )
  const certificate = readCertificateFields(leaf, 'CMS_CERTIFICATE_MALFORMED')
  if (Buffer.compare(certificate.publicKey, signer.publicKey) !== 0)
    throw new SigningError(
      'CMS_KEY_MISMATCH',
      'The first certificate of the chain is for another key; it must hold the public half of the key that signs.',
    )

  const attributes = [
    encodeAttribute(objectIdentifiers.contentType, der.objectIdentifier(contentType)),
    encodeAttribute(
      objectIdentifiers.messageDigest,
      der.octetString(digestOnce(hash, contentOctets(content), 'buffer')),
    ),
    ...input.signedAttributes,
  ]
  // The signature covers the attributes as a SET OF; they travel under an implicit [0] (RFC 5652 §5.4).
  const toBeSigned = der.setOf(...attributes)
  const signature = await signer.sign(hash, toBeSigned)
  const travelling = toBeSigned.slice()
  travelling[0] = 0xa0

  const unsigned = (await input.unsignedAttributes?.(signature)) ?? []
  const signerInfo = der.sequence(
    der.integer(1),
    der.sequence(certificate.issuer, der.element(0x02, certificate.serialNumber)),
    encodeDigestAlgorithm(hash),
    travelling,
    encodeSignatureAlgorithm(signer.algorithm, hash),
    der.octetString(signature),
    ...(unsigned.length > 0 ? [der.context(1, ...unsigned.toSorted(Buffer.compare))] : []),
  )
  const signedData = der.sequence(
    der.integer(input.version),
    der.setOf(encodeDigestAlgorithm(hash)),
    der.sequence(der.objectIdentifier(contentType), der.context(0, content)),
    ...(input.embedCertificates ? [der.context(0, ...input.certificates)] : []),
    der.setOf(signerInfo),
  )
  return der.sequence(der.objectIdentifier(objectIdentifiers.signedData), der.context(0, signedData))
}

/** The content octets of an element that our own writer made. */
function contentOctets(element: Uint8Array): Uint8Array {
  const first = element[1] ?? 0
  return element.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f))
}
