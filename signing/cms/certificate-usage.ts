import { SigningError } from '../signing-error.ts'
import { keyUsages, readBasicConstraints, readExtendedKeyUsages, readKeyUsage } from './certificate-extensions.ts'
import { type CertificateFields, subjectOf } from './certificate-fields.ts'
import { hasStrongKey, isStronglySigned } from './certificate-strength.ts'
import { objectIdentifiers } from './object-identifiers.ts'
import type { ErrorArea } from './parse-signed-data.ts'

/** What a path of certificates is for. */
export type CertificatePurpose = typeof objectIdentifiers.codeSigning | typeof objectIdentifiers.timeStamping

/** The extensions that may be critical (RFC 5280 §4.2); of certificate policies every one is accepted. */
export const understoodExtensions: ReadonlySet<string> = new Set([
  objectIdentifiers.keyUsage,
  objectIdentifiers.basicConstraints,
  objectIdentifiers.extendedKeyUsage,
  objectIdentifiers.subjectAlternativeName,
  objectIdentifiers.certificatePolicies,
])

const anyUsage = objectIdentifiers.anyExtendedKeyUsage

/**
 * Every certificate of a path must be valid at a time and have no critical extension that is not understood.
 *
 * @throws SigningError `<area>_CERTIFICATE_EXPIRED`, `<area>_CERTIFICATE_UNSUITABLE`
 */
export function assertValidAt(certificate: CertificateFields, at: Date, area: ErrorArea): void {
  if (at < certificate.notBefore || at > certificate.notAfter)
    throw new SigningError(
      `${area}_CERTIFICATE_EXPIRED`,
      `The certificate "${subjectOf(certificate)}" is valid from ${certificate.notBefore.toISOString()} to ` +
        `${certificate.notAfter.toISOString()}, but was needed at ${at.toISOString()}.`,
    )
  for (const [identifier, extension] of certificate.extensions)
    if (extension.critical && !understoodExtensions.has(identifier))
      throw unsuitable(certificate, area, `has the critical extension ${identifier}, which is not understood`)
}

/**
 * Refuses a certificate on whose signature trust rests, and which was not signed with SHA-2.
 *
 * @throws SigningError `<area>_CERTIFICATE_UNSUITABLE`, `<area>_MALFORMED`
 */
export function assertStronglySigned(certificate: CertificateFields, area: ErrorArea): void {
  if (!isStronglySigned(certificate, `${area}_MALFORMED`))
    throw unsuitable(
      certificate,
      area,
      'was signed with MD5, SHA-1 or another algorithm that is not taken; SHA-2 is needed',
    )
}

/**
 * An issuer must be marked as an authority, and may by its key usage issue certificates, by its path length as many
 * authorities below it, and by its extended key usage, where it has one, certificates of the purpose: Windows takes it as a
 * limit of all that is issued under it.
 *
 * @param place.below how many authorities stand between it and the leaf
 * @throws SigningError `<area>_CERTIFICATE_UNSUITABLE`, `<area>_MALFORMED`
 */
export function assertMayIssue(
  certificate: CertificateFields,
  { below, purpose, area }: { readonly below: number; readonly purpose: CertificatePurpose; readonly area: ErrorArea },
): void {
  const keyUsage = readKeyUsage(certificate, `${area}_MALFORMED`)
  if (keyUsage !== undefined && (keyUsage & keyUsages.keyCertSign) === 0)
    throw unsuitable(certificate, area, 'issued a certificate, but its key usage does not allow that')
  const { usages } = readExtendedKeyUsages(certificate, `${area}_MALFORMED`)
  if (usages !== undefined && !usages.includes(purpose) && !usages.includes(anyUsage))
    throw unsuitable(certificate, area, `issued a certificate, but its extended key usage lacks ${purpose}`)
  if (!hasStrongKey(certificate))
    throw unsuitable(certificate, area, 'issued a certificate with a weak key; RSA of 2048 bits or P-256 is the least')
  const constraints = readBasicConstraints(certificate, `${area}_MALFORMED`)
  if (!constraints.isAuthority)
    throw unsuitable(certificate, area, 'issued a certificate, but is not marked as an authority')
  if (constraints.pathLength !== undefined && below > constraints.pathLength)
    throw unsuitable(certificate, area, `allows ${constraints.pathLength} authorities below it, but has ${below}`)
}

/**
 * Code signing: digital signatures are allowed. Time-stamping: these or content commitment, which ETSI EN 319 422 allows
 * authorities to have instead, and nothing besides, since OpenSSL and osslsigncode refuse tokens of other keys.
 *
 * @throws SigningError `<area>_CERTIFICATE_UNSUITABLE`, `<area>_MALFORMED`
 */
export function assertLeafKeyUsage(leaf: CertificateFields, purpose: CertificatePurpose, area: ErrorArea): void {
  const keyUsage = readKeyUsage(leaf, `${area}_MALFORMED`)
  if (keyUsage === undefined) return
  const { digitalSignature, contentCommitment } = keyUsages
  const allowed = purpose === objectIdentifiers.timeStamping ? digitalSignature | contentCommitment : digitalSignature
  if ((keyUsage & allowed) === 0) throw unsuitable(leaf, area, 'must allow digital signatures in its key usage')
  if (purpose === objectIdentifiers.timeStamping && (keyUsage & ~allowed) !== 0)
    throw unsuitable(leaf, area, 'must allow nothing but digital signatures and content commitment in its key usage')
}

/**
 * Code signing: no extended key usage allows every use. Time-stamping: exactly that use, critical (RFC 3161 §2.3).
 *
 * @throws SigningError `<area>_CERTIFICATE_UNSUITABLE`, `<area>_MALFORMED`
 */
export function assertLeafUsage(leaf: CertificateFields, purpose: CertificatePurpose, area: ErrorArea): void {
  const { usages, critical } = readExtendedKeyUsages(leaf, `${area}_MALFORMED`)
  if (purpose === objectIdentifiers.timeStamping) {
    if (!critical || usages?.length !== 1 || usages[0] !== purpose)
      throw unsuitable(leaf, area, 'must have time-stamping as its only extended key usage, marked critical')
  } else if (usages !== undefined && !usages.some((usage) => usage === purpose || usage === anyUsage)) {
    throw unsuitable(leaf, area, 'must allow code signing in its extended key usage')
  }
}

function unsuitable(certificate: CertificateFields, area: ErrorArea, why: string): SigningError {
  return new SigningError(`${area}_CERTIFICATE_UNSUITABLE`, `The certificate "${subjectOf(certificate)}" ${why}.`)
}
