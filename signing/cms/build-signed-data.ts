import { hash as digestOnce } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { encodeDigestAlgorithm, encodeSignatureAlgorithm } from './algorithm-identifiers.ts'
import { encodeAttribute } from './attributes.ts'
import { readCertificateFields } from './certificate-fields.ts'
import * as der from './der-writer.ts'
import type { MessageSigner } from './message-signer.ts'
import { objectIdentifiers } from './object-identifiers.ts'

/** Who signs, and what is said of it. */
export interface SignerInfoInput {
  readonly signer: MessageSigner
  /** DER, for the signer's key. */
  readonly certificate: Uint8Array
  readonly hash: HashAlgorithm
  /** The octets whose digest is signed, or that digest, by `hash`. */
  readonly octets: Uint8Array | { readonly digest: Uint8Array }
  /** Encoded attributes beside the message digest, which is always there. */
  readonly signedAttributes: readonly Uint8Array[]
  /** Makes the unsigned attributes from the signature value, such as a time-stamp over it. */
  readonly unsignedAttributes?: ((signature: Uint8Array) => Promise<readonly Uint8Array[]>) | undefined
}

/** What to sign, and with what. */
export interface SignedDataInput extends Omit<SignerInfoInput, 'certificate' | 'octets'> {
  /** `version` of SignedData: 1 for content as PKCS #7 and Authenticode have it, 3 for other content (RFC 5652 §5.1). */
  readonly version: 1 | 3
  readonly contentType: string
  /**
   * The element inside the explicit [0] of `encapContentInfo`, whose content octets are what is digested. Of content that stays outside its
   * digest is enough.
   */
  readonly content: Uint8Array | { readonly digest: Uint8Array }
  /** Whether the content stays outside, and nothing of it but its digest travels (RFC 5652 §5.2). */
  readonly isDetached?: boolean
  /** DER certificates, leaf first; the first must be for the signer's key. */
  readonly certificates: readonly Uint8Array[]
  /** Whether `certificates` travel in the result. */
  readonly embedCertificates: boolean
  /**
   * How they stand there: as given, which is the default, or each once in DER's order of a SET OF (X.690 §11.6), as readers of
   * catalogs need them.
   */
  readonly certificateOrder?: 'given' | 'der'
  /** Encoded attributes beside content type and message digest, which are always there. */
  readonly signedAttributes: readonly Uint8Array[]
}

/**
 * Makes a ContentInfo with SignedData of one signer (RFC 5652 §5), named by issuer and serial number.
 *
 * @returns its DER encoding; unless asked otherwise certificates stay in the given order, leaf first, which every verifier takes and some expect
 * @throws SigningError `CMS_CERTIFICATE_MISSING` without a certificate, `CMS_CERTIFICATE_MALFORMED` when the first cannot
 * be read, `CMS_KEY_MISMATCH` when it is for another key; and whatever the signer throws
 */
export async function buildSignedData(input: SignedDataInput): Promise<Uint8Array> {
  const { hash, contentType, content, certificates, isDetached = false } = input
  const inside = isDetached || 'digest' in content ? [] : [der.context(0, content)]
  const [certificate] = certificates
  if (certificate === undefined)
    throw new SigningError(
      'CMS_CERTIFICATE_MISSING',
      'A signature needs the certificate of its key; the chain is empty.',
    )
  const signerInfo = await buildSignerInfo({
    ...input,
    certificate,
    octets: 'digest' in content ? content : contentOctets(content),
    signedAttributes: [
      encodeAttribute(objectIdentifiers.contentType, der.objectIdentifier(contentType)),
      ...input.signedAttributes,
    ],
  })
  const signedData = der.sequence(
    der.integer(input.version),
    der.setOf(encodeDigestAlgorithm(hash)),
    der.sequence(der.objectIdentifier(contentType), ...inside),
    ...(input.embedCertificates ? [der.context(0, ...embedded(input))] : []),
    der.setOf(signerInfo),
  )
  return der.sequence(der.objectIdentifier(objectIdentifiers.signedData), der.context(0, signedData))
}

/**
 * Makes a SignerInfo (RFC 5652 §5.3), named by issuer and serial number: a part of SignedData, or a counter-signature by itself (§11.4).
 *
 * @throws SigningError `CMS_CERTIFICATE_MALFORMED`, `CMS_KEY_MISMATCH`; whatever the signer throws
 */
export async function buildSignerInfo(input: SignerInfoInput): Promise<Uint8Array> {
  const { signer, hash } = input
  const certificate = readCertificateFields(input.certificate, 'CMS_CERTIFICATE_MALFORMED')
  if (Buffer.compare(certificate.publicKey, signer.publicKey) !== 0)
    throw new SigningError(
      'CMS_KEY_MISMATCH',
      'The first certificate of the chain is for another key; it must hold the public half of the key that signs.',
    )
  const { octets } = input
  const messageDigest = der.octetString('digest' in octets ? octets.digest : digestOnce(hash, octets, 'buffer'))
  // The signature covers the attributes as a SET OF; they travel under an implicit [0] (RFC 5652 §5.4).
  const toBeSigned = der.setOf(
    encodeAttribute(objectIdentifiers.messageDigest, messageDigest),
    ...input.signedAttributes,
  )
  const signature = await signer.sign(hash, toBeSigned)
  const travelling = toBeSigned.slice()
  travelling[0] = 0xa0

  const unsigned = (await input.unsignedAttributes?.(signature)) ?? []
  return der.sequence(
    der.integer(1),
    der.sequence(certificate.issuer, der.element(0x02, certificate.serialNumber)),
    encodeDigestAlgorithm(hash),
    travelling,
    encodeSignatureAlgorithm(signer.algorithm, hash, signer.padding),
    der.octetString(signature),
    ...(unsigned.length > 0 ? [der.context(1, ...unsigned.toSorted(Buffer.compare))] : []),
  )
}

function embedded({ certificates, certificateOrder }: SignedDataInput): readonly Uint8Array[] {
  return certificateOrder === 'der' ? inDerOrder(certificates) : certificates
}

/** Each of some encodings once, in the order that DER asks of a SET OF. */
export function inDerOrder(encodings: readonly Uint8Array[]): readonly Uint8Array[] {
  const sorted = encodings.toSorted(Buffer.compare)
  return sorted.filter((each, index) => index === 0 || Buffer.compare(each, sorted[index - 1] ?? each) !== 0)
}

/** The content octets of an element. */
function contentOctets(element: Uint8Array): Uint8Array {
  const first = element[1] ?? 0
  return element.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f))
}
