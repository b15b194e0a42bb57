import {
  type CertificateFields,
  hasStrongKey,
  isIssuedBy,
  isStronglySigned,
  keyUsages,
  objectIdentifiers,
  readBasicConstraints,
  readExtendedKeyUsages,
  readKeyUsage,
  understoodExtensions,
} from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'
import { readCertificate } from './certificate.ts'

const malformed = 'X509_MALFORMED'

/**
 * Checks a certificate that code is to be signed with.
 *
 * @throws SigningError `ISSUED_EXPIRED`, `ISSUED_NOT_YET_VALID`, `ISSUED_IS_AUTHORITY`, `ISSUED_KEY_USAGE`,
 *   `ISSUED_EXTENDED_KEY_USAGE`, `ISSUED_CRITICAL_EXTENSION`, `CHAIN_ALGORITHM_WEAK`, `X509_MALFORMED`
 */
export function checkLeaf(leaf: CertificateFields, at: Date): void {
  const name = nameOf(leaf)
  if (at > leaf.notAfter)
    throw new SigningError('ISSUED_EXPIRED', `The certificate ${name} expired at ${leaf.notAfter.toISOString()}.`)
  if (at < leaf.notBefore)
    throw new SigningError(
      'ISSUED_NOT_YET_VALID',
      `The certificate ${name} is valid from ${leaf.notBefore.toISOString()}; install it then.`,
    )
  if (readBasicConstraints(leaf, malformed).isAuthority)
    throw new SigningError('ISSUED_IS_AUTHORITY', `The certificate ${name} is an authority's and must not sign code.`)
  const usage = readKeyUsage(leaf, malformed)
  if (usage !== undefined && (usage & keyUsages.digitalSignature) === 0)
    throw new SigningError(
      'ISSUED_KEY_USAGE',
      `The key usage of the certificate ${name} does not allow digital signatures.`,
    )
  const { usages = [] } = readExtendedKeyUsages(leaf, malformed)
  if (!usages.includes(objectIdentifiers.codeSigning))
    throw new SigningError(
      'ISSUED_EXTENDED_KEY_USAGE',
      `The extended key usage of the certificate ${name} must name code signing (${objectIdentifiers.codeSigning}); it ${usages.length === 0 ? 'names nothing' : `names ${usages.join(', ')}`}.`,
    )
  refuseCritical(leaf, 'ISSUED_CRITICAL_EXTENSION')
  refuseWeakSignature(leaf)
}

/**
 * Checks a certificate as the issuer of another, whose signature is verified already.
 *
 * @param authoritiesBelow how many authorities are between it and the leaf, without those that issued to themselves
 * @throws SigningError `CHAIN_NOT_VALID`, `CHAIN_NOT_AUTHORITY`, `CHAIN_KEY_USAGE`, `CHAIN_PATH_LENGTH`,
 *   `CHAIN_EXTENDED_KEY_USAGE`, `CHAIN_CRITICAL_EXTENSION`, `CHAIN_ALGORITHM_WEAK`, `X509_MALFORMED`
 */
export function checkIssuer(
  issuer: CertificateFields,
  issued: CertificateFields,
  authoritiesBelow: number,
  at: Date,
): void {
  const name = nameOf(issuer)
  if (at > issuer.notAfter || at < issuer.notBefore)
    throw new SigningError(
      'CHAIN_NOT_VALID',
      `The certificate ${name} of the chain is valid from ${issuer.notBefore.toISOString()} to ${issuer.notAfter.toISOString()}, not at ${at.toISOString()}.`,
    )
  const { isAuthority, pathLength } = readBasicConstraints(issuer, malformed)
  if (!isAuthority)
    throw new SigningError(
      'CHAIN_NOT_AUTHORITY',
      `The certificate ${name} issued ${nameOf(issued)}, but its basic constraints do not make it an authority.`,
    )
  if (pathLength !== undefined && authoritiesBelow > pathLength)
    throw new SigningError(
      'CHAIN_PATH_LENGTH',
      `The certificate ${name} allows ${pathLength} authorities below it; there are ${authoritiesBelow}.`,
    )
  const usage = readKeyUsage(issuer, malformed)
  if (usage !== undefined && (usage & keyUsages.keyCertSign) === 0)
    throw new SigningError(
      'CHAIN_KEY_USAGE',
      `The key usage of the certificate ${name} does not allow to issue certificates.`,
    )
  // An authority's extended key usages limit those of what it issues: not in RFC 5280, but in every platform's verifier.
  const { usages } = readExtendedKeyUsages(issuer, malformed)
  if (
    usages !== undefined &&
    !usages.includes(objectIdentifiers.codeSigning) &&
    !usages.includes(objectIdentifiers.anyExtendedKeyUsage)
  )
    throw new SigningError(
      'CHAIN_EXTENDED_KEY_USAGE',
      `The certificate ${name} may not issue certificates for code signing: its extended key usage names ${usages.join(', ')}.`,
    )
  refuseCritical(issuer, 'CHAIN_CRITICAL_EXTENSION')
  refuseWeakKey(issuer)
  // Nobody relies on the signature of a root, which whoever trusts it has by other ways.
  if (!isIssuedBy(issuer, issuer)) refuseWeakSignature(issuer)
}

function refuseCritical(certificate: CertificateFields, code: string): void {
  for (const [identifier, { critical }] of certificate.extensions)
    if (critical && !understoodExtensions.has(identifier))
      throw new SigningError(
        code,
        `The certificate ${nameOf(certificate)} has the critical extension ${identifier}, which is not understood.`,
      )
}

function refuseWeakSignature(certificate: CertificateFields): void {
  if (isStronglySigned(certificate, malformed)) return
  throw weak(`The signature of the certificate ${nameOf(certificate)} is made with a weak algorithm; SHA-2 is needed`)
}

function refuseWeakKey(issuer: CertificateFields): void {
  if (hasStrongKey(issuer)) return
  throw weak(
    `The key of the certificate ${nameOf(issuer)} is too weak; RSA of 2048 bits, P-256, P-384, P-521, Ed25519 or more is needed`,
  )
}

function weak(problem: string): SigningError {
  return new SigningError('CHAIN_ALGORITHM_WEAK', `${problem}.`)
}

function nameOf({ encoded }: CertificateFields): string {
  return `"${readCertificate(encoded).subject.slice(0, 200)}"`
}
