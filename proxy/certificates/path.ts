import {
  hasStrongKey,
  isSame,
  isSignedByKeyOf,
  isStronglySigned,
  keyUsages,
  readBasicConstraints,
  readExtendedKeyUsages,
  readKeyUsage,
} from '../../signing/cms/index.ts'
import { type Certificate, malformedCertificate as code } from './certificate.ts'
import { forbiddenName } from './name-constraints.ts'
import { nameText } from './names.ts'
import { templateExtension, templateNameExtension } from './template.ts'

/** Where paths of nodes' certificates may lead, and how. */
export type PathRules = {
  /** Nothing above an anchor matters. */
  readonly anchors: readonly Certificate[]
  /** Authorities below the anchors that nodes need not send. */
  readonly intermediates: readonly Certificate[]
  /** How many authorities may stand between a node's certificate and the anchor. */
  readonly maximumIntermediates: number
}

/** A node's certificate, those of the authorities above it, and the anchor. */
export type CertificatePath = readonly [leaf: Certificate, ...authorities: Certificate[]]

/** Why there is no path, or why one is not taken. */
export type PathFault = { readonly reason: string; readonly detail: string }

/** Extended key usages (RFC 5280 §4.2.1.12). */
export const clientAuthentication = '1.3.6.1.5.5.7.3.2'
const anyUsage = '2.5.29.37.0'

/** Extensions that may be critical. Of policies every one is accepted; constraints of policies are not known here, and refuse. */
const understood: ReadonlySet<string> = new Set([
  '2.5.29.14',
  '2.5.29.15',
  '2.5.29.17',
  '2.5.29.19',
  '2.5.29.30',
  '2.5.29.31',
  '2.5.29.32',
  '2.5.29.35',
  '2.5.29.37',
  templateExtension,
  templateNameExtension,
])

/** Signatures that one search checks at the most: certificates can be made so that all seem to have issued each other. */
const mostChecks = 40
/** Paths that are looked at. Cross-signed authorities give a few. */
const mostPaths = 8

/**
 * Finds the paths from a certificate to an anchor, and holds each against what does not change with time: signatures and their
 * algorithms, keys, CA flag, path length, key usage, extended key usage of authorities that have one, names that authorities
 * constrain, and no critical extension that is not understood (RFC 5280 §6.1, without policies). Whether a path is valid now, and
 * nothing in it revoked, is for others to judge.
 *
 * @param sent what the node sent beside its own certificate
 * @throws SigningError `PROXY_CERTIFICATE_MALFORMED`
 */
export function findPaths(
  leaf: Certificate,
  sent: readonly Certificate[],
  rules: PathRules,
): { readonly paths: readonly CertificatePath[]; readonly fault: PathFault } {
  const search = { sent, rules, checks: mostChecks, found: [] as CertificatePath[] }
  extend([leaf], search)
  const paths: CertificatePath[] = []
  let fault: PathFault = {
    reason: 'chainUntrusted',
    detail: `the certificate leads to none of the trusted authorities; its issuer is ${nameText(leaf.issuerName)}`,
  }
  for (const path of search.found) {
    const wrong = faultOfPath(path)
    if (wrong === undefined) paths.push(path)
    else fault = wrong
  }
  return { paths, fault }
}

type Search = {
  readonly sent: readonly Certificate[]
  readonly rules: PathRules
  readonly found: CertificatePath[]
  checks: number
}

function extend(path: CertificatePath, search: Search): void {
  const { rules, sent, found } = search
  const last = path[path.length - 1] ?? path[0]
  for (const anchor of rules.anchors) if (isIssuedBy(last, anchor, search)) found.push([...path, anchor])
  // The node's certificate is none of them.
  if (path.length - 1 >= rules.maximumIntermediates) return
  for (const candidate of [...rules.intermediates, ...sent]) {
    if (found.length >= mostPaths) return
    if (path.some((used) => isSame(used, candidate))) continue
    if (rules.anchors.some((anchor) => isSame(anchor, candidate))) continue
    if (isIssuedBy(last, candidate, search)) extend([...path, candidate], search)
  }
}

function isIssuedBy(certificate: Certificate, issuer: Certificate, search: Search): boolean {
  if (certificate.comparableIssuer !== issuer.comparableSubject || isSame(certificate, issuer)) return false
  if (search.checks <= 0) return false
  search.checks -= 1
  return isSignedByKeyOf(certificate, issuer)
}

function faultOfPath(path: CertificatePath): PathFault | undefined {
  const [leaf, ...authorities] = path
  const fault = faultOfLeaf(leaf)
  if (fault !== undefined) return fault
  for (const certificate of path) {
    for (const [identifier, { critical }] of certificate.extensions)
      if (critical && !understood.has(identifier))
        return unsuitable(certificate, `has the critical extension ${identifier}, which is not understood`)
    // Trust in the anchor does not rest on its signature.
    if (certificate !== path.at(-1) && !isStronglySigned(certificate, code))
      return unsuitable(certificate, 'is not signed with SHA-2')
    if (!hasStrongKey(certificate)) return unsuitable(certificate, 'has a weak key, or one of an unknown kind')
  }
  for (const [index, authority] of authorities.entries()) {
    const below = path.slice(0, index + 1)
    const wrong = faultOfAuthority(authority, below)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function faultOfLeaf(leaf: Certificate): PathFault | undefined {
  if (readBasicConstraints(leaf, code).isAuthority)
    return unsuitable(leaf, 'is that of an authority, and not of a node')
  const usage = readKeyUsage(leaf, code)
  if (usage !== undefined && (usage & keyUsages.digitalSignature) === 0)
    return unsuitable(leaf, 'does not allow digital signatures in its key usage')
  return undefined
}

function faultOfAuthority(authority: Certificate, below: readonly Certificate[]): PathFault | undefined {
  const { isAuthority, pathLength } = readBasicConstraints(authority, code)
  if (!isAuthority) return unsuitable(authority, 'issued a certificate, but is not marked as an authority')
  const usage = readKeyUsage(authority, code)
  if (usage !== undefined && (usage & keyUsages.keyCertSign) === 0)
    return unsuitable(authority, 'issued a certificate, but its key usage does not allow that')
  // Self-issued certificates of authorities do not count (RFC 5280 §6.1.4).
  const counted = below
    .slice(1)
    .filter(({ comparableIssuer, comparableSubject }) => comparableIssuer !== comparableSubject)
  if (pathLength !== undefined && counted.length > pathLength)
    return unsuitable(authority, `allows ${pathLength} authorities below it, but has ${counted.length}`)
  const { usages } = readExtendedKeyUsages(authority, code)
  if (usages !== undefined && !usages.includes(clientAuthentication) && !usages.includes(anyUsage))
    return unsuitable(authority, 'issued a certificate, but its extended key usage lacks client authentication')
  for (const [depth, certificate] of below.entries()) {
    if (depth > 0 && certificate.comparableIssuer === certificate.comparableSubject) continue
    const name = forbiddenName(certificate, authority)
    if (name !== undefined) return unsuitable(authority, `does not allow ${name}`)
  }
  return undefined
}

function unsuitable(certificate: Certificate, why: string): PathFault {
  return { reason: 'chainUnsuitable', detail: `the certificate of ${nameText(certificate.subjectName)} ${why}` }
}
