import {
  fold,
  type Instant,
  openSigningRequest,
  quorumReached,
  Refusal,
  requireActiveSubmitter,
  requireBuildData,
  requireRestrictionsMet,
  type SigningPolicySettings,
  type SigningRequest,
  type SigningRequestId,
  signingRequestDecider,
  streams,
  type UsableCertificate,
  type UsableKey,
  usableCertificate,
  userDecider,
} from '../domain/index.ts'
import {
  type EventLog,
  EventLogError,
  type RecordedEvent,
  readNamedStream,
  readWholeStream,
  type WholeStream,
} from '../event-log/index.ts'
import { checkApprovers } from './check-approvers.ts'
import { checkBuildSystem, checkLinkOfJob } from './check-build-system.ts'
import { checkConfiguration } from './check-configuration.ts'
import { checkEarlierRequest } from './check-earlier-request.ts'
import { checkOrigin } from './check-origin.ts'
import { checkPolicy, policyMismatch, requireApprovedRule } from './check-policy.ts'
import { requireApprovedAccount } from './check-rule-change.ts'
import { collectGrounds, type Grounds, type GroundsLog, type LastRevisions, stillStand } from './grounds.ts'
import { namesPeopleBehind } from './people-named.ts'
import { checkPeopleOfBuild } from './people-of-build.ts'
import { readCertificateAndKey } from './signing-key.ts'
import { readStatementKey } from './statement-key.ts'

/** A request that was signed already. */
export type Completed = {
  readonly kind: 'completed'
  /** The request's stream, whole. */
  readonly events: readonly RecordedEvent[]
}

/** A request that may be signed. The plan remains to be recomputed from the stored bytes. */
export type Authorised = {
  readonly kind: 'authorised'
  /** The request's stream, whole. */
  readonly events: readonly RecordedEvent[]
  readonly request: SigningRequest
  /** Which planner made the plan. */
  readonly plannerVersion: number
  /** What the next append to the request's stream has to expect: this rests on what is there now. */
  readonly revision: WholeStream['revision']
  /** The policy's, in the version at submission. */
  readonly settings: SigningPolicySettings
  readonly certificate: UsableCertificate
  /** The certificate's key, which is the one that it was issued for. */
  readonly key: UsableKey
  /** What signs where it comes from, where that is another key. */
  readonly statementKey: UsableKey | null
  /** What was read for this. As long as nothing is added to it, it holds; only time passes. */
  readonly grounds: Grounds
}

/** What the log says about signing a request now. */
export type Authorisation = Completed | Authorised

/** What an authorisation is asked of. */
export type AuthorisationSources = {
  /** What is read in it a process of the service wrote. */
  readonly log: EventLog
  /** Where streams of the same log end now. */
  readonly lastRevisions: LastRevisions
  readonly now: () => Instant
}

/**
 * Asks the log, and nothing else, whether a request may be signed now (law 1): its own stream, and those of its policy,
 * project, submitter, certificate, key and approvers, and the groups that name these, folded with the domain's code.
 *
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `SIGNING_REQUEST_FINAL`, `CANCELLATION_DUE`,
 *   `QUORUM_NOT_REACHED`, `POLICY_MISMATCH`, `EARLIER_REQUEST_NOT_USABLE`,
 *   `SIGNING_POLICY_INACTIVE`, `PROJECT_INACTIVE`, `ARTIFACT_CONFIGURATION_INACTIVE`, `SUBMITTER_UNKNOWN`, `SUBMITTER_DEACTIVATED`, `CERTIFICATE_…`,
 *   `KEY_NOT_FOUND`, `KEY_NOT_READY`, `KEY_DISABLED`, `KEY_MISMATCH`, `APPROVER_UNKNOWN`, `APPROVER_DEACTIVATED`,
 *   `APPROVER_NOT_IN_GROUP`, `APPROVAL_NOT_BY_APPROVER`, `APPROVAL_FROM_BUILD`, `APPROVAL_NOT_BY_GRANT`, `GRANT_REVOKED`,
 *   `SUBMITTER_NOT_CI_USER`, `TRUSTED_BUILD_SYSTEM_…`, `ORIGIN_NOT_VERIFIED`,
 *   `BUILD_DATA_NOT_ADDED`, `RULE_CHANGE_NOT_APPROVED`
 */
