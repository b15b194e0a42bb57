import { keyUsages, readBasicConstraints, readExtendedKeyUsages, readKeyUsage } from './certificate-extensions.ts'
import { type CertificateFields, subjectOf } from './certificate-fields.ts'
import { isIssuedBy, isSame } from './certificate-path.ts'
import { hasStrongKey, isStronglySigned } from './certificate-strength.ts'
import { type CertificatePurpose, understoodExtensions } from './certificate-usage.ts'
import { objectIdentifiers } from './object-identifiers.ts'

/** What the path of a foreign certificate is asked to prove. */
export interface ForeignPathRequest {
  readonly leaf: CertificateFields
  /** Certificates that the path may use. */
  readonly embedded: readonly CertificateFields[]
  /** Where the path must end. */
  readonly anchors: readonly CertificateFields[]
  /** When every certificate of the path must be valid. */
  readonly at: Date
  readonly purpose: CertificatePurpose
}

/** What was found of a path. */
export interface ForeignPathVerdict {
  /** Why there is no valid one, as the end of a sentence; `undefined` when there is. */
  readonly fault: string | undefined
  /** What is weak about it, a sentence for each. */
  readonly weaknesses: readonly string[]
}

const maximumLength = 10
const maximumChecks = 60
const code = 'unread'

/**
 * Looks for a valid path from a certificate to a trusted one as OpenSSL judges it, so that paths are accepted with SHA-1 in them, with short keys
 * and with roots that are not marked as authorities: those are named as weak. Policies, name constraints and
 * revocation are not looked at.
 */
export function judgePath(request: ForeignPathRequest): ForeignPathVerdict {
  const { leaf, purpose } = request
  const usage = leafFault(leaf, purpose)
  if (usage !== undefined) return { fault: `its certificate ${usage}`, weaknesses: [] }
  const search: Search = { request, checks: maximumChecks, fault: undefined }
  const path = extend(search, [leaf])
  return path === undefined
    ? { fault: search.fault ?? `the certificate "${subjectOf(leaf)}" leads to no trusted one`, weaknesses: [] }
    : { fault: undefined, weaknesses: weaknessesOf(path) }
}

interface Search {
  readonly request: ForeignPathRequest
  checks: number
  /** Of the first path that led to a trusted certificate and is not valid. */
  fault: string | undefined
}

type Path = readonly [CertificateFields, ...CertificateFields[]]

function extend(search: Search, path: Path): Path | undefined {
  const { anchors, embedded } = search.request
  const last = path.at(-1) ?? path[0]
  if (anchors.some((anchor) => isSame(anchor, last))) {
    const fault = pathFault(path, search.request)
    if (fault === undefined) return path
    search.fault ??= fault
  }
  if (path.length === maximumLength || Buffer.compare(last.issuer, last.subject) === 0) return undefined
  for (const issuer of [...anchors, ...embedded]) {
    const isCandidate = Buffer.compare(last.issuer, issuer.subject) === 0 && !path.some((used) => isSame(used, issuer))
    if (!isCandidate || search.checks-- <= 0 || !isIssuedBy(last, issuer)) continue
    const complete = extend(search, [...path, issuer])
    if (complete !== undefined) return complete
  }
  return undefined
}

function pathFault(path: Path, { at }: ForeignPathRequest): string | undefined {
  for (const [depth, certificate] of path.entries()) {
    const fault = certificateFault(certificate, { depth, isLast: depth === path.length - 1, at })
    if (fault !== undefined) return `the certificate "${subjectOf(certificate)}" ${fault}`
  }
  return undefined
}

function certificateFault(
  certificate: CertificateFields,
  { depth, isLast, at }: { readonly depth: number; readonly isLast: boolean; readonly at: Date },
): string | undefined {
  const { notBefore, notAfter, extensions } = certificate
  if (at < notBefore || at > notAfter)
    return `is valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}, but was needed at ${at.toISOString()}`
  const unknown = [...extensions].find(([identifier, { critical }]) => critical && !understood(identifier))
  if (unknown !== undefined) return `has the critical extension ${unknown[0]}, which is not understood`
  if (depth === 0) return undefined
  return readable(() => {
    const { isAuthority, pathLength } = readBasicConstraints(certificate, code)
    if (!isAuthority && !(isLast && !extensions.has(objectIdentifiers.basicConstraints)))
      return 'issued a certificate, but is not marked as an authority'
    const usage = readKeyUsage(certificate, code)
    if (usage !== undefined && (usage & keyUsages.keyCertSign) === 0)
      return 'issued a certificate, but its key usage does not allow that'
    if (pathLength !== undefined && depth - 1 > pathLength) return `allows ${pathLength} authorities below it`
    return undefined
  })
}

/** Name constraints are not judged: authorities use them, and OpenSSL understands them. */
function understood(identifier: string): boolean {
  return understoodExtensions.has(identifier) || identifier === '2.5.29.30' || identifier === '2.5.29.36'
}

function leafFault(leaf: CertificateFields, purpose: CertificatePurpose): string | undefined {
  return readable(() => {
    const { usages } = readExtendedKeyUsages(leaf, code)
    if (usages === undefined ? purpose === objectIdentifiers.codeSigning : usages.includes(purpose)) return undefined
    return purpose === objectIdentifiers.codeSigning ? 'is not for signing code' : 'is not for time-stamping'
  })
}

function readable(read: () => string | undefined): string | undefined {
  try {
    return read()
  } catch {
    return 'has extensions that cannot be read'
  }
}

/** Trust in the last certificate does not rest on its signature. */
function weaknessesOf(path: Path): readonly string[] {
  return path.flatMap((certificate, depth) => {
    const name = `The certificate "${subjectOf(certificate)}"`
    const isStrong = depth === path.length - 1 || isStronglySignedOrUnread(certificate)
    return [
      ...(isStrong ? [] : [`${name} was signed with SHA-1, MD5 or another algorithm that is not taken any more.`]),
      ...(hasStrongKey(certificate) ? [] : [`${name} has a weak key.`]),
    ]
  })
}

function isStronglySignedOrUnread(certificate: CertificateFields): boolean {
  try {
    return isStronglySigned(certificate, code)
  } catch {
    return false
  }
}
