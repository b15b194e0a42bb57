import { type CertificateFields, DerReader, type ErrorArea, objectIdentifiers } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'
import { encodedNameText } from '../x509/index.ts'

/** Tag of `directoryName` in GeneralName (RFC 5280 §4.2.1.6). */
const directoryName = 0xa4
const nameLimit = 64

/**
 * Holds the name of the authority that a token states (`tsa`, RFC 3161 §2.4.2) against the certificate that signed it: it must
 * be the subject, or one of its alternative names. OpenSSL refuses other names too.
 *
 * @param stated a GeneralName, whole
 * @throws SigningError `<area>_ATTRIBUTES_INVALID`, `<area>_MALFORMED`
 */
export function assertAuthorityName(stated: Uint8Array, certificate: CertificateFields, area: ErrorArea): void {
  const code = `${area}_MALFORMED`
  if (stated[0] === directoryName && isSameName(nameIn(stated, code), certificate.subject)) return
  if (alternativeNames(certificate, code).some((name) => isSameGeneralName(name, stated, code))) return
  throw new SigningError(
    `${area}_ATTRIBUTES_INVALID`,
    'The time-stamp names another authority (tsa) than the certificate that signed it.',
  )
}

function alternativeNames({ extensions }: CertificateFields, code: string): readonly Uint8Array[] {
  const extension = extensions.get(objectIdentifiers.subjectAlternativeName)
  if (extension === undefined) return []
  const names = new DerReader(extension.value, code).enter(0x30, 'the alternative names of a certificate')
  return names.rest(nameLimit, 'the alternative names of a certificate').map(({ encoded }) => encoded)
}

function isSameGeneralName(one: Uint8Array, other: Uint8Array, code: string): boolean {
  if (Buffer.compare(one, other) === 0) return true
  return one[0] === directoryName && other[0] === directoryName && isSameName(nameIn(one, code), nameIn(other, code))
}

function nameIn(generalName: Uint8Array, code: string): Uint8Array {
  return new DerReader(generalName, code).enter(directoryName, 'a directory name').take(0x30, 'a directory name')
    .encoded
}

/** Types of strings, case and white space do not tell names apart (RFC 5280 §7.1). */
function isSameName(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0 || comparable(one) === comparable(other)
}

function comparable(name: Uint8Array): string {
  return encodedNameText(name)?.replace(/\s+/g, ' ').toLowerCase() ?? Buffer.from(name).toString('hex')
}
