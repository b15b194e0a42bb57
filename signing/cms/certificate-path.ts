import { SigningError } from '../signing-error.ts'
import { type CertificateFields, readCertificateFields, subjectOf } from './certificate-fields.ts'
import {
  assertLeafKeyUsage,
  assertLeafUsage,
  assertMayIssue,
  assertStronglySigned,
  assertValidAt,
  type CertificatePurpose,
} from './certificate-usage.ts'
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
  readonly purpose: CertificatePurpose
  readonly area: ErrorArea
}

const maximumLength = 10
/**
 * How many signatures of certificates are checked in one search. A key can be made so that each check takes more than 10 ms,
 * and 32 certificates so that all seem to have issued each other. Real paths need fewer than ten.
 */
const maximumChecks = 40

/** How many checks of signatures are left. */
interface CheckBudget {
  checks: number
}

/**
 * Finds and validates the path from a signer's certificate to where trust ends: names, signatures and their algorithms,
 * validity, CA flag, path length, key usage and key size of every issuer, no critical extension that is not understood, and
 * the extended key usage of the leaf, and of issuers that have one, as Windows asks (RFC 5280 §6.1, without policies, name
 * constraints and revocation).
 *
 * @returns the path, leaf first
 * @throws SigningError `<area>_CHAIN_UNTRUSTED`, `<area>_CERTIFICATE_EXPIRED`, `<area>_CERTIFICATE_UNSUITABLE`,
 * `<area>_MALFORMED`
 */
export function validatePath(request: PathRequest): readonly CertificateFields[] {
  const { leaf, purpose, at, area } = request
  assertLeafUsage(leaf, purpose, area)
  const budget = { checks: maximumChecks }
  const path = extend([leaf], request, budget)
  if (path === undefined)
    throw new SigningError(
      `${area}_CHAIN_UNTRUSTED`,
      request.trust.kind === 'anchors'
        ? `The certificate "${subjectOf(leaf)}" does not lead to any of the trusted certificates.`
        : `The certificate "${subjectOf(leaf)}" does not lead to a root among the embedded certificates.`,
    )
  path.forEach((certificate, depth) => {
    assertValidAt(certificate, at, area)
    if (depth === 0) assertLeafKeyUsage(certificate, purpose, area)
    else assertMayIssue(certificate, { below: depth - 1, purpose, area })
    // Trust in the last one does not rest on its signature.
    if (depth < path.length - 1) assertStronglySigned(certificate, area)
  })
  return path
}

function extend(
  path: readonly CertificateFields[],
  request: PathRequest,
  budget: CheckBudget,
): readonly CertificateFields[] | undefined {
  const { trust, embedded } = request
  const last = path[path.length - 1]
  if (last === undefined) return undefined
  const anchors = trust.kind === 'anchors' ? trust.certificates : []
  if (anchors.some((anchor) => isSame(anchor, last))) return path
  if (isSelfIssued(last)) return trust.kind === 'anchors' || !isIssuedWithin(budget, last, last) ? undefined : path
  if (path.length === maximumLength) return undefined
  let isIssued = false
  for (const candidate of [...anchors, ...embedded]) {
    if (path.some((used) => isSame(used, candidate)) || !isIssuedWithin(budget, last, candidate)) continue
    isIssued = true
    const complete = extend([...path, candidate], request, budget)
    if (complete !== undefined) return complete
  }
  return trust.kind === 'open' && !isIssued && budget.checks > 0 ? path : undefined
}

/** As {@link isIssuedBy}; `false` when the budget is spent. Only certificates of the right name cost anything. */
function isIssuedWithin(budget: CheckBudget, certificate: CertificateFields, issuer: CertificateFields): boolean {
  if (!isNamedAsIssuer(certificate, issuer) || budget.checks <= 0) return false
  budget.checks--
  return isIssuedBy(certificate, issuer)
}

/** Whether two certificates are the same bytes. */
export function isSame(one: CertificateFields, other: CertificateFields): boolean {
  return Buffer.compare(one.encoded, other.encoded) === 0
}

function isSelfIssued(certificate: CertificateFields): boolean {
  return Buffer.compare(certificate.issuer, certificate.subject) === 0
}

function isNamedAsIssuer(certificate: CertificateFields, issuer: CertificateFields): boolean {
  return Buffer.compare(certificate.issuer, issuer.subject) === 0
}

/** Whether the issuer has the name that the certificate gives, and its key made the certificate's signature. */
export function isIssuedBy(certificate: CertificateFields, issuer: CertificateFields): boolean {
  return isNamedAsIssuer(certificate, issuer) && isSignedByKeyOf(certificate, issuer)
}

/** Whether the issuer's key made the certificate's signature, whatever the names say. */
export function isSignedByKeyOf(certificate: CertificateFields, issuer: CertificateFields): boolean {
  const [signed, signer] = [certificate.opened(), issuer.opened()]
  if (signed === undefined || signer?.key === undefined) return false
  try {
    return signed.x509.verify(signer.key)
  } catch {
    return false
  }
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
  const budget = { checks: maximumChecks }
  return embedded.filter(
    (certificate) =>
      !covered.some((each) => isSame(each, certificate)) &&
      !(
        path.some((issued) => isIssuedWithin(budget, issued, certificate)) &&
        covered.some((issuer) => isIssuedWithin(budget, certificate, issuer))
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
