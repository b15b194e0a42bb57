import { createHash, X509Certificate } from 'node:crypto'
import type { CertificateDetails, ContinuityFinding, Restrictions } from '../documents/certificates.ts'
import { readableTime } from './quantities.ts'
import { runningRequestFields } from './running-requests-text.ts'
import { type Cell, fieldList, type Marker, statusCell, table } from './table.ts'

/** Everything about a certificate but its history. */
export function certificateText(certificate: CertificateDetails, marker: Marker): string {
  const { key, renews, identity, enrolmentFailure, notBefore, notAfter, signingPolicies } = certificate
  const fields: (readonly [string, Cell | null])[] = [
    ['certificate', certificate.certificateId],
    ['name', certificate.name],
    ['status', statusCell(certificate.status)],
    ['comes from', originText(certificate)],
    ['waits for', enrolmentFailure && `${enrolmentFailure.code}: ${enrolmentFailure.message}`],
    ['renewal', renewalText(certificate)],
    ['succeeds', renews && `${renews.name} (${renews.certificateId})`],
    ['key', key && `${key.algorithm.replaceAll('_', '-')} in ${key.keyStore} (${key.keyId})${exposedText(key)}`],
    ['subject', certificate.subject],
    ['also', namesText(certificate)],
    ['issuer', certificate.issuer],
    ['serial number', certificate.serialNumber],
    ['valid', notBefore && notAfter && `${readableTime(notBefore)} to ${readableTime(notAfter)}`],
    [certificate.openPgpKey === null ? 'SHA-256' : 'fingerprint', certificate.thumbprint],
    ['SHA-1', certificate.thumbprintSha1],
    ...certificate.chain.slice(1).map((der) => ['chain', authorityText(der)] as const),
    ['ClickOnce token', identity?.publicKeyToken ?? null],
    ['APPX publisher', identity?.appxPublisher ?? null],
    ['restricted to', restrictionsText(certificate.restrictions)],
    ['used by', signingPolicies.map(({ slug, project }) => `${project?.slug ?? '?'}/${slug}`).join(', ') || null],
    ...runningRequestFields(certificate.runningRequests),
  ]
  return fieldList(fields, marker)
}

/** What differs between two certificates, the gravest first. */
export function continuityText(findings: readonly ContinuityFinding[], marker: Marker): string {
  if (findings.length === 0) return 'Nothing that updaters, installers or platforms compare differs.\n'
  const rank = { alarm: 0, warning: 1, notice: 2 }
  const rows = findings
    .toSorted((a, b) => rank[a.severity] - rank[b.severity])
    .map(({ severity, aspect, before, after, effect }): Cell[] => [
      { text: severity, mark: severity === 'notice' ? 'faint' : 'bad' },
      aspect,
      before,
      after,
      effect,
    ])
  return table(['severity', 'what', 'before', 'after', 'effect'], rows, marker)
}

/** A certificate of an authority: whose, until when, and its SHA-256 by which it can be found. */
function authorityText(der: string): string {
  const bytes = Buffer.from(der, 'base64')
  const digest = `SHA-256 ${createHash('sha256').update(bytes).digest('hex')}`
  try {
    const { subject, validToDate } = new X509Certificate(bytes)
    return `${subject.split('\n').toReversed().join(',')}, until ${readableTime(validToDate.toISOString())}, ${digest}`
  } catch {
    // A kind of certificate that this machine's OpenSSL does not read.
    return digest
  }
}

function exposedText({ potentiallyExposed }: { readonly potentiallyExposed: boolean }): string {
  return potentiallyExposed ? ', potentially exposed' : ''
}

function originText({ kind, enrolment }: CertificateDetails): string {
  if (kind === 'openPgp') return 'itself (OpenPGP key)'
  if (kind === 'imported') return 'a PKCS #12 file, with its key'
  if (enrolment === null) return kind === 'selfSigned' ? 'itself (self-signed)' : kind
  return enrolment.by === 'est' ? `the EST server ${enrolment.server}` : 'an authority, by upload'
}

function renewalText({ renewalRequested, signingRequest, renewBeforeHours }: CertificateDetails): string | null {
  if (renewalRequested) return signingRequest === null ? 'under way' : 'its request waits for the authority'
  if (renewBeforeHours === null) return null
  return `by itself, ${renewBeforeHours % 24 === 0 ? `${renewBeforeHours / 24} days` : `${renewBeforeHours} hours`} before its end`
}

function namesText({ alternativeNames }: CertificateDetails): string | null {
  return alternativeNames.map(({ kind, value }) => `${kind} ${value}`).join(', ') || null
}

function restrictionsText({ minimumApprovals, originVerification, timestamp }: Restrictions): string | null {
  const demands = [
    ...(minimumApprovals > 0 ? [`${minimumApprovals} approvals`] : []),
    ...(originVerification ? ['verified origin'] : []),
    ...(timestamp ? ['time-stamp'] : []),
  ]
  return demands.length === 0 ? null : `policies that demand ${demands.join(', ')}`
}
