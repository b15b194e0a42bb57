import { createHash, X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { Certificate, ExtendedKeyUsage, id_ce_extKeyUsage, type Name } from '@peculiar/asn1-x509'
import type { KeyAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { pemCertificates } from './pem.ts'
import { rememberByBytes } from './remember.ts'
import { distinguishedNameText } from './subject.ts'

/** What a certificate says (RFC 5280 §4.1). */
export interface CertificateFacts {
  readonly der: Uint8Array
  /** RFC 4514 text. */
  readonly subject: string
  /** RFC 4514 text. */
  readonly issuer: string
  /** Hexadecimal, lower case, two digits for each octet, without leading octets that are zero. */
  readonly serialNumber: string
  /** ISO 8601, UTC. */
  readonly notBefore: string
  /** ISO 8601, UTC. */
  readonly notAfter: string
  /** SHA-1 of the DER encoding, hexadecimal, lower case: what Windows shows. A name, not a protection. */
  readonly thumbprintSha1: string
  /** SHA-256 of the DER encoding, hexadecimal, lower case. */
  readonly thumbprintSha256: string
  /** DER-encoded SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  /** undefined for a key of a type that we do not sign with. */
  readonly keyAlgorithm: KeyAlgorithm | undefined
  /** Whether it names itself as its issuer and its own key made its signature. */
  readonly isSelfSigned: boolean
  /** Object identifiers; empty when the certificate has no such extension. */
  readonly extendedKeyUsages: readonly string[]
}

/**
 * Reads a certificate.
 *
 * @param encoded DER, or PEM with one certificate in it
 * @throws SigningError `X509_MALFORMED`, `X509_PEM_MALFORMED`
 */
export function readCertificate(encoded: Uint8Array | string): CertificateFacts {
  const blocks = pemCertificates(encoded)
  const [der, another] = blocks ?? [typeof encoded === 'string' ? Buffer.from(encoded, 'latin1') : encoded]
  if (der === undefined || another !== undefined) {
    throw new SigningError('X509_PEM_MALFORMED', `One certificate was expected; there are ${blocks?.length ?? 0}.`)
  }
  return readDer(der)
}

/**
 * Reads certificates one after the other, in their order.
 *
 * @param encoded PEM, with text between the certificates ignored, or DER certificates joined
 * @throws SigningError `X509_MALFORMED`, `X509_PEM_MALFORMED`
 */
export function parseCertificates(encoded: Uint8Array | string): readonly CertificateFacts[] {
  const blocks = pemCertificates(encoded)
  if (blocks !== undefined) return blocks.map(readDer)
  const bytes = typeof encoded === 'string' ? Buffer.from(encoded, 'latin1') : encoded
  return [...derElements(bytes)].map(readDer)
}

const readDer = rememberByBytes((der): CertificateFacts => {
  try {
    const certificate = new X509Certificate(der)
    if (certificate.raw.length !== der.length) {
      throw new Error(`${der.length - certificate.raw.length} bytes follow the certificate`)
    }
    if (!certificate.raw.equals(der)) throw new Error('its encoding is not DER')
    const { tbsCertificate } = AsnConvert.parse(der, Certificate)
    const usages = tbsCertificate.extensions?.find((extension) => extension.extnID === id_ce_extKeyUsage)
    return {
      der: new Uint8Array(der),
      subject: distinguishedNameText(tbsCertificate.subject),
      issuer: distinguishedNameText(tbsCertificate.issuer),
      serialNumber: certificate.serialNumber.toLowerCase(),
      notBefore: tbsCertificate.validity.notBefore.getTime().toISOString(),
      notAfter: tbsCertificate.validity.notAfter.getTime().toISOString(),
      thumbprintSha1: createHash('sha1').update(der).digest('hex'),
      thumbprintSha256: createHash('sha256').update(der).digest('hex'),
      publicKey: new Uint8Array(AsnConvert.serialize(tbsCertificate.subjectPublicKeyInfo)),
      keyAlgorithm: keyAlgorithm(certificate),
      isSelfSigned: hasIssued(certificate, certificate),
      extendedKeyUsages: usages === undefined ? [] : [...AsnConvert.parse(usages.extnValue, ExtendedKeyUsage)],
    }
  } catch (cause) {
    throw new SigningError(
      'X509_MALFORMED',
      `This is not a DER-encoded X.509 certificate: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { cause },
    )
  }
})

/** Whether names and signature say that one certificate was issued by the holder of the other. */
export function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return sameName(issuer, certificate) && certificate.verify(issuer.publicKey)
  } catch {
    // A key that OpenSSL does not know has issued nothing that we could rely on.
    return false
  }
}

function sameName(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return namesOf(issuer.raw).subject.equals(namesOf(certificate.raw).issuer)
}

/** The names of a certificate, as DER. */
const namesOf = rememberByBytes((der) => {
  const { subject, issuer } = AsnConvert.parse(der, Certificate).tbsCertificate
  const encoded = (name: Name) => Buffer.from(AsnConvert.serialize(name))
  return { subject: encoded(subject), issuer: encoded(issuer) }
})

const curveAlgorithms: Readonly<Record<string, KeyAlgorithm>> = {
  prime256v1: 'ec-p256',
  secp384r1: 'ec-p384',
  secp521r1: 'ec-p521',
}
const rsaAlgorithms: Readonly<Record<number, KeyAlgorithm>> = { 2048: 'rsa-2048', 3072: 'rsa-3072', 4096: 'rsa-4096' }

function keyAlgorithm(certificate: X509Certificate): KeyAlgorithm | undefined {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
    if (asymmetricKeyType === 'rsa') return rsaAlgorithms[asymmetricKeyDetails?.modulusLength ?? 0]
    if (asymmetricKeyType === 'ec') return curveAlgorithms[asymmetricKeyDetails?.namedCurve ?? '']
  } catch {
    // A key of a type that OpenSSL does not know.
  }
  return undefined
}

/** Splits joined DER elements by their lengths (X.690 §8.1). */
function* derElements(bytes: Uint8Array): Generator<Uint8Array> {
  let start = 0
  while (start < bytes.length || start === 0) {
    const first = bytes[start + 1] ?? 0
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    let length = first < 0x80 ? first : 0
    for (let index = 0; index < lengthBytes; index++) length = length * 256 + (bytes[start + 2 + index] ?? 0)
    const end = start + 2 + lengthBytes + length
    if (bytes[start] !== 0x30 || lengthBytes > 4 || end > bytes.length) {
      throw new SigningError(
        'X509_MALFORMED',
        `There is neither a PEM nor a DER-encoded certificate at offset ${start} of ${bytes.length} bytes.`,
      )
    }
    yield bytes.subarray(start, end)
    start = end
  }
}
