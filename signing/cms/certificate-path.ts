import { SigningError } from '../signing-error.ts'
import { keyUsages, readBasicConstraints, readExtendedKeyUsages, readKeyUsage } from './certificate-extensions.ts'
import { type CertificateFields, readCertificateFields } from './certificate-fields.ts'
import { objectIdentifiers } from './object-identifiers.ts'
import type { ErrorArea } from './parse-signed-data.ts'

/**
 * Where a path must end.
 * - `anchors`: at one of these certificates, roots or not; nothing above an anchor matters.
 * - `embedded-root`: at a self-issued certificate among the embedded ones, whoever it is.
 * - `open`: as far as the embedded certificates lead.
 */
export type Trust =
  | { readonly kind: 'anchors'; readonly certificates: readonly CertificateFields[] }
  | { readonly kind: 'embedded-root' }
  | { readonly kind: 'open' }

/** What a path is asked to prove. */
export interface PathRequest {
  readonly leaf: CertificateFields
  /** Certificates that the path may use, the leaf possibly among them. */
  readonly embedded: readonly CertificateFields[]
  readonly trust: Trust
  /** When every certificate of the path must be valid. */
  readonly at: Date
  /** The extended key usage that the leaf must allow. */
  readonly purpose: typeof objectIdentifiers.codeSigning | typeof objectIdentifiers.timeStamping
  readonly area: ErrorArea
}

const maximumLength = 10
/** Bounds the search among hostile certificates that all seem to issue each other. */
const maximumSteps = 100

const understoodExtensions: ReadonlySet<string> = new Set([
  objectIdentifiers.keyUsage,
  objectIdentifiers.basicConstraints,
  objectIdentifiers.extendedKeyUsage,
  objectIdentifiers.subjectAlternativeName,
  objectIdentifiers.certificatePolicies,
])

/**
 * Finds and validates the path from a signer's certificate to where trust ends: names, signatures, validity, CA flag,
 * path length and key usage of every issuer, no critical extension that is not understood, and the leaf's extended key
 * usage (RFC 5280 §6.1, without policies, name constraints and revocation).
 *
 * @returns the path, leaf first
 * @throws SigningError `<area>_CHAIN_UNTRUSTED`, `<area>_CERTIFICATE_EXPIRED`, `<area>_CERTIFICATE_UNSUITABLE`,
 * `<area>_MALFORMED`
 */
export function validatePath(request: PathRequest): readonly CertificateFields[] {
  const { leaf, area } = request
  assertLeafUsage(request)
  const budget = { steps: maximumSteps }
  const path = extend([leaf], request, budget)
  if (path === undefined)
    throw new SigningError(
      `${area}_CHAIN_UNTRUSTED`,
      request.trust.kind === 'anchors'
        ? `The certificate "${subjectOf(leaf)}" does not lead to any of the trusted certificates.`
        : `The certificate "${subjectOf(leaf)}" does not lead to a root among the embedded certificates.`,
    )
  path.forEach((certificate, depth) => {
    assertValid(certificate, depth, request)
  })
  return path
}

/** The subject as people read it, for messages and results: `CN=…, O=…`. */
export function subjectOf(certificate: CertificateFields): string {
  return certificate.opened()?.x509.subject.split('\n').join(', ') ?? '(unreadable)'
}

function extend(
  path: readonly CertificateFields[],
  request: PathRequest,
  budget: { steps: number },
): readonly CertificateFields[] | undefined {
  const { trust, embedded } = request
  const last = path[path.length - 1]
  if (last === undefined || budget.steps-- <= 0) return undefined
  const anchors = trust.kind === 'anchors' ? trust.certificates : []
  if (anchors.some((anchor) => isSame(anchor, last))) return path
  if (isSelfIssued(last)) return trust.kind === 'anchors' || !isIssuedBy(last, last) ? undefined : path
  if (path.length === maximumLength) return undefined
  const candidates = [...anchors, ...embedded].filter(
    (candidate) => !path.some((used) => isSame(used, candidate)) && isIssuedBy(last, candidate),
  )
  for (const candidate of candidates) {
    const complete = extend([...path, candidate], request, budget)
    if (complete !== undefined) return complete
  }
  return trust.kind === 'open' && candidates.length === 0 ? path : undefined
}

/** Whether two certificates are the same bytes. */
export function isSame(one: CertificateFields, other: CertificateFields): boolean {
  return Buffer.compare(one.encoded, other.encoded) === 0
}

function isSelfIssued(certificate: CertificateFields): boolean {
  return Buffer.compare(certificate.issuer, certificate.subject) === 0
}

