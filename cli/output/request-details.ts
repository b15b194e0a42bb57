import type { NamedPrincipal, RequestDetails, StoredFile } from '../documents/request-fields.ts'
import type { EntityEvent } from '../documents/requests.ts'
import { hashSigningWarning } from './hash-signing-warning.ts'
import { count, pathText, readableSize, readableTime } from './quantities.ts'
import { originFields, originTable } from './request-origin.ts'
import { policyName, statusText } from './request-table.ts'
import { statusMark } from './style.ts'
import { type Cell, fieldList, type Marker, table } from './table.ts'

type Reason = NonNullable<RequestDetails['failure' | 'waitingFor']>

/** Everything about a request but its plan, which {@link planText} shows. */
export function requestText(request: RequestDetails, marker: Marker): string {
  const { certificate, plan, failure, waitingFor, signedArtifact } = request
  const fields: (readonly [string, Cell | null])[] = [
    ['request', request.signingRequestId],
    ['status', { text: statusText(request), mark: statusMark(request.status) }],
    ['failure', failure && reasonText(failure)],
    ['waiting for', waitingFor && reasonText(waitingFor)],
    ['waiting since', waitingFor && readableTime(waitingFor.since)],
    ['next try', waitingFor && nextTryText(waitingFor)],
    ['what to do', (failure ?? waitingFor)?.remedy ?? null],
    ['denied', denialText(request)],
    ['canceled', cancellationText(request)],
    ['policy', `${policyName(request)}, version ${request.signingPolicyVersion}`],
    ['submitted', `${readableTime(request.submittedAt)} by ${request.submitter?.name ?? 'unknown'}`],
    ['vouched for by', voucherText(request)],
    ...originFields(request),
    ['finished', request.finishedAt && readableTime(request.finishedAt)],
    [
      'canceled at',
      request.isFinalStatus || request.cancelAt === null
        ? null
        : `${readableTime(request.cancelAt)}, unless it is over by then`,
    ],
    ['description', request.description],
    ['version', request.version],
    ['artifact', artifactText(request)],
    ['build data', addedDataText(request)],
    ['as built', request.addedBuildData && fileText(request.addedBuildData.builtArtifact)],
    ...request.source.details.map(({ name, value }) => [name, value] as const),
    ...request.resubmissions.nodes.map(({ signingRequestId }) => ['submitted again', signingRequestId] as const),
    [
      'certificate',
      certificate && `${certificate.name}${certificate.subject === null ? '' : `: ${certificate.subject}`}`,
    ],
    ['if signed already', request.existingSignatures],
    ['hash signing', request.hashSigningAllowed ? hashSigningWarning : null],
    ['plan', plan?.digest ?? null],
    ['approve by', plan?.approvalDeadline ? readableTime(plan.approvalDeadline) : null],
    ['approvals', approvalsText(request)],
    ['signed', signedArtifact && fileText(signedArtifact)],
    ['provenance', request.provenance && fileText(request.provenance.bundle)],
  ]
  const tables = [originTable, approvalTable, signedFileTable].map((table) => table(request, marker))
  return fieldList(fields, marker) + tables.join('')
}

/** What to know of a delay that has just been met: when it goes on, and what to do. `undefined` when there is none. */
export function delayText({ waitingFor }: RequestDetails, events: readonly EntityEvent[]): string | undefined {
  if (waitingFor === null || events.at(-1)?.type !== 'SigningRequestDelayed') return undefined
  const remedy = waitingFor.remedy === null ? '' : ` ${waitingFor.remedy}`
  return `Waiting since ${readableTime(waitingFor.since)}; next try ${nextTryText(waitingFor)}.${remedy}`
}

/** Who is named somewhere, for a line of text: users by name, groups as such. */
export function principalNames(principals: readonly NamedPrincipal[]): string {
  const name = ({ user, group }: NamedPrincipal) =>
    user?.name ?? (group === null ? 'unknown' : `the group ${group.name}`)
  return principals.map(name).join(', ')
}

function reasonText({ code, message, path }: Reason): string {
  return `${code}: ${message}${path === null ? '' : ` (${pathText(path)})`}`
}

