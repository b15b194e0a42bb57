import type { Instant } from '../event.ts'
import { parseFileName } from '../file-name.ts'
import { Refusal } from '../refusal.ts'
import { parseText, parseVersion } from '../text.ts'
import { failedChecks, recordedChecks } from '../verified-origin.ts'
import { buildDataAdded, isBuildDataDue, type RecordBuildData, requireBuildData } from './build-data.ts'
import { checkedBuild } from './build-reference.ts'
import type {
  RecordOrigin,
  RecordResubmission,
  RecordRetrieval,
  RecordSigned,
  SigningRequestCommand,
  StartSigning,
  SubmitSigningRequest,
} from './commands.ts'
import { checkedParameters } from './configuration.ts'
import { approve, deny, requireDeadline, requireWaiting, withPeople } from './decide-approval.ts'
import { usableEarlierRequest } from './earlier-request.ts'
import type { SigningRequestEvent } from './events.ts'
import { recordedFailure } from './failure.ts'
import { demandedSummary, judgeOrigin, requireVerifiedOrigin, sourceSummaryCheck } from './judge-origin.ts'
import { leadingFiles } from './manifest.ts'
import type { SignedProvenance } from './provenance.ts'
import { quorumReached } from './quorum.ts'
import { checkedSource, earlierRequestOf } from './source.ts'
import { openSigningRequest, retrieved, type SigningRequest, type SigningRequestState } from './state.ts'

/**
 * What happens to a signing request on a command.
 *
 * @throws Refusal `SIGNING_REQUEST_EXISTS`, `SIGNING_REQUEST_NOT_FOUND`, `SIGNING_REQUEST_FINAL`,
 *   `SIGNING_REQUEST_STATE`, `NOT_WAITING_FOR_APPROVAL`, `NOT_AN_APPROVER`, `SUBMITTER_MAY_NOT_APPROVE`,
 *   `ALREADY_APPROVED`, `PLAN_DIGEST_MISMATCH`, `QUORUM_NOT_REACHED`, `ATTEMPT_SUPERSEDED`, `ARTIFACT_MISMATCH`,
 *   `CERTIFICATE_MISMATCH`, `PLAN_EMPTY`, `APPROVAL_DEADLINE_MISMATCH`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`, `NAME_MALFORMED`,
 *   `FILE_NAME_MALFORMED`, `SOURCE_MALFORMED`, `EARLIER_REQUEST_NOT_USABLE`, `ORIGIN_NOT_VERIFIED`, `ORIGIN_BUILD_TOO_LARGE`,
 *   `PARAMETER_INVALID`, `ORIGIN_BUILD_INVALID`, `BUILD_DATA_NOT_ADDED`
 */
export function decide(command: SigningRequestCommand, state: SigningRequestState): readonly SigningRequestEvent[] {
  if (command.type === 'SubmitSigningRequest') return submit(command, state)
  if (command.type === 'RecordResubmission') return recordResubmission(command, state)
  const request = openSigningRequest(state)
  switch (command.type) {
    case 'RecordRetrieval':
      return recordRetrieval(command, request)
    case 'RecordOrigin':
      return recordOrigin(command, request)
    case 'RecordBuildData':
      return recordBuildData(command, request)
    case 'RecordPlan': {
      requireVerifiedOrigin(request)
      requireBuildData(request)
      requireThat(request.artifact !== null && request.plan === null, request, 'A plan is made once, after retrieval.')
      const { planDigest, planDocument, certificateThumbprint, plannerVersion, nodeCount, fileCount } = command
      if (!Number.isInteger(fileCount) || fileCount < 1)
        throw new Refusal('PLAN_EMPTY', `A plan names one file or more to sign; this one names ${fileCount}.`)
      const approvalDeadline = deadlineFrom(command.at, request.approval?.deadlineSeconds ?? null)
      const plan = { planDigest, planDocument, certificateThumbprint, plannerVersion, nodeCount, fileCount }
      return [{ type: 'SigningPlanned', data: { schemaVersion: 1, ...plan, approvalDeadline } }]
    }
    case 'Approve':
    case 'ApproveByGrant':
      return approve(command, request)
    case 'Deny':
      return deny(command, request)
    case 'InvalidateApproval': {
      const { approver, reason } = command
      requireThat(request.attempts === 0, request, 'Signing has begun.')
      if (!request.approvals.some((approval) => approval.approver === approver))
        throw new Refusal('SIGNING_REQUEST_STATE', 'There is no approval of this person to take back.')
      return [
        { type: 'ApprovalInvalidated', data: { schemaVersion: reason === 'grantRevoked' ? 2 : 1, approver, reason } },
      ]
    }
    case 'ExpireApproval':
      requireWaiting(request)
      requireDeadline(command.deadline, request)
      return [{ type: 'ApprovalExpired', data: { schemaVersion: 1, deadline: command.deadline } }]
    case 'Cancel': {
      const { canceledBy } = command
      return [
        {
          type: 'SigningRequestCanceled',
          data: { schemaVersion: 1, canceledBy, reason: parseText(command.reason, 'The reason') },
        },
      ]
    }
    case 'CancelOverdue': {
      const { cancelAt } = command
      requireThat(request.cancelAt === cancelAt, request, `It is to be canceled at ${request.cancelAt ?? 'no moment'}.`)
      const reason = `It was not final by ${cancelAt}, as its submission demanded.`
      return [{ type: 'SigningRequestCanceled', data: { schemaVersion: 2, canceledBy: null, reason } }]
    }
    case 'StartSigning':
      return startSigning(command, request)
    case 'RecordSigned':
      return recordSigned(command, request)
    case 'RecordDelay': {
      const { at, nextTryAt, pauseSeconds } = command
      const failure = recordedFailure(command.failure)
      const since = request.waitingFor?.failure.code === failure.code ? request.waitingFor.since : at
      return [{ type: 'SigningRequestDelayed', data: { schemaVersion: 1, failure, since, nextTryAt, pauseSeconds } }]
    }
    case 'Fail': {
      const { workflowStatus } = command
      const failure = recordedFailure(command.failure)
      const schemaVersion = workflowStatus === 'OriginVerificationFailed' ? 2 : 1
      return [{ type: 'SigningRequestFailed', data: { schemaVersion, workflowStatus, failure } }]
    }
  }
}

