import {
  type CertificateFields,
  type ForeignSignedData,
  type ForeignSigner,
  isIssuedBy,
  isSame,
  issuersOf,
  readCertificateFields,
} from '../cms/index.ts'
import { encodedNameText } from '../x509/index.ts'

/**
 * What travels with SignedData and is in no path of its signers, which the embedded certificates lead up as far as they
 * go: other certificates, roots that their own keys did not sign, attribute certificates, revocation lists, parameters of algorithms.
 */
export function uncoveredParts(
  signedData: ForeignSignedData,
  embedded: readonly CertificateFields[],
  signers: readonly (CertificateFields | undefined)[],
): readonly string[] {
  const paths = signers
    .flatMap((signer) => (signer === undefined ? [] : issuersOf(signer, embedded)))
    .filter(isSoundRoot)
  const unreadable = signedData.certificates.length - embedded.length
  return [
    ...embedded
      .filter((certificate) => !paths.some((covered) => isSame(covered, certificate)))
      .map(({ subject }) => `the certificate "${nameText(subject)}"`),
    ...(unreadable > 0 ? [`${unreadable} certificates that cannot be read`] : []),
    ...(signedData.hasAttributeCertificates ? ['attribute certificates'] : []),
    ...(signedData.hasRevocationLists ? ['revocation lists'] : []),
    ...signedData.uncovered,
  ]
}

/** Whether a root is what its own key signed; any other certificate is taken. */
function isSoundRoot(certificate: CertificateFields): boolean {
  return Buffer.compare(certificate.issuer, certificate.subject) !== 0 || isIssuedBy(certificate, certificate)
}

/** What an unsigned attribute is called among what nothing covers. */
export function unsignedAttribute({ type }: { readonly type: string }): string {
  return `the unsigned attribute ${type}`
}

/** Of embedded certificates those that can be read. */
export function readableCertificates(certificates: readonly Uint8Array[]): readonly CertificateFields[] {
  return certificates.flatMap((certificate) => {
    try {
      return [readCertificateFields(certificate, 'AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED')]
    } catch {
      return []
    }
  })
}

/** A Name as people read it. */
export function nameText(name: Uint8Array): string {
  if (name.length > nameLimit) return `(a name of ${name.length} bytes)`
  return shortText(encodedNameText(name) ?? '(unreadable)')
}

/** Issuer and serial number of a signer's certificate as plans name them: as the signer states them, else as the certificate does. */
export function issuerText(
  { identifier }: Pick<ForeignSigner, 'identifier'>,
  certificate: CertificateFields | undefined,
): { readonly issuer: string | null; readonly serialNumber: string | null } {
  const named = identifier.kind === 'issuerAndSerialNumber' ? identifier : certificate
  return named === undefined
    ? { issuer: null, serialNumber: null }
    : { issuer: nameText(named.issuer), serialNumber: serialText(named.serialNumber) }
}

/** A serial number in hexadecimal, without the octet that DER puts in front of some. */
export function serialText(serialNumber: Uint8Array): string {
  const text = Buffer.from(serialNumber).toString('hex')
  return shortText(text.replace(/^(?:00)+(?=..)/, ''))
}

/** Of an encoded name, in bytes: no authority issues longer ones, and reading those takes long. */
const nameLimit = 4096
const textLimit = 300
const listLimit = 20

/** Texts come from whoever made the signature, and stand in plans: whole characters, and not many. */
export function shortText(text: string): string {
  const whole = text.toWellFormed()
  return whole.length > textLimit ? `${whole.slice(0, textLimit).toWellFormed()}…` : whole
}

/** At most twenty texts; of more, how many there are. */
export function shortList(texts: readonly string[]): readonly string[] {
  if (texts.length <= listLimit) return texts
  return [...texts.slice(0, listLimit - 1), `${texts.length - listLimit + 1} more`]
}
