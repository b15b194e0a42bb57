import { readKeyUsage } from '../../signing/cms/index.ts'
import { type Certificate, malformedCertificate } from '../certificates/certificate.ts'
import { nameText } from '../certificates/names.ts'
import type { CertificatePath } from '../certificates/path.ts'
import { type Crl, isListOf } from './crl.ts'
import { speaksFor } from './crl-scope.ts'
import type { OcspClient, RevocationStatus } from './ocsp-client.ts'

/** Whether what is not known to be good is refused (`hard`) or let through (`soft`). What is known to be revoked is refused in both. */
export type RevocationMode = 'hard' | 'soft'

/** A list, and the public key of the authority that made it (SubjectPublicKeyInfo, hexadecimal). */
export type VerifiedCrl = { readonly crl: Crl; readonly authorityKey: string; readonly file: string }

/** How revocation is found out for what is issued below an anchor. */
export type RevocationRules = {
  readonly crl: { readonly mode: RevocationMode; readonly lists: readonly VerifiedCrl[] } | undefined
  readonly ocsp:
    | {
        readonly mode: RevocationMode
        readonly responder: string | undefined
        /** Whether authorities below the anchor are asked about, too. */
        readonly authorities: boolean
        readonly timeoutMs: number
      }
    | undefined
}

/** What became of a path. */
export type RevocationVerdict = {
  readonly fault: { readonly reason: 'revoked' | 'revocationUnknown'; readonly detail: string } | undefined
  /** What was let through although it is not known. */
  readonly notes: readonly string[]
  /** Until when this holds: milliseconds since 1970. */
  readonly until: number
}

/** Finds the authority that made a list, of those that are known. `undefined` when none did. */
export function authorityOfList(crl: Crl, authorities: readonly Certificate[]): Certificate | undefined {
  return authorities.find((authority) => isListOf(crl, authority, maySignLists))
}

function maySignLists(authority: Certificate): boolean {
  const usage = readKeyUsage(authority, malformedCertificate)
  return usage === undefined || (usage & cRLSign) !== 0
}

/** RFC 5280 §4.2.1.3. */
const cRLSign = 0x02

/** The key by which authorities are told apart: a certificate that was renewed has it still. */
export function keyText({ publicKey }: Certificate): string {
  return Buffer.from(publicKey).toString('hex')
}

/** Finds out whether anything in a path is revoked: the node's certificate and every authority below the anchor. */
export async function checkRevocation(
  path: CertificatePath,
  { crl, ocsp }: RevocationRules,
  client: OcspClient,
  now: number,
): Promise<RevocationVerdict> {
  const notes: string[] = []
  let until = Number.POSITIVE_INFINITY
  for (const [depth, certificate] of path.entries()) {
    const issuer = path[depth + 1]
    if (issuer === undefined) break
    const answers: { readonly mode: RevocationMode; readonly answer: RevocationStatus }[] = []
    if (crl !== undefined)
      answers.push({ mode: crl.mode, answer: statusByLists(certificate, issuer, crl.lists, depth > 0, now) })
    if (ocsp !== undefined && (depth === 0 || ocsp.authorities))
      answers.push({ mode: ocsp.mode, answer: await client.statusOf(certificate, issuer, ocsp) })
    for (const { mode, answer } of answers) {
      until = Math.min(until, answer.until)
      if (answer.status === 'good') continue
      const who = nameText(certificate.subjectName)
      if (answer.status === 'revoked')
        return { fault: { reason: 'revoked', detail: `the certificate of ${who} is revoked` }, notes, until }
      const detail = `whether the certificate of ${who} is revoked is not known: ${answer.detail}`
      if (mode === 'hard') return { fault: { reason: 'revocationUnknown', detail }, notes, until }
      notes.push(detail)
    }
  }
  return { fault: undefined, notes, until }
}

/**
 * What lists say. One that holds the certificate counts even when it is out of date, since nobody takes a revocation back, or when it
 * does not speak for the certificate: an issuer gives each serial number once, and lists for other issuers are not read.
 */
function statusByLists(
  certificate: Certificate,
  issuer: Certificate,
  lists: readonly VerifiedCrl[],
  isAuthority: boolean,
  now: number,
): RevocationStatus {
  const key = keyText(issuer)
  const ofIssuer = lists.filter(
    ({ crl, authorityKey }) => authorityKey === key && crl.comparableIssuer === certificate.comparableIssuer,
  )
  if (ofIssuer.some(({ crl }) => crl.revoked.has(certificate.serialText)))
    return { status: 'revoked', detail: '', until: Number.POSITIVE_INFINITY }
  const fitting = ofIssuer.filter(({ crl }) => speaksFor(crl.scope, certificate, isAuthority))
  const current = fitting.filter(({ crl }) => crl.thisUpdate <= now && now <= crl.nextUpdate && !crl.scope.isPartial)
  if (current.length > 0)
    return { status: 'good', detail: '', until: Math.max(...current.map(({ crl }) => crl.nextUpdate)) }
  // One that begins later makes the answer another one.
  const until = Math.min(
    Number.POSITIVE_INFINITY,
    ...fitting.flatMap(({ crl }) => (crl.thisUpdate > now ? [crl.thisUpdate] : [])),
  )
  const detail =
    fitting.length === 0
      ? 'no revocation list speaks for it'
      : 'the revocation lists that speak for it are out of date, not valid yet, or hold some reasons only'
  return { status: 'unknown', detail, until }
}