function submit({ submission }: SubmitSigningRequest, state: SigningRequestState): readonly SigningRequestEvent[] {
  if (state.workflowStatus !== 'none')
    throw new Refusal('SIGNING_REQUEST_EXISTS', 'A signing request with this id exists already.')
  const source = checkedSource(submission.source)
  const description = parseText(submission.description, 'The description')
  const { peopleBehind: _, version, build, artifactConfiguration: configuration, ...facts } = submission
  const said = parseVersion(version ?? null)
  const verification = submission.originVerification === undefined ? {} : { schemaVersion: 3 }
  return [
    {
      type: 'SigningRequestSubmitted',
      data: {
        ...withPeople(submission),
        ...verification,
        ...(build !== undefined && { schemaVersion: 4, build: checkedBuild(build) }),
        ...(configuration !== undefined && {
          schemaVersion: 5,
          artifactConfiguration: { ...configuration, parameters: checkedParameters(configuration.parameters) },
        }),
        ...facts,
        ...(said === null ? {} : { version: said }),
        source,
        description,
      },
    },
  ]
}

/** What was retrieved must be what the source promised, as far as it promised anything. */
function recordRetrieval({ artifact }: RecordRetrieval, request: SigningRequest): readonly SigningRequestEvent[] {
  requireThat(request.artifact === null, request, 'The artifact was retrieved already.')
  const { source } = request
  const found = { fileName: parseFileName(artifact.fileName), sha256: artifact.sha256, size: artifact.size }
  for (const name of ['sha256', 'size', 'fileName'] as const)
    if (source[name] !== null && source[name] !== found[name])
      throw new Refusal('ARTIFACT_MISMATCH', 'The artifact in the store is not the one that was submitted.', {
        expected: source[name],
        actual: found[name],
      })
  return [{ type: 'ArtifactRetrieved', data: { schemaVersion: 1, ...found } }]
}

/** What policy and project demand is judged from the origin, beside what the build system was asked. */
function recordOrigin(command: RecordOrigin, request: SigningRequest): readonly SigningRequestEvent[] {
  const { kind, trustedBuildSystemId, proof, origin, evidence } = command
  const { originVerification: demanded } = request
  requireThat(
    demanded !== undefined && request.artifact !== null && request.origin === null && request.plan === null,
    request,
    'An origin is recorded once, where it is demanded, after retrieval and before planning.',
  )
  const judged = demanded === undefined || origin === null ? [] : judgeOrigin(origin, demanded)
  const isJudged = command.checks.some(({ name }) => name === sourceSummaryCheck)
  const summary = demanded === undefined || origin === null || isJudged ? [] : demandedSummary(command.checks, demanded)
  const checks = [...command.checks, ...judged, ...summary]
  const facts = { trustedBuildSystemId, kind, checks: recordedChecks(checks), evidence }
  if (origin === null || failedChecks(checks).length > 0)
    return [{ type: 'OriginRejected', data: { schemaVersion: 1, ...facts } }]
  const people = command.peopleBehind.length === 0 ? {} : { peopleBehind: [...new Set(command.peopleBehind)].sort() }
  return [{ type: 'OriginVerified', data: { schemaVersion: 1, ...facts, proof, origin, ...people } }]
}

