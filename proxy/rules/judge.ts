import type { NodeIdentity } from '../../domain/index.ts'
import { type Certificate, readCertificate } from '../certificates/certificate.ts'
import { nameText, printableText } from '../certificates/names.ts'
import { type CertificatePath, findPaths, type PathFault } from '../certificates/path.ts'
import { templateVersionText } from '../certificates/template.ts'
import type { LoadedAuthority, LoadedRuleSet } from '../config/load.ts'
import { checkRevocation } from '../revocation/check-path.ts'
import type { OcspClient } from '../revocation/ocsp-client.ts'
import { statedTemplate, unmetCondition } from './conditions.ts'

/** Why a rule set does not accept a node: for the log, and never for the node. */
export type Objection = PathFault & { readonly ruleSet: string | null }

/** What became of a node. */
export type Verdict =
  | {
      readonly accepted: true
      readonly ruleSet: LoadedRuleSet
      readonly node: NodeIdentity
      /** What was let through although it is not known. */
      readonly notes: readonly string[]
      /** Until when it holds, as long as the rules do not change: milliseconds since 1970. */
      readonly until: number
    }
  | { readonly accepted: false; readonly objections: readonly Objection[]; readonly until: number }

/** What the rules make of a certificate that does not change with time. */
export type Assessment =
  | { readonly malformed: string }
  | {
      readonly leaf: Certificate
      readonly candidates: readonly Candidate[]
      readonly objections: readonly Objection[]
    }

type Candidate = {
  readonly ruleSet: LoadedRuleSet
  readonly authority: LoadedAuthority
  readonly path: CertificatePath
  readonly node: NodeIdentity
}

/**
 * Holds a node's certificates against all rule sets, as far as that does not depend on the time.
 *
 * @param chain DER, as the node sent them, its own first
 */
export function assess(chain: readonly Uint8Array[], ruleSets: readonly LoadedRuleSet[]): Assessment {
  try {
    const [leaf, ...sent] = chain.map(readCertificate)
    if (leaf === undefined) return { malformed: 'there is no certificate' }
    const found = ruleSets.map((ruleSet) => candidatesOf(leaf, sent, ruleSet))
    return {
      leaf,
      candidates: found.flatMap(({ candidates }) => candidates),
      objections: found.flatMap(({ objections }) => objections),
    }
  } catch (error) {
    return { malformed: (error as Error).message }
  }
}

function candidatesOf(leaf: Certificate, sent: readonly Certificate[], ruleSet: LoadedRuleSet) {
  const candidates: Candidate[] = []
  const objections: Objection[] = []
  const object = (fault: PathFault) => void objections.push({ ruleSet: ruleSet.name, ...fault })
  const stated = statedTemplate(leaf)
  const unmet = unmetCondition(leaf, stated, ruleSet)
  if (unmet !== undefined) object(unmet)
  else
    for (const authority of ruleSet.authorities) {
      const { paths, fault } = findPaths(leaf, sent, authority.paths)
      if (paths.length === 0) object(fault)
      for (const path of paths) {
        const issuer = path[1]
        if (ruleSet.issuers !== undefined && (issuer === undefined || !ruleSet.issuers.has(issuer.fingerprint)))
          object({ reason: 'issuer', detail: `the issuer ${nameText(leaf.issuerName)} is none of those named` })
        else candidates.push({ ruleSet, authority, path, node: identityOf(leaf, stated, ruleSet) })
      }
    }
  return { candidates, objections }
}

function identityOf(
  leaf: Certificate,
  { template, name }: ReturnType<typeof statedTemplate>,
  ruleSet: LoadedRuleSet,
): NodeIdentity {
  return {
    subject: shortened(nameText(leaf.subjectName), 500),
    issuer: shortened(nameText(leaf.issuerName), 500),
    serialNumber: leaf.serialText,
    fingerprint: leaf.fingerprint,
    templateId: template?.id ?? null,
    templateVersion: template === undefined ? null : templateVersionText(template),
    templateName: name === undefined ? null : shortened(printableText(name), 200),
    ruleSet: ruleSet.name,
  }
}

/** Names can be longer than a header may be. Serial number and fingerprint say which certificate it is. */
function shortened(name: string, longest: number): string {
  return name.length > longest ? `${name.slice(0, longest - 1).toWellFormed()}…` : name
}

/** The host that a node asked for, by both of its ways to say so. */
export type AskedHost = {
  /** By SNI, in small letters; `undefined` where it sent none. */
  readonly serverName: string | undefined
  /** By `Host`, in small letters and without port. */
  readonly host: string
}

/**
 * Judges a node for a request now: the first rule set in the configuration's order that it meets in everything.
 *
 * @param now milliseconds since 1970
 */
export async function judge(
  assessment: Assessment,
  asked: AskedHost,
  client: OcspClient,
  now: number,
): Promise<Verdict> {
  if ('malformed' in assessment)
    return refused([{ ruleSet: null, reason: 'certificateMalformed', detail: assessment.malformed }])
  if (asked.serverName !== undefined && asked.serverName !== asked.host)
    return refused([
      {
        ruleSet: null,
        reason: 'host',
        detail: `the connection was made to ${asked.serverName}, and the request is for ${asked.host}`,
      },
    ])
  const objections = [...assessment.objections]
  let until = Number.POSITIVE_INFINITY
  for (const { ruleSet, authority, path, node } of assessment.candidates) {
    const object = (fault: PathFault) => void objections.push({ ruleSet: ruleSet.name, ...fault })
    const { hostNames } = ruleSet
    if (hostNames !== undefined && (asked.serverName === undefined || !hostNames.has(asked.serverName))) {
      object({
        reason: 'host',
        detail: `the rule set is not for ${asked.serverName ?? 'connections without a host name'}`,
      })
      continue
    }
    const validity = validityOf(path, now)
    until = Math.min(until, validity.until)
    if (validity.fault !== undefined) {
      object(validity.fault)
      continue
    }
    const revocation = await checkRevocation(path, authority.revocation, client, now)
    until = Math.min(until, revocation.until)
    if (revocation.fault === undefined) return { accepted: true, ruleSet, node, notes: revocation.notes, until }
    object(revocation.fault)
  }
  return { accepted: false, objections, until }
}

function refused(objections: readonly Objection[]): Verdict {
  return { accepted: false, objections, until: Number.POSITIVE_INFINITY }
}

/** Whether every certificate is valid, the anchor too, and when that changes next. */
function validityOf(path: CertificatePath, now: number): { readonly fault?: PathFault; readonly until: number } {
  for (const { notBefore, notAfter, subjectName } of path) {
    const who = nameText(subjectName)
    if (now < notBefore.getTime())
      return {
        fault: { reason: 'notYetValid', detail: `the certificate of ${who} is valid from ${notBefore.toISOString()}` },
        until: notBefore.getTime(),
      }
    if (now > notAfter.getTime())
      return {
        fault: { reason: 'expired', detail: `the certificate of ${who} was valid until ${notAfter.toISOString()}` },
        until: Number.POSITIVE_INFINITY,
      }
  }
  return { until: Math.min(...path.map(({ notAfter }) => notAfter.getTime())) }
}
