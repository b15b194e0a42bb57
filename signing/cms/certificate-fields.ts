import { type KeyObject, X509Certificate } from 'node:crypto'
import { DerReader } from './der-reader.ts'

/** An extension of a certificate (RFC 5280 §4.2). */
export interface CertificateExtension {
  readonly critical: boolean
  /** The content of `extnValue`: the DER encoding of the extension. */
  readonly value: Uint8Array
}

/** The fields of a certificate that signature formats need, as views of its encoding. */
export interface CertificateFields {
  /** The certificate itself, DER. */
  readonly encoded: Uint8Array
  /** AlgorithmIdentifier of its signature, a whole element. */
  readonly signatureAlgorithm: Uint8Array
  /** Content octets of the serial number. */
  readonly serialNumber: Uint8Array
  /** Issuer and subject, each a whole Name element. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  /** SubjectPublicKeyInfo, a whole element. */
  readonly publicKey: Uint8Array
  /** By object identifier. */
  readonly extensions: ReadonlyMap<string, CertificateExtension>
  /**
   * The certificate as OpenSSL reads it, opened on first use; `undefined` when it cannot read it, or not as the same
   * bytes.
   */
  opened(): OpenedCertificate | undefined
}

/** A certificate in the hands of OpenSSL. */
export interface OpenedCertificate {
  readonly x509: X509Certificate
  /** `undefined` when OpenSSL cannot read it or does not know its algorithm. */
  readonly key: KeyObject | undefined
}

/**
 * Reads an X.509 certificate (RFC 5280 §4.1).
 *
 * @param code the code of the `SigningError` that malformed encodings get
 */
export function readCertificateFields(encoded: Uint8Array, code: string): CertificateFields {
  const outer = new DerReader(encoded, code)
  const certificate = outer.enter(0x30, 'the certificate')
  outer.end('the certificate')
  const body = certificate.enter(0x30, 'the certificate body')
  const signatureAlgorithm = certificate.take(0x30, 'the signature algorithm of the certificate').encoded
  certificate.bitString('the signature of the certificate')
  certificate.end('the certificate')

  body.takeOptional(0xa0, 'the certificate version')
  const serialNumber = body.integer('the serial number of the certificate')
  const inner = body.take(0x30, 'the inner signature algorithm of the certificate')
  if (Buffer.compare(inner.encoded, signatureAlgorithm) !== 0)
    throw body.fault('the certificate names two signature algorithms that are not the same')
  const issuer = body.take(0x30, 'the issuer of the certificate').encoded
  const validity = body.enter(0x30, 'the validity of the certificate')
  const notBefore = validity.wholeSecondsTime('notBefore of the certificate')
  const notAfter = validity.wholeSecondsTime('notAfter of the certificate')
  validity.end('the validity of the certificate')
  const subject = body.take(0x30, 'the subject of the certificate').encoded
  const publicKey = body.take(0x30, 'the public key of the certificate').encoded
  body.takeOptional(0x81, 'issuerUniqueID of the certificate')
  body.takeOptional(0x82, 'subjectUniqueID of the certificate')
  const extensions = new Map<string, CertificateExtension>()
  if (body.nextIs(0xa3)) {
    const explicit = body.enter(0xa3, 'the extensions of the certificate')
    const list = explicit.enter(0x30, 'the extensions of the certificate')
    explicit.end('the extensions of the certificate')
    while (list.hasMore()) {
      const extension = list.enter(0x30, 'an extension of the certificate')
      const identifier = extension.objectIdentifier('the identifier of an extension')
      const critical = extension.nextIs(0x01) && extension.boolean(`critical of extension ${identifier}`)
      const value = extension.take(0x04, `the value of extension ${identifier}`).content
      extension.end(`extension ${identifier}`)
      if (extensions.has(identifier)) throw list.fault(`extension ${identifier} occurs twice`)
      extensions.set(identifier, { critical, value })
    }
  }
  body.end('the certificate body')
  let opened: OpenedCertificate | undefined | 'not yet' = 'not yet'
  return {
    encoded,
    signatureAlgorithm,
    serialNumber,
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey,
    extensions,
    opened() {
      if (opened === 'not yet') opened = open(encoded)
      return opened
    },
  }
}

/** The subject as people read it, for messages and results: `CN=…, O=…`. */
export function subjectOf(certificate: CertificateFields): string {
  const opened = certificate.opened()
  if (opened === undefined) return '(unreadable)'
  // Node has none for a Name without parts, whatever its types say.
  const subject = opened.x509.subject as string | undefined
  return subject?.split('\n').join(', ') ?? '(no name)'
}

function open(encoded: Uint8Array): OpenedCertificate | undefined {
  try {
    const x509 = new X509Certificate(encoded)
    return Buffer.compare(x509.raw, encoded) === 0 ? { x509, key: keyOf(x509) } : undefined
  } catch {
    return undefined
  }
}

function keyOf(x509: X509Certificate): KeyObject | undefined {
  try {
    return x509.publicKey
  } catch {
    return undefined
  }
}
