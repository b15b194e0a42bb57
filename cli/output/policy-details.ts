import type { PolicyDetails, PolicyVersion } from '../documents/policies.ts'
import { hashSigningWarning } from './hash-signing-warning.ts'
import { readableTime } from './quantities.ts'
import { principalNames } from './request-details.ts'
import { type Cell, fieldList, type Marker, statusCell, table } from './table.ts'

/** Everything about a signing policy, with what each version of it demanded. */
export function policyText({ project, current, versions, ...policy }: PolicyDetails, marker: Marker): string {
  const fields: (readonly [string, Cell | null])[] = [
    ['policy', `${project?.slug ?? '?'}/${policy.slug}`],
    ['id', policy.signingPolicyId],
    ['name', current.name],
    ['status', statusCell(policy.status)],
    ['version', String(current.version)],
    ['certificate', current.certificate && `${current.certificate.name}, ${current.certificate.certificateId}`],
    ['submitters', principalNames(current.submitters)],
    ['approval', approvalText(current)],
    ['time-stamp', current.timestamp],
    ['release', current.release ? 'yes' : 'no'],
    ['signed files', current.existingSignatures.join(', ')],
    ['build system', current.trustedBuildSystemRequired ? 'required' : 'not required'],
    ['origin', originText(current)],
    ['hash signing', current.hashSigningAllowed ? hashSigningWarning : 'not allowed'],
    ['its changes', current.changeControl && `need ${current.changeControl.requiredApprovals} approvals at least`],
    ['revision', String(policy.revision)],
  ]
  const rows = versions.map((version) => [
    String(version.version),
    readableTime(version.madeAt),
    version.madeBy.user?.name ?? version.madeBy.component ?? version.madeBy.kind,
    version.certificate?.name ?? '–',
    approvalText(version),
  ])
  return `${fieldList(fields, marker)}\n${table(['version', 'made', 'by', 'certificate', 'approval'], rows, marker)}`
}

function originText({ originVerification }: PolicyVersion): string {
  if (originVerification === null) return 'not verified'
  const { allowedBranches, sourceSummary } = originVerification
  const summary =
    sourceSummary === null
      ? ''
      : `, with a summary of the source at level ${sourceSummary.level} by ${sourceSummary.verifiers.map(({ id }) => id).join(' or ')}`
  return `the project's repository, branch ${allowedBranches.join(' or ')}${summary}`
}

function approvalText({ approval }: PolicyVersion): string {
  if (approval === null) return 'none needed'
  const deadline = approval.deadlineSeconds === null ? '' : `, within ${approval.deadlineSeconds} s`
  const submitter = approval.submitterMayApprove ? ', the submitter too' : ''
  return `${approval.requiredApprovals} of ${principalNames(approval.approvers)}${submitter}${deadline}`
}
