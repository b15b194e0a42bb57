import {
  certificateDecider,
  countedApprovals,
  fold,
  remedyOf,
  type SigningRequest,
  signingRequestDecider,
  streams,
  trustedBuildSystemDecider,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import type { MailContent } from './mail-content.ts'
import { type MailSources, policyName, stateOf, type Told } from './mail-sources.ts'
import type { EventNotice } from './notice.ts'

/** So many files a mail names. */
const mostFiles = 20

type RequestKind = 'requestOutcome' | 'approvalRequested' | 'approvalDecided'

/**
 * What a mail says of a signing request, as the log has it when the mail is sent.
 *
 * @returns `undefined` when there is nothing to say any more: nobody is asked for an approval that is not needed now
 */
export async function requestContent(
  sources: MailSources,
  { kind, streamId }: EventNotice & { readonly kind: RequestKind },
): Promise<Told | undefined> {
  const { events } = await readWholeStream(sources.log, streamId)
  const request = fold(signingRequestDecider, events)
  if (request.workflowStatus === 'none') return undefined
  if (kind === 'approvalRequested' && request.workflowStatus !== 'WaitingForApproval') return undefined
  const { signingRequestId, projectId, signingPolicyId } = request
  const policy = await policyName(sources, projectId, signingPolicyId)
  const name = request.artifact?.fileName ?? request.source.fileName ?? 'an artifact'
  const asks = kind === 'approvalRequested'
  const content: MailContent = {
    subject: `${name} for ${policy} (${signingRequestId.slice(0, 8)})`,
    headline: asks ? await question(sources, request) : await outcome(sources, request, kind),
    facts: [
      ['File', name],
      ['Signing policy', policy],
      ['Submitted by', await sources.nameOf(request.organizationId, request.submitter)],
      ['Version', request.version ?? null],
      ['Description', request.description],
      ...(await originFacts(sources, request)),
      ...(asks ? await planFacts(sources, request) : failureFacts(request)),
      ['Signing request', signingRequestId],
    ],
    ...(asks ? await plannedFiles(sources, request) : signedFiles(request)),
    advice: asks
      ? ['Approve only what you know: what you approve is the plan with the digest above, and nothing else is signed.']
      : adviceOf(request),
    link: {
      text: asks ? 'Look at it, and approve or deny' : 'Look at it',
      url: `${sources.publicUrl()}/signing-requests/${signingRequestId}`,
    },
  }
  return { content, thread: `request-${signingRequestId}` }
}

async function question({ nameOf }: MailSources, request: SigningRequest): Promise<string> {
  const who = await nameOf(request.organizationId, request.submitter)
  return `${who} asks for your approval to sign ${request.artifact?.fileName ?? 'an artifact'}.`
}

async function outcome({ nameOf }: MailSources, request: SigningRequest, kind: RequestKind): Promise<string> {
  const { organizationId, workflowStatus, denial, cancellation, failure, manifest } = request
  const name = (userId: SigningRequest['submitter']) => nameOf(organizationId, userId)
  if (denial?.kind === 'denied') {
    const why = denial.comment === null ? '' : `: ${denial.comment}`
    return `${await name(denial.approver)} denied the signing request${why}`
  }
  if (denial?.kind === 'expired') return 'The signing request was denied, since it was not approved in time.'
  if (cancellation?.canceledBy === null) return `The signing request was canceled: ${cancellation.reason}`
  if (cancellation !== null) {
    const why = cancellation.reason === null ? '' : `: ${cancellation.reason}`
    return `${await name(cancellation.canceledBy)} canceled the signing request${why}`
  }
  if (failure !== null) return `The signing request failed: ${failure.code}`
  if (kind === 'approvalDecided') {
    const by = await Promise.all(countedApprovals(request).map(({ approver }) => name(approver)))
    return `The signing request was approved by ${by.join(' and ')}; your approval is not needed any more.`
  }
  const signed = manifest?.fileCount ?? 0
  return workflowStatus === 'Completed'
    ? `The signing request is completed: ${signed} ${signed === 1 ? 'file is' : 'files are'} signed.`
    : `The signing request is ${workflowStatus}.`
}

/** Where the artifact comes from: as it was verified, or else as the build system says that vouched for the submission. */
async function originFacts(
  sources: MailSources,
  { claimedOrigin, origin }: SigningRequest,
): Promise<MailContent['facts']> {
  if (origin?.verified) {
    const { repository, ref, commitId, build } = origin.verified.origin
    return [
      ['Verified repository', repository.url],
      [ref.kind === 'tag' ? 'Verified tag' : 'Verified branch', ref.name],
      ['Verified commit', commitId],
      ['Verified build', build.url ?? build.id],
    ]
  }
  if (claimedOrigin === undefined) return []
  const { trustedBuildSystemId, repositoryData, buildData } = claimedOrigin
  const stream = streams.trustedBuildSystem(trustedBuildSystemId)
  const system = await stateOf(sources, stream, trustedBuildSystemDecider)
  return [
    ['Claimed by the build system', system.status === 'none' ? trustedBuildSystemId : system.name],
    ['Claimed repository', repositoryData?.url ?? null],
    ['Claimed branch', repositoryData?.branchName ?? null],
    ['Claimed commit', repositoryData?.commitId ?? null],
    ['Claimed build', buildData?.url ?? null],
  ]
}

async function planFacts(sources: MailSources, request: SigningRequest): Promise<MailContent['facts']> {
  const { plan, approval, certificateId } = request
  const certificate = await stateOf(sources, streams.certificate(certificateId), certificateDecider)
  const name = certificate.status === 'none' ? certificateId : certificate.name
  const subject = certificate.status === 'none' ? null : (certificate.issued?.subject ?? null)
  const needed = approval?.requiredApprovals ?? 0
  return [
    ['Files to be signed', String(plan?.fileCount ?? 0)],
    ['Plan digest', plan?.digest ?? null],
    ['Certificate', subject === null ? name : `${name} (${subject})`],
    ['Certificate SHA-256', plan?.certificateThumbprint ?? null],
    ['Approvals', `${countedApprovals(request).length} of ${needed}`],
    ['Denied unless approved by', plan?.approvalDeadline ?? null],
  ]
}

async function plannedFiles(
  { plannedFiles: read }: MailSources,
  { signingRequestId, plan }: SigningRequest,
): Promise<Pick<MailContent, 'files' | 'furtherFiles'>> {
  if (plan === null) return {}
  const { digest, document, nodeCount, fileCount } = plan
  const recorded = { signingRequestId, digest, document, entryCount: nodeCount, signedCount: fileCount }
  const files = await read(recorded, mostFiles)
  return {
    files: files.map(({ path, sha256 }) => ({ path: path.join(' › '), sha256 })),
    furtherFiles: Math.max(0, fileCount - files.length),
  }
}

function signedFiles({ workflowStatus, manifest }: SigningRequest): Pick<MailContent, 'files' | 'furtherFiles'> {
  if (workflowStatus !== 'Completed' || manifest === null) return {}
  const files = manifest.files.slice(0, mostFiles)
  return {
    files: files.map(({ path, signedSha256 }) => ({ path: path.join(' › '), sha256: signedSha256 })),
    furtherFiles: Math.max(0, manifest.fileCount - files.length),
  }
}

function failureFacts({ failure }: SigningRequest): MailContent['facts'] {
  if (failure === null) return []
  return [
    ['What went wrong', failure.message],
    ['File at fault', failure.path?.join(' › ') ?? null],
  ]
}

function adviceOf({ failure }: SigningRequest): readonly string[] {
  const remedy = failure === null ? null : remedyOf(failure.code)
  return remedy === null ? [] : [remedy]
}

/** Whether people were asked for their approval, and not grants alone decided. */
export function wasAsked(request: SigningRequest): boolean {
  const counted = countedApprovals(request)
  return request.approval !== null && !(counted.length > 0 && counted.every(({ grantId }) => grantId !== undefined))
}
