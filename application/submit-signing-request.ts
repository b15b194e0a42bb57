import { randomUUID } from 'node:crypto'
import {
  hashesOf,
  knownArtifact,
  peopleBehindResubmission,
  Refusal,
  requireHashSigning,
  requireKeyForHashes,
  type SigningRequestId,
  type Submission,
  type SubmitSigningRequest,
  signingRequestDecider,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { Change } from '../workflows/port.ts'
import { type Caller, initiatorOf } from './caller.ts'
import type { SigningRequestChanged } from './change-signing-request.ts'
import { checkChoices } from './check-submission.ts'
import { chosenConfiguration, refuseConfiguration } from './chosen-configuration.ts'
import { secretsOfBuild, verifyBuild } from './claimed-build.ts'
import { filesOf } from './claimed-origin.ts'
import { earlierRequestsOf } from './earlier-requests.ts'
import { keepingSecrets } from './kept-secrets.ts'
import type { ApplicationDependencies } from './ports.ts'
import { peopleBehindCaller } from './principals.ts'
import { requireSourceSummaries } from './source-summaries.ts'
import type { SubmitSigningRequestInput } from './submission.ts'
import { requestIdOfKey, sourceContext, submittedBefore } from './submitted-before.ts'
import { useJob } from './submitting-job.ts'

/** Has a workflow record a submission; answers where the log was then. */
export type SendSubmission = (
  signingRequestId: SigningRequestId,
  change: Change<SubmitSigningRequest>,
) => Promise<{ readonly position: LogPosition }>

/**
 * Submits an artifact: everything that can be checked is checked before a request exists. With an idempotency key
 * the request's id follows from it, so that a second submission, also one at the same moment, finds the first.
 */
export async function submitSigningRequest(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: SubmitSigningRequestInput,
  send: SendSubmission = (id, change) => dependencies.workflows.submit(id, change),
): Promise<SigningRequestChanged> {
  const { idempotencyKey: key = null } = input
  if (key === null) return submit(dependencies, caller, input, randomUUID() as SigningRequestId, send)
  const signingRequestId = requestIdOfKey(caller, key)
  const before = async () => {
    const found = await submittedBefore(dependencies, caller, input, signingRequestId)
    if (found !== undefined) await noteAccepted(dependencies, input)
    return found
  }
  const first = await before()
  if (first !== undefined) return first
  try {
    return await submit(dependencies, caller, input, signingRequestId, send)
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'SIGNING_REQUEST_EXISTS')) throw error
    const twin = await before()
    if (twin === undefined) throw error
    return twin
  }
}

async function submit(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: SubmitSigningRequestInput,
  signingRequestId: SigningRequestId,
  send: SendSubmission,
): Promise<SigningRequestChanged> {
  const { sources } = dependencies
  const earlier = await earlierRequestsOf(dependencies.log, caller, input.source)
  const checked = await checkChoices(dependencies, caller, input, earlier)
  const { project, policy, existingSignatures, description, version, origin, cancelAt, keyAlgorithm } = checked
  const { originVerification, build } = checked
  await requireSourceSummaries(dependencies, checked, earlier)
  const { certificateId, approval, timestamp } = policy.settings
  const behindCaller = await peopleBehindCaller(dependencies.log, caller)
  const behind = earlier ? peopleBehindResubmission(caller.userId, behindCaller, earlier) : behindCaller
  const context = sourceContext(caller, project)
  const source = await sources.check(input.source, context)
  const hashes = hashesOf(source)
  if (hashes !== undefined) {
    requireHashSigning(hashes, policy.settings)
    requireKeyForHashes(hashes, keyAlgorithm)
    refuseConfiguration(input)
  }
  const configuration = hashes === undefined ? await chosenConfiguration(dependencies, project, input, earlier) : null

  const submission: Submission = {
    signingRequestId,
    organizationId: caller.organizationId,
    projectId: project.projectId,
    signingPolicyId: policy.signingPolicyId,
    signingPolicyVersion: policy.version,
    certificateId,
    approval,
    timestamp,
    existingSignatures,
    submitter: caller.userId,
    ...(behind.length === 0 ? {} : { peopleBehind: behind }),
    description,
    ...(version === null ? {} : { version }),
    ...(origin === null ? {} : { claimedOrigin: origin }),
    ...(originVerification === null ? {} : { originVerification }),
    ...(build.reference === null ? {} : { build: build.reference }),
    ...(configuration === null ? {} : { artifactConfiguration: configuration }),
    source,
    program: { description: project.name, descriptionUrl: project.repositoryUrl },
    ...(cancelAt === null ? {} : { cancelAt }),
  }
  signingRequestDecider.decide({ type: 'SubmitSigningRequest', submission }, signingRequestDecider.initialState())
  const artifact = knownArtifact({ source, artifact: null })
  const isWhole = input.isBuildCheckedFirst ?? false
  await verifyBuild(dependencies, caller, checked, { signingRequestId, artifact, isWhole })
  await useJob(dependencies, caller, { signingRequestId, project, artifact, isComparedLater: checked.asked !== null })
  const secrets = secretsOfBuild(caller.organizationId, build, dependencies.now())
  const { position } = await keepingSecrets(dependencies, secrets, async () => {
    const withSecrets = { ...submission, source: await sources.keepSecrets(source, input.source, context) }
    const command = { type: 'SubmitSigningRequest', submission: withSecrets } as const
    return send(signingRequestId, { command, initiator: initiatorOf(caller) })
  })
  await noteAccepted(dependencies, input)
  return { signingRequestId, position }
}

/** The request is there, whatever becomes of this: an upload that still counts does so until it expires. */
async function noteAccepted(
  { sources }: Pick<ApplicationDependencies, 'sources'>,
  { source, origin }: SubmitSigningRequestInput,
): Promise<void> {
  for (const file of [source, ...filesOf(origin)]) await sources.accepted(file).catch(() => undefined)
}
