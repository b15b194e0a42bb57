import { Context } from '@temporalio/activity'
import type { ArtifactStore, TreePlanning } from '../artifacts/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { attemptMail, type MailDependencies } from '../notifications/mail/index.ts'
import type { Origins } from '../origin/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import type { SignatureFormat } from '../signing/signature-format.ts'
import type { Sources } from '../sources/index.ts'
import { appendEvents } from './append-events.ts'
import { appendSubmission } from './append-submission.ts'
import type { BuildSystemSecrets } from './ask-build-system.ts'
import { attemptWebHookDelivery, type WebHookDeliveryDependencies } from './attempt-web-hook-delivery.ts'
import { addBuildData } from './build-data.ts'
import type {
  Answer,
  Answering,
  AnywhereActivities,
  DeliveryActivities,
  EnrolmentActivities,
  GrantActivities,
  LongStepActivities,
  MailActivities,
  RequestStep,
  ShortActivities,
  SignerActivities,
  SourceActivities,
  StepActivities,
} from './contract.ts'
import { type EstAuthorities, enrolCertificate } from './enrol-certificate.ts'
import { nonRetryableFailure, requireOpened, translated } from './failure.ts'
import { findInvalidApprovals } from './find-invalid-approvals.ts'
import { finishSource } from './finish-source.ts'
import { generateKey } from './generate-key.ts'
import { reporting, withHeartbeat } from './heartbeat.ts'
import { importKey } from './import-key.ts'
import { issueCertificate } from './issue-certificate.ts'
import { planSigning } from './plan-signing.ts'
import { readSigningRequest } from './read-signing-request.ts'
import { fetchArtifact, retrieveArtifact } from './retrieve-artifact.ts'
import { type SignerDependencies, sign } from './sign.ts'
import { useGrants } from './use-grants.ts'
import { type UseToken, verifyOrigin } from './verify-origin.ts'

export {
  askingAboutBuild,
  type BuildSystemSecretPlace,
  type BuildSystemSecrets,
} from './ask-build-system.ts'
export type { KeptAttempt, WebHookDeliveryDependencies } from './attempt-web-hook-delivery.ts'
export {
  type ActorCheck,
  type ActorChecks,
  actorChecks,
  checkUser,
  withAttribution,
} from './attribution.ts'
export { type AuthenticationCheck, authenticationChecks } from './check-authentication.ts'
export * from './contract.ts'
export type { EstAuthorities } from './enrol-certificate.ts'
export { buildArtifactFetcher } from './fetch-build-artifact.ts'
export type { SignerDependencies } from './sign.ts'
export type { UseToken } from './verify-origin.ts'

/** The activities of a worker process: everything that needs no key. */
export function workerActivities(dependencies: {
  readonly log: EventLog
  readonly store: ArtifactStore
  readonly sources: Pick<Sources, 'retrieve' | 'finished'>
  readonly passes: FilePasses
  /** What can be signed. */
  readonly formats: readonly SignatureFormat[]
  /** What is done with what is in artifacts. */
  readonly trees: TreePlanning
  readonly estServers: EstAuthorities
  /** The build systems that can be asked. */
  readonly origins: Pick<Origins, 'verify'>
  /** What is secret about builds. */
  readonly secrets: BuildSystemSecrets
  readonly useToken: UseToken
  readonly now: () => string
}): ShortActivities &
  StepActivities &
  GrantActivities &
  SourceActivities &
  Answering<LongStepActivities & AnywhereActivities & EnrolmentActivities> {
  const { log, store } = dependencies
  const retrieve = retrieveArtifact(dependencies)
  const plan = planSigning(dependencies)
  async function retrieveAndPlan(step: RequestStep) {
    await retrieve(step)
    return plan(step)
  }
  const findInvalid = findInvalidApprovals(log)
  return {
    retrieveArtifactAnywhere: answering(retrieve),
    retrieveAndPlanAnywhere: answering(retrieveAndPlan),
    findInvalidApprovalsAnywhere: answering(findInvalid),
    useGrants: translating(useGrants(dependencies)),
    finishSource: translating(finishSource(dependencies)),
    readSigningRequest: translating(readSigningRequest(log)),
    appendEvents: translating(appendEvents(log, store)),
    retrieveArtifact: translating(retrieve),
    fetchArtifact: answering(fetchArtifact(dependencies)),
    findInvalidApprovals: translating(findInvalid),
    verifyOrigin: answering(verifyOrigin(dependencies)),
    addBuildData: answering(addBuildData(dependencies)),
    planSigning: answering(plan),
    retrieveAndPlan: translating(retrieveAndPlan),
    appendSubmission: translating(appendSubmission(dependencies)),
    enrolCertificate: answering((input) =>
      withHeartbeat(({ signal }) => enrolCertificate(dependencies, input, signal), enrolmentLimit),
    ),
  }
}

