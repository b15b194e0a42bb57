import {
  activeProject,
  activeSigningPolicy,
  canonicalJson,
  fold,
  hashesOf,
  projectDecider,
  Refusal,
  requireHashSigning,
  type SigningPolicySettings,
  type SigningRequest,
  signingPolicyDecider,
  streams,
} from '../domain/index.ts'
import { type RecordedEvent, readNamedStream } from '../event-log/index.ts'
import { longestDelay } from './call-delay.ts'
import { isNamed } from './check-approvers.ts'
import { requireApprovedChange } from './check-rule-change.ts'
import type { GroundsLog } from './grounds.ts'

/**
 * The request must say what the policy's version at submission said, which must have named its submitter, and policy and
 * project must still be in use.
 *
 * @param submission the event with which the request began
 * @returns what the policy's version at submission demands, and the project's stream
 * @throws Refusal `POLICY_MISMATCH`, `HASH_SIGNING_NOT_ALLOWED`, `HASH_ALGORITHM_NOT_ALLOWED`, `SIGNING_POLICY_INACTIVE`,
 *   `PROJECT_INACTIVE`, `RULE_CHANGE_NOT_APPROVED`
 */
export async function checkPolicy(
  log: GroundsLog,
  request: SigningRequest,
  submission: RecordedEvent | undefined,
): Promise<{ readonly settings: SigningPolicySettings; readonly projectEvents: readonly RecordedEvent[] }> {
  const { events } = await readNamedStream(log, streams.signingPolicy(request.signingPolicyId))
  const policy = activeSigningPolicy(fold(signingPolicyDecider, events))
  const settings = policy.versions[request.signingPolicyVersion - 1]
  const versions = events.filter(({ type }, index) => index === 0 || type === 'SigningPolicyChanged')
  const version = versionInForce(versions, request.signingPolicyVersion, submission)
  if (settings === undefined || version === undefined) throw policyMismatch('version')
  const { certificateId, approval, timestamp, existingSignatures, submitters } = settings
  const differing = Object.entries({
    projectId: policy.projectId === request.projectId,
    organizationId: policy.organizationId === request.organizationId,
    certificateId: certificateId === request.certificateId,
    approval: canonicalJson(approval) === canonicalJson(request.approval),
    timestamp: timestamp === request.timestamp,
    existingSignatures: existingSignatures.includes(request.existingSignatures),
    submitter: await isNamed(log, request, submitters, request.submitter, [submission]),
  }).find(([, same]) => !same)
  if (differing !== undefined) throw policyMismatch(differing[0])
  const hashes = hashesOf(request.source)
  if (hashes !== undefined) requireHashSigning(hashes, settings)
  await requireApprovedRule(log, request, version)
  await requireApprovedRule(
    log,
    request,
    events.findLast(({ type }) => type === 'SigningPolicyReactivated'),
  )

  const { events: projectEvents } = await readNamedStream(log, streams.project(request.projectId))
  const project = activeProject(fold(projectDecider, projectEvents))
  if (project.organizationId !== request.organizationId) throw policyMismatch('project')
  await requireApprovedRule(
    log,
    request,
    projectEvents.findLast(({ type }) => type === 'ProjectReactivated'),
  )
  // What the signature says of the repository, it says as the project had it at submission.
  await requireApprovedRule(
    log,
    request,
    projectEvents.findLast(
      ({ type, position }) =>
        type === 'ProjectRepositoryChanged' && (submission === undefined || position < submission.position),
    ),
  )
  return { settings, projectEvents }
}

/**
 * The event that made a version, by its place among those that make versions, as folding counts them. The version
 * must have been in force when the request was submitted, or shortly before: the call may have been under way. Otherwise
 * whoever can start workflows could have signed by a version that was given up.
 *
 * @param versions the events that make versions, in their order
 */
export function versionInForce(
  versions: readonly RecordedEvent[],
  version: number,
  submission: RecordedEvent | undefined,
): RecordedEvent | undefined {
  const [made, next] = versions.slice(version - 1, version + 1)
  if (made === undefined || submission === undefined) return undefined
  const isOver =
    next !== undefined &&
    next.position < submission.position &&
    Date.parse(next.metadata.occurredAt) <= Date.parse(submission.metadata.occurredAt) - longestDelay
  return isOver || made.position > submission.position ? undefined : made
}

/** What a request rests on must have become a rule as the organization demanded it then. */
export async function requireApprovedRule(
  log: GroundsLog,
  { organizationId }: SigningRequest,
  change: RecordedEvent | undefined,
): Promise<void> {
  if (change !== undefined) await requireApprovedChange(log, organizationId, change)
}

/** The refusal of a request that does not say what its policy says. */
export function policyMismatch(what: string): Refusal {
  return new Refusal('POLICY_MISMATCH', `The request does not agree with its signing policy: ${what}.`, { what })
}
