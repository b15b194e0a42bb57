import {
  activeProject,
  activeSigningPolicy,
  type ClaimedOrigin,
  certificateDecider,
  chosenTreatment,
  currentVersion,
  type DemandedOrigin,
  type EarlierRequests,
  type ExistingSignatureTreatment,
  type Instant,
  isAskedKind,
  type KeyAlgorithm,
  keyDecider,
  mayBeHashDocument,
  type Project,
  type ProjectId,
  parseFileName,
  parseText,
  parseVersion,
  Refusal,
  relationsToPolicy,
  requireRepository,
  requireRestrictionsMet,
  requireTrustedBuildSystem,
  requireUsableClaim,
  requireVerifiedOrigin,
  type SigningPolicyId,
  type SigningPolicySettings,
  signingRequestDecider,
  streams,
  type TrustedBuildSystem,
  type TrustedBuildSystemKind,
  trustedBuildSystemDecider,
  usableCertificate,
  usableKey,
} from '../domain/index.ts'
import type { EventLog, RecordedEvent } from '../event-log/index.ts'
import { authorize } from './authorize.ts'
import type { Caller } from './caller.ts'
import { chosenConfiguration } from './chosen-configuration.ts'
import { type CheckedBuild, claimedBuild, noBuild, verifyBuild } from './claimed-build.ts'
import { claimedOrigin } from './claimed-origin.ts'
import { broughtInBy } from './earlier-requests.ts'
import { load, loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { principalFor } from './principals.ts'
import type { CanSubmitInput, SubmissionCheck, SubmissionChoices } from './submission.ts'
import { findTarget } from './submission-target.ts'
import { requestIdOfKey } from './submitted-before.ts'

/** What a submission may do: everything that does not depend on its artifact has been checked. */
export type CheckedChoices = CheckedBuild & {
  readonly project: Project
  readonly policy: {
    readonly signingPolicyId: SigningPolicyId
    readonly version: number
    readonly settings: SigningPolicySettings
  }
  readonly existingSignatures: ExistingSignatureTreatment
  readonly description: string | null
  readonly version: string | null
  /** Where the artifact comes from, as its event will say it. */
  readonly origin: ClaimedOrigin | null
  /** What policy and project demand of the origin; `null` where it is not verified. */
  readonly originVerification: DemandedOrigin | null
  /** When the service cancels the request, if it is not final by then. */
  readonly cancelAt: Instant | null
  /** Of the key that the policy signs with. */
  readonly keyAlgorithm: KeyAlgorithm
}

/**
 * Holds what a submission asks for against project, policy, certificate, key and the caller's permission, as the log has them
 * at this moment. Submitting and asking beforehand both come through here, so they refuse the same.
 *
 * @param earlier what a resubmission goes back to: where the policy demands a trusted build system, it must have vouched for that
 * @throws Refusal `PROJECT_NOT_FOUND`, `PROJECT_INACTIVE`, `SIGNING_POLICY_NOT_FOUND`, `SIGNING_POLICY_INACTIVE`,
 *   `FORBIDDEN`, `SUBMITTER_NOT_CI_USER`, `TRUSTED_BUILD_SYSTEM_…`, `PROJECT_REPOSITORY_NEEDED`, `ORIGIN_NOT_VERIFIED`,
 *   `ORIGIN_NODE_UNKNOWN`, `ORIGIN_CLAIM_INCOMPLETE`, `EXISTING_SIGNATURES_NOT_ALLOWED`, `CERTIFICATE_…`, `KEY_…`,
 *   `TEXT_TOO_LONG`, `TEXT_MALFORMED`, `NAME_MALFORMED`, `CANCELLATION_TIMEOUT_INVALID`; as {@link claimedOrigin} and {@link claimedBuild}
 */
export async function checkChoices(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now' | 'sources' | 'buildSystems'>,
  caller: Caller,
  choices: SubmissionChoices,
  earlier?: EarlierRequests<RecordedEvent>,
): Promise<CheckedChoices> {
  const { log, now } = dependencies
  const target = await findTarget(dependencies, caller, choices)
  const project = activeProject(target.project)
  const policy = activeSigningPolicy(target.policy)
  const { settings } = currentVersion(policy)
  const principal = await principalFor(log, caller, settings.submitters)
  authorize(caller, 'submitSigningRequest', relationsToPolicy(principal, settings))
  const { originVerification } = settings
  const demanded = originVerification && {
    ...originVerification,
    repositoryUrl: requireRepository(project.repositoryUrl),
  }
  const isOriginVerified = originVerification !== undefined
  const vouching = { projectId: project.projectId, isOriginVerified }
  const system = settings.trustedBuildSystemRequired && (await requireVouched(log, caller, vouching, earlier))
  const existingSignatures = chosenTreatment(settings.existingSignatures, choices.existingSignatures ?? null)
  const description = parseText(choices.description, 'The description')
  const version = parseVersion(choices.version ?? null)
  const certificateState = (await load(log, streams.certificate(settings.certificateId), certificateDecider)).state
  const certificate = usableCertificate(certificateState, now())
  requireRestrictionsMet(certificate, settings, `the signing policy ${settings.name}`)
  const key = usableKey((await load(log, streams.key(certificate.keyId), keyDecider)).state, certificate.name)
  // A resubmission has the origin of its original, whoever submits again.
  const origin = earlier
    ? (earlier.original.request.claimedOrigin ?? null)
    : await claimedOrigin(dependencies, caller, choices, project)
  if (demanded !== undefined && earlier !== undefined) {
    // Its summaries are judged by this policy's rule, whatever the first one demanded.
    const { sourceSummary: _, ...originVerification } = demanded
    requireVerifiedOrigin({ originVerification, origin: earlier.first.request.origin })
  } else if (demanded !== undefined) requireOrigin(origin, caller, system ? system.kind : undefined)
  const isAsked = demanded !== undefined && earlier === undefined && system && isAskedKind(system.kind)
  const asked = isAsked ? system : null
  const build = earlier ? noBuild : await claimedBuild(dependencies, caller, choices, project, asked)
  const cancelAt = cancelMoment(choices.cancelAfterSeconds ?? null, now())
  const inForce = { signingPolicyId: policy.signingPolicyId, ...currentVersion(policy) }
  const said = { description, version, origin, build, cancelAt }
  return {
    project,
    policy: inForce,
    existingSignatures,
    ...said,
    originVerification: demanded ?? null,
    asked,
    signingPolicySlug: policy.slug,
    keyAlgorithm: key.algorithm,
  }
}

/**
 * Where an origin is demanded, a submission must say one that can be verified. Whether policy and project allow it, and what its
 * build system confirms, is asked once the artifact is there.
 *
 * @throws Refusal `ORIGIN_NOT_VERIFIED`; as {@link requireUsableClaim}
 */
function requireOrigin(
  claimed: ClaimedOrigin | null,
  { vouchedBy }: Caller,
  kind: TrustedBuildSystemKind | undefined,
): void {
  if (kind === undefined)
    throw new Refusal(
      'ORIGIN_NOT_VERIFIED',
      'The signing policy demands a verified origin, and no trusted build system says where the artifact comes from.',
    )
  requireUsableClaim(kind, claimed, vouchedBy?.node ?? null)
}

/** The longest that a request may be given until it is canceled, in seconds: a year. */
const longestCancellation = 366 * 24 * 3_600

/** @throws Refusal `CANCELLATION_TIMEOUT_INVALID` */
function cancelMoment(seconds: number | null, now: Instant): Instant | null {
  if (seconds === null) return null
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > longestCancellation)
    throw new Refusal(
      'CANCELLATION_TIMEOUT_INVALID',
      `A request is canceled after a whole number of seconds from 1 to ${longestCancellation}; got ${seconds}.`,
    )
  return new Date(Date.parse(now) + seconds * 1_000).toISOString()
}