/** Once, between the origin and the plan. */
function recordBuildData(command: RecordBuildData, request: SigningRequest): readonly SigningRequestEvent[] {
  requireThat(
    isBuildDataDue(request) && request.plan === null,
    request,
    'Build data is added once, to a package whose origin was verified, before planning.',
  )
  return [buildDataAdded(command, retrieved(request))]
}

/** Once for each request that takes the artifact. */
function recordResubmission(
  { resubmission }: RecordResubmission,
  state: SigningRequestState,
): readonly SigningRequestEvent[] {
  const { signingRequestId: resubmittedAs, signingPolicyId, submitter: resubmittedBy, source } = resubmission
  const original = usableEarlierRequest(state, earlierRequestOf(source) ?? resubmittedAs, resubmission)
  requireThat(!original.resubmissions.includes(resubmittedAs), original, 'The resubmission was recorded already.')
  const data = { schemaVersion: 1, resubmittedAs, signingPolicyId, resubmittedBy }
  return [{ type: 'SigningRequestResubmitted', data }]
}

function startSigning(command: StartSigning, request: SigningRequest): readonly SigningRequestEvent[] {
  const { planDigest, certificateId, certificateThumbprint, keyId, statementKeyId } = command
  requireVerifiedOrigin(request)
  requireBuildData(request)
  if (request.plan?.digest !== planDigest)
    throw new Refusal('PLAN_DIGEST_MISMATCH', 'The plan made from the stored bytes is not the one that was recorded.', {
      expected: request.plan?.digest ?? null,
      actual: planDigest,
    })
  if (!quorumReached(request))
    throw new Refusal('QUORUM_NOT_REACHED', 'The request does not have the approvals that its policy demands.', {
      required: request.approval?.requiredApprovals ?? 0,
      given: request.approvals.length,
    })
  if (certificateId !== request.certificateId)
    throw new Refusal('CERTIFICATE_MISMATCH', 'The request was submitted for another certificate.')
  const attempt = request.attempts + 1
  return [
    {
      type: 'SigningStarted',
      data: {
        schemaVersion: 1,
        attempt,
        planDigest,
        certificateId,
        certificateThumbprint,
        keyId,
        ...(statementKeyId !== undefined && { statementKeyId }),
      },
    },
  ]
}

function recordSigned(command: RecordSigned, request: SigningRequest): readonly SigningRequestEvent[] {
  const { attempt, fileCount, manifestDigest, manifestDocument, files, signedArtifact, provenance } = command
  if (request.workflowStatus !== 'Processing' || attempt !== request.attempts)
    throw new Refusal('ATTEMPT_SUPERSEDED', `Attempt ${attempt} is not the one at work (${request.attempts}).`, {
      attempt,
      current: request.attempts,
    })
  if (fileCount !== request.plan?.fileCount)
    throw new Refusal('SIGNING_REQUEST_STATE', 'Not every file of the plan was signed.', { files: fileCount })
  if (request.origin?.verified && provenance === undefined)
    throw new Refusal('SIGNING_REQUEST_STATE', 'The origin was verified, and no provenance was signed.')
  const manifest = { fileCount, manifestDigest, manifestDocument, files: leadingFiles(files) }
  return [
    { type: 'FilesSigned', data: { schemaVersion: 1, attempt, ...manifest } },
    ...signedProvenance(attempt, provenance),
    { type: 'SigningRequestCompleted', data: { schemaVersion: 1, attempt, signedArtifact } },
  ]
}

function signedProvenance(attempt: number, provenance: SignedProvenance | undefined): readonly SigningRequestEvent[] {
  if (provenance === undefined) return []
  const { keyId, envelope, bundle } = provenance
  return [{ type: 'ProvenanceSigned', data: { schemaVersion: 1, attempt, keyId, envelope, bundle } }]
}

function deadlineFrom(at: Instant, seconds: number | null): Instant | null {
  return seconds === null ? null : new Date(Date.parse(at) + seconds * 1000).toISOString()
}

function requireThat(condition: boolean, request: SigningRequest, message: string): void {
  if (!condition)
    throw new Refusal('SIGNING_REQUEST_STATE', `${message} The request is ${request.workflowStatus}.`, {
      workflowStatus: request.workflowStatus,
    })
}
