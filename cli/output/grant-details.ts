import type { GrantDetails, GrantSummary } from '../documents/grants.ts'
import { readableTime } from './quantities.ts'
import { type Cell, fieldList, type Marker, table } from './table.ts'

const statuses: Readonly<Record<GrantSummary['status'], string>> = {
  notYetInForce: 'not yet in force',
  inForce: 'in force',
  usedUp: 'used up',
  over: 'over',
  revoked: 'revoked',
}

/** Where a grant stands, in words. */
export function grantStatusText({ status }: GrantSummary): string {
  return statuses[status]
}

/** What a grant is for, by its globs. */
export function globsText({ fileNames, versions, branches }: GrantSummary): string {
  const asked = [
    fileNames.join(', '),
    ...(versions.length === 0 ? [] : [`version ${versions.join(', ')}`]),
    ...(branches.length === 0 ? [] : [`branch ${branches.join(', ')}`]),
  ]
  return asked.join('; ')
}

/** How often a grant was used, of how often it may be. */
export function usesText({ uses, maximumRequests }: GrantSummary): string {
  return `${uses.length} of ${maximumRequests}`
}

/** The policy that a grant is for. */
export function policyOfGrant({ project, signingPolicy }: GrantSummary): string {
  return `${project?.slug ?? '?'}/${signingPolicy?.slug ?? '?'}`
}

/** Everything about a grant but its history. */
export function grantText(grant: GrantDetails, marker: Marker): string {
  const { revocation } = grant
  const fields: (readonly [string, Cell | null])[] = [
    ['grant', grant.grantId],
    ['status', grantStatusText(grant)],
    [
      'revoked',
      revocation &&
        `${readableTime(revocation.revokedAt)} by ${revocation.revokedBy?.name ?? 'unknown'}${revocation.reason === null ? '' : `: ${revocation.reason}`}`,
    ],
    ['given by', grant.giver?.name ?? 'unknown'],
    ['policy', `${policyOfGrant(grant)}, as in version ${grant.signingPolicyVersion}`],
    ['certificate', `SHA-256 ${grant.certificateThumbprint}`],
    ['from', readableTime(grant.from)],
    ['until', readableTime(grant.until)],
    ['file names', grant.fileNames.join(', ')],
    ['versions', grant.versions.length === 0 ? null : grant.versions.join(', ')],
    ['branches', grant.branches.length === 0 ? null : grant.branches.join(', ')],
    ['comment', grant.comment],
    ['used', usesText(grant)],
  ]
  const rows = grant.uses.map(({ usedAt, signingRequest }) => [
    signingRequest?.signingRequestId ?? 'unknown',
    signingRequest?.status ?? '–',
    readableTime(usedAt),
  ])
  return (
    fieldList(fields, marker) + (rows.length === 0 ? '' : `\n${table(['request', 'status', 'used'], rows, marker)}`)
  )
}
