import { createHash, createPublicKey, randomBytes, X509Certificate } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectKeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  type Name,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import type { CertificateSubject } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import type { SigningKey } from '../signing-key.ts'
import { hasIssued, readCertificate } from './certificate.ts'
import { certificateSignatureAlgorithms } from './signature-algorithm.ts'
import { distinguishedName } from './subject.ts'

/**
 * What a certificate is for.
 *
 * - `codeSigning`: digital signatures; extended key usage code signing.
 * - `timeStamping`: digital signatures; extended key usage time-stamping, alone and critical (RFC 3161 §2.3).
 * - `ca`: issuing certificates and revocation lists.
 */
export type CertificateProfile = 'codeSigning' | 'timeStamping' | 'ca'

/** The fields that every new certificate is given. */
export interface NewCertificate {
  readonly subject: CertificateSubject
  /** Whole seconds count; the rest is cut off. */
  readonly notBefore: Date
  readonly notAfter: Date
  /** Hexadecimal, positive, at most 20 octets (RFC 5280 §4.1.2.2); by default 127 random bits. */
  readonly serialNumber?: string
}

/**
 * Makes a certificate that its own key signs (X.509 v3, RFC 5280). Verifiers that are given it as their trust anchor
 * accept what its key has signed.
 *
 * @param request.profile `codeSigning` by default
 * @returns DER
 * @throws SigningError `X509_SUBJECT_INVALID`, `X509_VALIDITY_INVALID`, `X509_SERIAL_NUMBER_INVALID`; what the key throws
 */
export async function createSelfSignedCertificate(
  request: NewCertificate & { readonly key: SigningKey; readonly profile?: CertificateProfile },
): Promise<Uint8Array> {
  const { key, profile = 'codeSigning' } = request
  const name = distinguishedName(request.subject)
  const authorityKeyId = keyIdentifier(key.publicKey)
  const der = await signCertificate(request, profile, key.publicKey, { name, authorityKeyId, key })
  refuseUnissued(new X509Certificate(der), der)
  return der
}

/**
 * Issues a certificate under another one.
 *
 * @param request.publicKey DER-encoded SubjectPublicKeyInfo of the subject
 * @returns DER
 * @throws SigningError `X509_ISSUER_INVALID` when the issuer's certificate is no CA's or is for another key, and as
 *   `createSelfSignedCertificate`; `X509_PUBLIC_KEY_MALFORMED`, `X509_MALFORMED`
 */
export async function issueCertificate(
  request: NewCertificate & {
    readonly issuer: { readonly certificate: Uint8Array; readonly key: SigningKey }
    readonly publicKey: Uint8Array
    readonly profile: CertificateProfile
  },
): Promise<Uint8Array> {
  const { issuer, publicKey, profile } = request
  const facts = readCertificate(issuer.certificate)
  const certificate = new X509Certificate(issuer.certificate)
  if (!certificate.ca || !Buffer.from(facts.publicKey).equals(issuer.key.publicKey)) {
    throw new SigningError(
      'X509_ISSUER_INVALID',
      `The certificate ${facts.subject} cannot issue others: it must be a CA's, and for the key that signs.`,
    )
  }
  refuseMalformedKey(publicKey)
  const { tbsCertificate } = AsnConvert.parse(issuer.certificate, Certificate)
  const der = await signCertificate(request, profile, publicKey, {
    name: tbsCertificate.subject,
    authorityKeyId: subjectKeyIdentifier(tbsCertificate) ?? keyIdentifier(issuer.key.publicKey),
    key: issuer.key,
  })
  refuseUnissued(certificate, der)
  return der
}

interface Authority {
  readonly name: Name
  readonly authorityKeyId: ArrayBuffer
  readonly key: SigningKey
}

async function signCertificate(
  request: NewCertificate,
  profile: CertificateProfile,
  publicKey: Uint8Array,
  authority: Authority,
): Promise<Uint8Array> {
  const { hash, identifier } = certificateSignatureAlgorithms[authority.key.algorithm]
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(request.serialNumber),
    signature: identifier,
    issuer: authority.name,
    validity: validity(request.notBefore, request.notAfter),
    subject: distinguishedName(request.subject),
    subjectPublicKeyInfo: AsnConvert.parse(publicKey, SubjectPublicKeyInfo),
    extensions: extensions(profile, keyIdentifier(publicKey), authority.authorityKeyId),
  })
  const toBeSigned = Buffer.from(AsnConvert.serialize(tbsCertificate))
  const signature = await authority.key.sign(hash, createHash(hash).update(toBeSigned).digest())
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: identifier,
    signatureValue: arrayBuffer(signature),
  })
  return new Uint8Array(AsnConvert.serialize(certificate))
}