function nextTryText({ nextTryAt }: NonNullable<RequestDetails['waitingFor']>): string {
  return nextTryAt === null ? 'as soon as somebody takes it up' : readableTime(nextTryAt)
}

function artifactText({ artifact, source }: RequestDetails): string {
  return artifact === null ? `${source.fileName ?? 'not known yet'}, by ${source.kind}` : fileText(artifact)
}

function addedDataText({ addedBuildData: added }: RequestDetails): string | null {
  return added && `${added.settingsFileName}, ${added.repositoryUrl} at ${added.commitId} were added to the package`
}

function fileText({ fileName, size, sha256 }: StoredFile): string {
  return `${fileName}, ${readableSize(size)}, SHA-256 ${sha256}`
}

function voucherText({ vouchedBy }: RequestDetails): string | null {
  if (vouchedBy === null) return null
  const { trustedBuildSystem, trustedBuildSystemId, method, node } = vouchedBy
  const asked = method === 'link' ? ', which is asked through its link with the project' : ''
  return `${trustedBuildSystem?.slug ?? trustedBuildSystemId}${asked}${node === null ? '' : `, for the node ${node.subject}`}`
}

function denialText({ denial }: RequestDetails): string | null {
  if (denial === null) return null
  if (denial.kind === 'expired') return `the deadline ${readableTime(denial.deadline ?? denial.deniedAt)} passed`
  return `${readableTime(denial.deniedAt)} by ${denial.approver?.name ?? 'unknown'}${quoted(denial.comment)}`
}

function cancellationText({ cancellation }: RequestDetails): string | null {
  if (cancellation === null) return null
  const { canceledAt, canceledBy, reason } = cancellation
  return `${readableTime(canceledAt)} by ${canceledBy?.name ?? 'the service'}${quoted(reason)}`
}

function approvalsText({ approvalProcess, approvals }: RequestDetails): string {
  if (approvalProcess === null) return 'none needed'
  const counted = approvals.filter(({ counts }) => counts).length
  return `${counted} of ${approvalProcess.requiredApprovals} needed, by any of: ${principalNames(approvalProcess.approvers)}`
}

function approvalTable({ approvals }: RequestDetails, marker: Marker): string {
  if (approvals.length === 0) return ''
  const rows = approvals.map(({ approver, through, approvedAt, planDigest, comment, grant, counts }) => [
    approver?.name ?? 'unknown',
    principalNames(through),
    readableTime(approvedAt),
    planDigest,
    counts ? 'yes' : 'no',
    grant === null ? (comment ?? '') : `in advance, by the grant ${grant.grantId}`,
  ])
  return `\n${table(['approver', 'named as', 'time', 'plan', 'counts', 'comment'], rows, marker)}`
}

function signedFileTable({ manifest }: RequestDetails, marker: Marker): string {
  const files = manifest?.files?.nodes ?? []
  if (manifest === null || files.length === 0) return ''
  const rows = files.map(({ path, signedSha256, signedSize, signatures }) => [
    pathText(path),
    readableSize(signedSize),
    signedSha256,
    signatures.map(({ timestamp }) => timestampText(timestamp)).join('; '),
  ])
  const uncovered = files.flatMap(({ path, signatures }) =>
    signatures.flatMap(({ timestamp }) =>
      (timestamp?.uncovered ?? []).map(
        (text) => ['not covered', `${text}, in the time-stamp of ${pathText(path)}`] as const,
      ),
    ),
  )
  const more = manifest.fileCount - files.length
  return [
    `\n${table(['signed file', 'size', 'sha-256', 'time-stamp'], rows, marker)}`,
    more === 0 ? '' : `… and ${count(more, 'file')} more\n`,
    fieldList(uncovered, marker),
  ].join('')
}

function timestampText(timestamp: { readonly time: string; readonly authority: string } | null): string {
  return timestamp === null ? 'none' : `${readableTime(timestamp.time)} by ${timestamp.authority}`
}

function quoted(comment: string | null): string {
  return comment === null || comment === '' ? '' : `: ${comment}`
}
