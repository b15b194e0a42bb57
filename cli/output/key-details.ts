import type { KeyDetails, KeySummary } from '../documents/keys.ts'
import { readableTime } from './quantities.ts'
import { runningRequestFields } from './running-requests-text.ts'
import { type Cell, fieldList, type Marker, statusCell, table } from './table.ts'

/** Where a key comes from, and whether somebody else may have it. */
export function originText({ origin, potentiallyExposed }: KeySummary): string {
  return potentiallyExposed ? `${origin}, potentially exposed` : origin
}

/** Whether a key is to be destroyed, and whom that waits for; `null` when it is to stay. */
export function deletionText({ status, deletion }: KeySummary): string | null {
  if (deletion === null) return null
  if (status === 'destroyed') return 'done'
  if (deletion.confirmedBy !== null) return 'confirmed; waits for the signer'
  return `asked for by ${deletion.requestedBy?.name ?? 'somebody'}; another person can confirm it until ${readableTime(deletion.expiresAt)}`
}

/** Everything about a key but its history. */
export function keyText(key: KeyDetails, marker: Marker): string {
  const { token, certificates } = key
  const fields: (readonly [string, Cell | null])[] = [
    ['key', key.keyId],
    ['name', key.name],
    ['status', statusCell(key.status)],
    ['type', key.algorithm.replaceAll('_', '-')],
    ['origin', originText(key)],
    ['destruction', deletionText(key)],
    ['key store', key.keyStore],
    ['token', token && `${token.label}, serial number ${token.serialNumber} (${token.manufacturer} ${token.model})`],
    ['label', key.label],
    ['CKA_ID', key.ckaId],
    ['public key', key.publicKey],
    ...runningRequestFields(key.runningRequests),
  ]
  const rows = certificates.map(({ certificateId, name, status, notAfter, signingPolicies }) => [
    certificateId,
    name,
    status,
    notAfter === null ? '–' : readableTime(notAfter),
    signingPolicies.map(({ slug, project }) => `${project?.slug ?? '?'}/${slug}`).join(', ') || '–',
  ])
  const listed =
    rows.length === 0 ? '' : `\n${table(['certificate', 'name', 'status', 'until', 'used by'], rows, marker)}`
  return fieldList(fields, marker) + listed
}