/**
 * What a policy demands that takes only what a trusted build system vouches for.
 *
 * @returns the build system that does
 * @throws Refusal as {@link requireTrustedBuildSystem}
 */
async function requireVouched(
  log: EventLog,
  caller: Caller,
  vouching: { readonly projectId: ProjectId; readonly isOriginVerified: boolean },
  earlier: EarlierRequests<RecordedEvent> | undefined,
): Promise<TrustedBuildSystem> {
  const { kind, vouchedBy } = await broughtInBy(log, caller, earlier)
  const submitterKind = caller.kind === 'ci' ? kind : caller.kind
  const system =
    vouchedBy &&
    (await loadOwn(log, streams.trustedBuildSystem(vouchedBy.trustedBuildSystemId), trustedBuildSystemDecider, caller))
  return requireTrustedBuildSystem({
    submitterKind,
    vouchedBy: system?.state ?? null,
    method: vouchedBy?.proof.method,
    isResubmission: earlier !== undefined,
    ...vouching,
  })
}

/**
 * Says before its bytes are sent whether an artifact would be taken: whatever can be refused without them is refused here.
 * A submission whose idempotency key has a request already is taken whatever has changed since.
 *
 * @throws Refusal as {@link checkChoices} and {@link chosenConfiguration}; `IDEMPOTENCY_KEY_MALFORMED`, `FILE_NAME_MALFORMED`,
 *   `ARTIFACT_TOO_LARGE`, `UPLOAD_EMPTY`; of the first bytes `FIRST_BYTES_MALFORMED`, `FORMAT_NOT_SUPPORTED`, `FILE_ALREADY_SIGNED`,
 *   `KEY_ALGORITHM_UNSUITABLE`, `TIMESTAMP_NOT_POSSIBLE` and the codes of the format
 */
export async function canSubmit(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: CanSubmitInput,
): Promise<SubmissionCheck> {
  const { log, uploads, checkHeader } = dependencies
  const { idempotencyKey: key = null, size, firstBytes } = input
  if (key !== null) {
    const signingRequestId = requestIdOfKey(caller, key)
    const { state } = await load(log, streams.signingRequest(signingRequestId), signingRequestDecider)
    if (state.workflowStatus !== 'none') return { signingRequestId }
  }
  const checked = await checkChoices(dependencies, caller, input)
  const { existingSignatures, policy, keyAlgorithm } = checked
  const fileName = parseFileName(input.fileName)
  await uploads.admit({ ...caller, size })
  await verifyBuild(dependencies, caller, checked, { signingRequestId: null, artifact: null })
  if (firstBytes !== null && firstBytes.length > Math.min(size, longestHeader))
    throw new Refusal(
      'FIRST_BYTES_MALFORMED',
      `The first bytes must be no more than ${longestHeader}, and no more than the file has (${size}); got ${firstBytes.length}.`,
    )
  // Whether it asks for hashes is read of all of it. It is of no format, and a policy that signs files only refuses it for that.
  if (firstBytes !== null && policy.settings.hashSigningAllowed && mayBeHashDocument(firstBytes))
    return { signingRequestId: null }
  const configuration = await chosenConfiguration(dependencies, checked.project, input)
  // What of its formats a configuration takes in is seen when it is planned.
  if (firstBytes === null || configuration !== null) return { signingRequestId: null }
  const signedBy = { keyAlgorithm, timestamp: policy.settings.timestamp }
  await checkHeader({ fileName, size, firstBytes, existingSignatures, signedBy })
  return { signingRequestId: null }
}

/** The most bytes of a file's beginning that are looked at. */
const longestHeader = 64 * 1024