/** Whether the issuer has the name that the certificate gives, and its key made the certificate's signature. */
export function isIssuedBy(certificate: CertificateFields, issuer: CertificateFields): boolean {
  if (Buffer.compare(certificate.issuer, issuer.subject) !== 0) return false
  const [signed, signer] = [certificate.opened(), issuer.opened()]
  if (signed === undefined || signer?.key === undefined) return false
  try {
    return signed.x509.verify(signer.key)
  } catch {
    return false
  }
}

function assertValid(certificate: CertificateFields, depth: number, request: PathRequest): void {
  const { at, area } = request
  if (at < certificate.notBefore || at > certificate.notAfter)
    throw new SigningError(
      `${area}_CERTIFICATE_EXPIRED`,
      `The certificate "${subjectOf(certificate)}" is valid from ${certificate.notBefore.toISOString()} to ` +
        `${certificate.notAfter.toISOString()}, but was needed at ${at.toISOString()}.`,
    )
  for (const [identifier, extension] of certificate.extensions)
    if (extension.critical && !understoodExtensions.has(identifier))
      throw unsuitable(certificate, area, `has the critical extension ${identifier}, which is not understood`)
  const keyUsage = readKeyUsage(certificate, `${area}_MALFORMED`)
  if (depth === 0) {
    if (keyUsage !== undefined && (keyUsage & keyUsages.digitalSignature) === 0)
      throw unsuitable(certificate, area, 'must allow digital signatures in its key usage')
    return
  }
  if (keyUsage !== undefined && (keyUsage & keyUsages.keyCertSign) === 0)
    throw unsuitable(certificate, area, 'issued a certificate, but its key usage does not allow that')
  const constraints = readBasicConstraints(certificate, `${area}_MALFORMED`)
  if (!constraints.isAuthority)
    throw unsuitable(certificate, area, 'issued a certificate, but is not marked as an authority')
  if (constraints.pathLength !== undefined && depth - 1 > constraints.pathLength)
    throw unsuitable(certificate, area, `allows ${constraints.pathLength} authorities below it, but has ${depth - 1}`)
}

/**
 * Code signing: no extended key usage allows every use. Time-stamping: exactly that use, critical (RFC 3161 §2.3).
 */
function assertLeafUsage({ leaf, purpose, area }: PathRequest): void {
  const { critical, usages } = readExtendedKeyUsages(leaf, `${area}_MALFORMED`)
  if (purpose === objectIdentifiers.timeStamping) {
    if (!critical || usages?.length !== 1 || usages[0] !== purpose)
      throw unsuitable(leaf, area, 'must have time-stamping as its only extended key usage, marked critical')
  } else if (usages !== undefined && !usages.some((usage) => usage === purpose || usage === anyUsage)) {
    throw unsuitable(leaf, area, 'must allow code signing in its extended key usage')
  }
}

const anyUsage = objectIdentifiers.anyExtendedKeyUsage

function unsuitable(certificate: CertificateFields, area: ErrorArea, why: string): SigningError {
  return new SigningError(`${area}_CERTIFICATE_UNSUITABLE`, `The certificate "${subjectOf(certificate)}" ${why}.`)
}

/**
 * Of the certificates that travel with a signature those whose bytes nothing covers. What is covered is the path, where
 * each certificate's signature was checked or the caller trusts it; whatever has the same bytes as a trusted one; and other
 * certificates of the authorities in the path that one of these signed. A path that ends open, without a root, has
 * at its end a certificate whose signature nobody could check, unless it is the signer's own, which the signed attributes
 * of a time-stamp name by its digest.
 *
 * @param path as `validatePath` answers
 * @param trust as `validatePath` was given
 */
export function findUncovered(
  embedded: readonly CertificateFields[],
  path: readonly CertificateFields[],
  trust: Trust,
): readonly CertificateFields[] {
  const end = path.at(-1)
  const endsOpen = trust.kind === 'open' && path.length > 1 && end !== undefined && !isSelfIssued(end)
  const covered = trust.kind === 'anchors' ? [...path, ...trust.certificates] : endsOpen ? path.slice(0, -1) : path
  return embedded.filter(
    (certificate) =>
      !covered.some((each) => isSame(each, certificate)) &&
      !(
        path.some((issued) => isIssuedBy(issued, certificate)) &&
        covered.some((issuer) => isIssuedBy(certificate, issuer))
      ),
  )
}

/** Certificates that a caller trusts, from their DER encodings. */
export function readAnchors(
  certificates: readonly Uint8Array[],
  area: ErrorArea,
): Extract<Trust, { readonly kind: 'anchors' }> {
  return {
    kind: 'anchors',
    certificates: certificates.map((certificate) => readCertificateFields(certificate, `${area}_MALFORMED`)),
  }
}