function extensions(profile: CertificateProfile, subjectKeyId: ArrayBuffer, authorityKeyId: ArrayBuffer): Extensions {
  const extension = (extnID: string, critical: boolean, value: unknown) =>
    new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
  const usage = profile === 'ca' ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : KeyUsageFlags.digitalSignature
  const extended = extendedKeyUsages[profile]
  return new Extensions([
    extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: profile === 'ca' })),
    extension(id_ce_keyUsage, true, new KeyUsage(usage)),
    ...(extended === undefined
      ? []
      : [extension(id_ce_extKeyUsage, profile === 'timeStamping', new ExtendedKeyUsage([extended]))]),
    extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(subjectKeyId)),
    extension(
      id_ce_authorityKeyIdentifier,
      false,
      new AuthorityKeyIdentifier({ keyIdentifier: new SubjectKeyIdentifier(authorityKeyId) }),
    ),
  ])
}

/** RFC 5280 §4.2.1.12. */
const extendedKeyUsages: Readonly<Record<CertificateProfile, string | undefined>> = {
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  ca: undefined,
}

/** SHA-1 of the key's bits, method 1 of RFC 5280 §4.2.1.2: a name for the key, which nothing relies on. */
function keyIdentifier(publicKey: Uint8Array): ArrayBuffer {
  const { subjectPublicKey } = AsnConvert.parse(publicKey, SubjectPublicKeyInfo)
  return arrayBuffer(createHash('sha1').update(new Uint8Array(subjectPublicKey)).digest())
}

function subjectKeyIdentifier(certificate: TBSCertificate): ArrayBuffer | undefined {
  const extension = certificate.extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier)
  return extension && AsnConvert.parse(extension.extnValue, SubjectKeyIdentifier).buffer
}

function validity(notBefore: Date, notAfter: Date): Validity {
  const inRange = (date: Date) => date.getUTCFullYear() >= 1950 && date.getUTCFullYear() <= 9999
  if (!inRange(notBefore) || !inRange(notAfter) || notAfter <= notBefore) {
    throw new SigningError(
      'X509_VALIDITY_INVALID',
      'A certificate must end after it begins, and both between the years 1950 and 9999.',
    )
  }
  return new Validity({ notBefore, notAfter })
}

function serialNumber(given: string | undefined): ArrayBuffer {
  if (given === undefined) {
    const random = randomBytes(16)
    random[0] = ((random[0] ?? 0) & 0x3f) | 0x40
    return arrayBuffer(random)
  }
  const digits = given.length % 2 === 0 ? given : `0${given}`
  const octets = Buffer.from(digits, 'hex')
  const start = octets.findIndex((octet) => octet !== 0)
  const significant = start < 0 ? Buffer.alloc(0) : octets.subarray(start)
  const signed = (significant[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), significant]) : significant
  if (!/^[0-9a-f]+$/i.test(given) || signed.length === 0 || signed.length > 20) {
    throw new SigningError(
      'X509_SERIAL_NUMBER_INVALID',
      'A serial number is hexadecimal, greater than zero, and at most 20 octets long.',
    )
  }
  return arrayBuffer(signed)
}

function refuseMalformedKey(publicKey: Uint8Array): void {
  try {
    createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  } catch (cause) {
    throw new SigningError('X509_PUBLIC_KEY_MALFORMED', 'The public key is not a DER-encoded SubjectPublicKeyInfo.', {
      cause,
    })
  }
}

/** What leaves is checked: names and signature of the new certificate against its issuer. */
function refuseUnissued(issuer: X509Certificate, der: Uint8Array): void {
  readCertificate(der)
  if (!hasIssued(issuer, new X509Certificate(der))) {
    throw new SigningError(
      'X509_SIGNATURE_FAULTY',
      'The new certificate does not verify with the key that signed it; it was thrown away.',
    )
  }
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