export async function authoriseSigning(
  sources: Pick<AuthorisationSources, 'log' | 'now'>,
  signingRequestId: SigningRequestId,
): Promise<Authorisation> {
  const { log, grounds } = collectGrounds(sources.log)
  const { events, revision } = await readWholeStream(log, streams.signingRequest(signingRequestId))
  const state = fold(signingRequestDecider, events)
  if (state.workflowStatus === 'Completed') return { kind: 'completed', events }
  const request = openSigningRequest(state)
  requireInTime(request, sources.now())
  if (request.plan === null || !quorumReached(request))
    throw new Refusal('QUORUM_NOT_REACHED', 'The log does not hold the approvals that the policy demands.', {
      required: request.approval?.requiredApprovals ?? 0,
      given: request.approvals.length,
    })
  const [submission] = events
  const { settings, projectEvents } = await checkPolicy(log, request, submission)
  await checkSubmitter(log, request, submission)
  if (submission !== undefined) {
    const earlier = await checkEarlierRequest(log, request, submission)
    await checkConfiguration(log, request, submission, { projectEvents, earlier })
    if (settings.trustedBuildSystemRequired)
      await checkBuildSystem(log, request, earlier?.first.submission ?? submission)
    await checkOrigin(log, request, settings, submission, earlier)
    await checkPeopleOfBuild(log, request, events)
  }
  requireBuildData(request)
  await checkApprovers(log, request, events)
  const { certificate, key } = await readCertificateAndKey(
    log,
    request.certificateId,
    sources.now(),
    request.plan.certificateThumbprint,
  )
  if (certificate.organizationId !== request.organizationId) throw policyMismatch('certificate')
  await checkCertificateRules(log, request)
  requireRestrictionsMet(certificate, request, "the request's signing policy")
  const statementKey = await readStatementKey(log, request)
  const { plannerVersion } = request.plan
  const signer = { certificate, key, statementKey }
  return { kind: 'authorised', events, request, plannerVersion, revision, settings, ...signer, grounds }
}

/**
 * A request that its submission wanted final by now is canceled by the workflow; until that has happened it is signed no more.
 *
 * @throws Refusal `CANCELLATION_DUE`
 */
function requireInTime({ cancelAt }: Pick<SigningRequest, 'cancelAt'>, now: Instant): void {
  if (cancelAt === undefined || Date.parse(now) < Date.parse(cancelAt)) return
  throw new Refusal('CANCELLATION_DUE', `The request was to be final by ${cancelAt}, and is about to be canceled.`, {
    cancelAt,
  })
}

/**
 * Asks whether an authorisation still holds. When nothing was added to the streams that it rests on, it does, as long as
 * its certificate is valid and its time has not passed; otherwise everything is read and decided again.
 *
 * @throws Refusal as {@link authoriseSigning}
 */
export async function renewAuthorisation(
  { log, lastRevisions, now }: AuthorisationSources,
  authorised: Authorised,
): Promise<Authorisation> {
  if (!(await stillStand(authorised.grounds, lastRevisions)))
    return authoriseSigning({ log, now }, authorised.request.signingRequestId)
  usableCertificate(authorised.certificate, now())
  requireInTime(authorised.request, now())
  return authorised
}

/**
 * Asks the same for an attempt to sign that was begun: it must also be the last that was.
 *
 * @param attempt as `SigningStarted` says
 * @throws Refusal as {@link authoriseSigning}
 * @throws EventLogError `EVENT_LOG_WRONG_EXPECTED_REVISION` when another attempt was begun, or has completed
 */
export async function renewAttempt(
  sources: AuthorisationSources,
  authorised: Authorised,
  attempt: number,
): Promise<Authorised> {
  const renewed = await renewAuthorisation(sources, authorised)
  if (renewed.kind === 'authorised' && renewed.request.attempts === attempt) return renewed
  throw new EventLogError(
    'EVENT_LOG_WRONG_EXPECTED_REVISION',
    `Attempt ${attempt} to sign ${authorised.request.signingRequestId} is not the last one any more.`,
  )
}

/** The authorisation of a request to whose stream this signer itself has added something. */
export function advanced(
  authorised: Authorised,
  request: SigningRequest,
  revision: WholeStream['revision'],
): Authorised {
  const grounds = new Map(authorised.grounds).set(streams.signingRequest(request.signingRequestId), revision)
  return { ...authorised, request, revision, grounds }
}

async function checkSubmitter(
  log: GroundsLog,
  request: SigningRequest,
  submission: RecordedEvent | undefined,
): Promise<void> {
  const { events } = await readWholeStream(log, streams.user(request.submitter))
  requireActiveSubmitter(fold(userDecider, events), request)
  if (submission === undefined) return
  await requireApprovedAccount(log, request.organizationId, events, submission)
  await checkLinkOfJob(log, request, submission)
  // Approvals of these people are not counted as far as the request names them.
  const { submitter, peopleBehind = [] } = request
  if (!(await namesPeopleBehind(log, submitter, peopleBehind, submission))) throw policyMismatch('peopleBehind')
}

/** That the certificate can be used, and for what, must have been decided as the organization demanded it then. */
async function checkCertificateRules(log: GroundsLog, request: SigningRequest): Promise<void> {
  const { events } = await readNamedStream(log, streams.certificate(request.certificateId))
  for (const rule of ['CertificateEnabled', 'CertificateRestrictionsChanged'])
    await requireApprovedRule(
      log,
      request,
      events.findLast(({ type }) => type === rule),
    )
}
