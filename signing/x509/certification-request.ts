import { createHash, createPublicKey, verify } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import type { AlternativeName, CertificateSubject } from '../../domain/index.ts'
import { der, objectIdentifiers, readCertificateFields } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'
import type { SigningKey } from '../signing-key.ts'
import { encodeAlternativeNames } from './alternative-names.ts'
import { certificateSignatureAlgorithms } from './signature-algorithm.ts'
import { distinguishedName } from './subject.ts'

/** Who a certificate is asked for, encoded: what an authority must take over to the byte. */
export interface RequestedNames {
  /** DER Name. */
  readonly subject: Uint8Array
  /** DER GeneralNames, when there are alternative names. */
  readonly alternativeNames?: { readonly encoded: Uint8Array; readonly critical: boolean }
}

/** What a certificate is asked for with. */
export interface CertificationRequest {
  readonly names: RequestedNames
  /** Asks for the key usage `digitalSignature`, critical. */
  readonly digitalSignature?: boolean
  /** Object identifiers of the extended key usages that are asked for. */
  readonly extendedKeyUsages?: readonly string[]
  /** The key that signs the request and that the certificate is for. */
  readonly key: SigningKey
}

/** pkcs-9-at-extensionRequest (RFC 2985 §5.4.2). */
const extensionRequest = '1.2.840.113549.1.9.14'

/**
 * Makes a request for a certificate (PKCS #10, RFC 2986), which the key signs: it proves that who asks has the key.
 * The set of attributes is always there, also when it is empty (RFC 2986 §4.1).
 *
 * @returns DER
 * @throws SigningError `X509_SIGNATURE_FAULTY`; what the key throws
 */
export async function createCertificationRequest(request: CertificationRequest): Promise<Uint8Array> {
  const { key, names } = request
  const { hash, identifier } = certificateSignatureAlgorithms[key.algorithm]
  const extensions = requestedExtensions(request)
  const attributes =
    extensions.length === 0
      ? []
      : [der.sequence(der.objectIdentifier(extensionRequest), der.setOf(der.sequence(...extensions)))]
  const toBeSigned = der.sequence(der.integer(0), names.subject, key.publicKey, der.context(0, ...attributes))
  const signature = await key.sign(hash, createHash(hash).update(toBeSigned).digest())
  // What leaves is checked: an authority takes this signature as the proof that we hold the key.
  const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
  if (!verify(hash, toBeSigned, publicKey, signature))
    throw new SigningError(
      'X509_SIGNATURE_FAULTY',
      'The new certificate request does not verify with the key that signed it; it was thrown away.',
    )
  return der.sequence(toBeSigned, new Uint8Array(AsnConvert.serialize(identifier)), der.bitString(0, signature))
}

/**
 * Encodes who a first certificate is asked for.
 *
 * @throws SigningError `X509_SUBJECT_INVALID`, `X509_ALTERNATIVE_NAME_INVALID`
 */
export function newNames(subject: CertificateSubject, alternativeNames: readonly AlternativeName[]): RequestedNames {
  return {
    subject: new Uint8Array(AsnConvert.serialize(distinguishedName(subject))),
    ...(alternativeNames.length > 0 && {
      alternativeNames: { encoded: encodeAlternativeNames(alternativeNames), critical: false },
    }),
  }
}

/**
 * Who a certificate is for, byte for byte: a re-enrolment must ask for the same (RFC 7030 §4.2.2).
 *
 * @throws SigningError `X509_MALFORMED`
 */
export function namesOfCertificate(certificate: Uint8Array): RequestedNames {
  const { subject, extensions } = readCertificateFields(certificate, 'X509_MALFORMED')
  const alternative = extensions.get(objectIdentifiers.subjectAlternativeName)
  return {
    subject,
    ...(alternative !== undefined && {
      alternativeNames: { encoded: alternative.value, critical: alternative.critical },
    }),
  }
}

/** Whether two are the same names, in the same encoding. */
export function sameNames(one: RequestedNames, other: RequestedNames): boolean {
  const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
    Buffer.compare(a ?? new Uint8Array(), b ?? new Uint8Array()) === 0
  return same(one.subject, other.subject) && same(one.alternativeNames?.encoded, other.alternativeNames?.encoded)
}

function requestedExtensions({ names, digitalSignature = false, extendedKeyUsages = [] }: CertificationRequest) {
  const { alternativeNames } = names
  return [
    ...(digitalSignature ? [extension(objectIdentifiers.keyUsage, true, der.bitString(7, Uint8Array.of(0x80)))] : []),
    ...(extendedKeyUsages.length > 0
      ? [
          extension(
            objectIdentifiers.extendedKeyUsage,
            false,
            der.sequence(...extendedKeyUsages.map(der.objectIdentifier)),
          ),
        ]
      : []),
    ...(alternativeNames === undefined
      ? []
      : [extension(objectIdentifiers.subjectAlternativeName, alternativeNames.critical, alternativeNames.encoded)]),
  ]
}

/** RFC 5280 §4.1: `critical` is left out when it is false, as DER asks of a default value. */
function extension(identifier: string, critical: boolean, value: Uint8Array): Uint8Array {
  return der.sequence(
    der.objectIdentifier(identifier),
    ...(critical ? [der.boolean(true)] : []),
    der.octetString(value),
  )
}