/** What tells people and systems outside of the service something. Each call is short, and waits for others. */
export function deliveryActivities(dependencies: WebHookDeliveryDependencies): Answering<DeliveryActivities> {
  return {
    attemptWebHookDelivery: answering((input) =>
      withHeartbeat(({ signal }) => attemptWebHookDelivery(dependencies, input, signal)),
    ),
  }
}

/** Sends mails. Each call is short, and waits for a mail server. */
export function mailActivities(dependencies: MailDependencies): Answering<MailActivities> {
  return {
    attemptMail: answering((input) =>
      withHeartbeat(({ signal }) => attemptMail(dependencies, input, signal), mailLimit),
    ),
  }
}

/** A mail server that is slow is given up by then, with an answer that is kept. */
const mailLimit = 8 * 60_000

/**
 * The activities of a signer process.
 *
 * @param recordRefusal called for every signing that was refused for good, or because log or store were tampered with
 */
export function signerActivities(
  dependencies: SignerDependencies & {
    readonly recordRefusal: (
      command: string,
      subject: string,
      refusal: { readonly code: string; readonly message: string },
    ) => Promise<void>
  },
): Answering<SignerActivities> {
  const { recordRefusal } = dependencies
  async function recorded<Result>(command: string, subject: string, body: () => Promise<Result>): Promise<Result> {
    try {
      return await body()
    } catch (error) {
      const recordable = nonRetryableFailure(error) ?? tampering(error)
      if (recordable !== undefined) await recordRefusal(command, subject, recordable)
      throw error
    }
  }
  return {
    sign: answering((step) =>
      recorded('sign', step.signingRequestId, () =>
        withHeartbeat((work) => sign(observed(dependencies, work.progress), step, work)),
      ),
    ),
    generateKey: answering(({ keyId }) =>
      recorded('generateKey', keyId, () =>
        withHeartbeat(({ progress }) => generateKey(observed(dependencies, progress), keyId), keyGenerationLimit),
      ),
    ),
    importKey: answering(({ keyId, sealed }) =>
      recorded('importKey', keyId, () =>
        withHeartbeat(({ progress }) => importKey(observed(dependencies, progress), keyId, sealed), keyGenerationLimit),
      ),
    ),
    issueCertificate: answering(({ certificateId }) =>
      recorded('issueCertificate', certificateId, () =>
        withHeartbeat(({ progress }) => issueCertificate(observed(dependencies, progress), certificateId)),
      ),
    ),
  }
}

/** Codes that somebody must look at although the step is tried again: log or store were written to past the service, or hide something. */
const signsOfTampering = new Set(['EVENT_LOG_UNTRUSTED', 'EVENT_LOG_CORRUPT', 'ARTIFACT_CORRUPT'])

function tampering(error: unknown): { readonly code: string; readonly message: string } | undefined {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return undefined
  return signsOfTampering.has(error.code) ? { code: error.code, message: error.message } : undefined
}

/** Longer than an EST server may be given for two answers. */
const enrolmentLimit = 25 * 60_000

/** Longer than a token may take to make a key. The workflow's own time-out ends the activity before. */
const keyGenerationLimit = 2 * 60 * 60_000

/** What the signer works with, each part of it reporting progress. */
function observed<Dependencies extends SignerDependencies>(
  dependencies: Dependencies,
  progress: () => void,
): Dependencies {
  const { log, lastRevisions, store, keyStores, timestamps } = dependencies
  return {
    ...dependencies,
    log: reporting(log, progress),
    lastRevisions: (streamIds) => lastRevisions(streamIds).finally(progress),
    store: reporting(store, progress),
    keyStores: {
      ...keyStores,
      open: async (name) => reporting(await keyStores.open(name).finally(progress), progress),
    },
    timestamps: timestamps && {
      timestamp: (demand) => timestamps.timestamp({ ...demand, onProgress: progress }).finally(progress),
    },
  }
}

function translating<Input extends object, Result>(
  activity: (input: Input) => Promise<Result>,
): (input: Input) => Promise<Result> {
  return (input) =>
    translated(() => {
      requireOpened(input)
      return activity(input)
    })
}

/** As {@link translating}, for activities that workflows call in other processes. */
function answering<Input extends object, Result>(
  activity: (input: Input) => Promise<Result>,
): (input: Input) => Promise<Answer<Result>> {
  const translated = translating(activity)
  return async (input) => ({ answerTo: Context.current().info.activityId, result: await translated(input) })
}
