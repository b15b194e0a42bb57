import {
  activeArtifactConfiguration,
  artifactConfigurationDecider,
  canonicalJson,
  type DefaultArtifactConfigurationChanged,
  type EarlierRequests,
  fold,
  hashesOf,
  type SigningRequest,
  streams,
} from '../domain/index.ts'
import { type RecordedEvent, readNamedStream } from '../event-log/index.ts'
import { latest } from './call-delay.ts'
import { policyMismatch, requireApprovedRule, versionInForce } from './check-policy.ts'
import type { GroundsLog } from './grounds.ts'

/**
 * What a request says of artifact configurations must be what the rules were: the version that it names was in force when it was
 * submitted, or is that of the request whose artifact it takes again, became so as the organization demanded, and is of its project; and
 * the configuration is still in use. A request that names none had no default to be planned by.
 *
 * @param submission the event with which the request began
 * @param projectEvents the stream of its project
 * @param earlier what it goes back to, if it takes an artifact again
 * @throws Refusal `POLICY_MISMATCH`, `ARTIFACT_CONFIGURATION_NOT_FOUND`, `ARTIFACT_CONFIGURATION_INACTIVE`, `RULE_CHANGE_NOT_APPROVED`
 */
export async function checkConfiguration(
  log: GroundsLog,
  request: SigningRequest,
  submission: RecordedEvent,
  { projectEvents, earlier }: { projectEvents: readonly RecordedEvent[]; earlier: EarlierRequests | undefined },
): Promise<void> {
  const { artifactConfiguration: named } = request
  if (named === undefined) return checkThatNone(log, request, submission, { projectEvents, earlier })
  if (hashesOf(request.source) !== undefined) throw policyMismatch('artifactConfiguration')
  const { events } = await readNamedStream(log, streams.artifactConfiguration(named.artifactConfigurationId))
  const configuration = activeArtifactConfiguration(fold(artifactConfigurationDecider, events))
  const { projectId, organizationId, versions } = configuration
  const documentDigest = versions[named.version - 1]?.documentDigest
  const isOfProject = projectId === request.projectId && organizationId === request.organizationId
  if (!isOfProject || documentDigest !== named.documentDigest) throw policyMismatch('artifactConfiguration')
  const made = events.filter(({ type }, index) => index === 0 || type === 'ArtifactConfigurationChanged')
  const kept = earlier?.original.request.artifactConfiguration
  const isKept =
    kept !== undefined && canonicalJson({ ...kept, parameters: {} }) === canonicalJson({ ...named, parameters: {} })
  const version = isKept ? made[named.version - 1] : versionInForce(made, named.version, submission)
  if (version === undefined) throw policyMismatch('artifactConfiguration')
  await requireApprovedRule(log, request, version)
  await requireApprovedRule(
    log,
    request,
    events.findLast(({ type }) => type === 'ArtifactConfigurationReactivated'),
  )
}

/** Whoever can start workflows could otherwise have an artifact signed otherwise than its project says. */
async function checkThatNone(
  log: GroundsLog,
  request: SigningRequest,
  submission: RecordedEvent,
  { projectEvents, earlier }: { projectEvents: readonly RecordedEvent[]; earlier: EarlierRequests | undefined },
): Promise<void> {
  if (hashesOf(request.source) !== undefined) return
  if (earlier !== undefined) {
    if (earlier.original.request.artifactConfiguration !== undefined) throw policyMismatch('artifactConfiguration')
    return
  }
  const changes = projectEvents.filter(
    ({ type, position }) => type === 'DefaultArtifactConfigurationChanged' && position < submission.position,
  )
  const last = changes.at(-1)
  // The call may have been under way when the project got its first default.
  const isNew = (change: RecordedEvent) => Date.parse(change.metadata.occurredAt) > latest(submission)
  if (last === undefined || (changes.length === 1 && isNew(last))) return
  const none = [last, ...(isNew(last) ? changes.slice(-2, -1) : [])].find(
    ({ data }) => (data as DefaultArtifactConfigurationChanged['data']).artifactConfigurationId === null,
  )
  if (none === undefined) throw policyMismatch('artifactConfiguration')
  await requireApprovedRule(log, request, none)
}
