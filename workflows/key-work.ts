import { CancellationScope, continueAsNew, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow'
import type { Answering, EnrolmentActivities, SealedKey, SignerActivities } from '../activities/contract.ts'
import { type CertificateId, type KeyId, parseId, pauseAfter, Refusal } from '../domain/index.ts'
import { callActivity } from './call-activity.ts'
import {
  type Changed,
  enrolCertificateId,
  generateKeyId,
  importKeyId,
  issueCertificateId,
  signerTaskQueue,
} from './contract.ts'
import { failureFromRefusal } from './refusals.ts'
import { stepFailure } from './step-failure.ts'

const signer = proxyActivities<Answering<SignerActivities>>({
  taskQueue: signerTaskQueue,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 1 },
})

/**
 * Has the signer do what the key's stream asks for: make it, prepare its import, destroy it. Tries again for as long as it fails for a passing reason.
 *
 * @throws ApplicationFailure of the code of what lasts, and `ID_MALFORMED` when the workflow's id is none of a key
 */
export function generateKey(): Promise<Changed> {
  return untilDone(
    () => {
      const keyId = ownId<KeyId>(generateKeyId, 'key')
      return callActivity('generateKey', signer.generateKey, { keyId })
    },
    () => continueAsNew<typeof generateKey>(),
  )
}

/** Somebody waits for it, and what was sent must not stay on its way for long: tries within about a minute. */
const mostImportAttempts = 6

/**
 * Has the signer bring a private key in that somebody sent, encrypted for its transport key. What fails is told to them after a
 * few tries: the key is in no log, and only they can send it again.
 *
 * @throws ApplicationFailure of the code of the last failure, and `ID_MALFORMED` when the workflow's id is none of an import
 */
export function importKey(sealed: SealedKey): Promise<Changed> {
  const keyId = ownId<KeyId>(importKeyId, 'key')
  return CancellationScope.nonCancellable(async () => {
    for (let failures = 1; ; failures += 1)
      try {
        return await callActivity('importKey', signer.importKey, { keyId, sealed })
      } catch (error) {
        const { code, message, retryAfterMs } = stepFailure(error)
        const isOver = failures === mostImportAttempts || importFaults.has(code)
        if (isOver) throw failureFromRefusal(new Refusal(code, message))
        await sleep(Math.max(pauseAfter(backoff, failures), retryAfterMs))
      }
  })
}

/** What would fail again with what was sent. */
const importFaults = new Set([
  'PKCS11_UNWRAP_FAILED',
  'PKCS11_KEY_NOT_PAIRED',
  'PKCS11_KEY_UNSUPPORTED',
  'PKCS11_MECHANISM_UNKNOWN',
  'KEY_DISABLED',
  'KEY_NOT_FOUND',
  'KEY_NOT_READY',
  'KEY_STATE',
])

/**
 * Has the signer make the certificate that the certificate's stream asks for. Tries again for as long as it fails for a
 * passing reason, such as that its key is not made yet.
 *
 * @throws ApplicationFailure of the code of what lasts, and `ID_MALFORMED` when the workflow's id is none of a certificate
 */
export function issueCertificate(): Promise<Changed> {
  return untilDone(
    () => {
      const certificateId = ownId<CertificateId>(issueCertificateId, 'certificate')
      return callActivity('issueCertificate', signer.issueCertificate, { certificateId })
    },
    () => continueAsNew<typeof issueCertificate>(),
  )
}

const worker = proxyActivities<Answering<EnrolmentActivities>>({
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 1 },
})

/** An authority is not asked more often than this, whatever fails. */
const enrolmentBackoff = { first: 10_000, longest: 60 * 60_000 }

/**
 * Has a worker take a certificate's request to the EST server that it names, again and again until that has issued or
 * nobody waits for it any more.
 *
 * @throws ApplicationFailure `ID_MALFORMED` when the workflow's id is none of an enrolment
 */
export function enrolCertificate(): Promise<void> {
  const certificateId = ownId<CertificateId>(enrolCertificateId, 'certificate')
  return CancellationScope.nonCancellable(async () => {
    for (let failures = 1; ; failures += 1) {
      let retryAfterMs = 0
      try {
        const { isOver } = await callActivity('enrolCertificate', worker.enrolCertificate, { certificateId })
        if (isOver) return
      } catch (error) {
        retryAfterMs = stepFailure(error).retryAfterMs
      }
      await sleep(Math.max(pauseAfter(enrolmentBackoff, failures), retryAfterMs))
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof enrolCertificate>()
    }
  })
}

/** Never sooner than whoever failed asked for. */
const backoff = { first: 500, longest: 60_000 }

/** Once begun it is not cancelled: what was asked for is in the log, and would only be taken up again. */
function untilDone(work: () => Promise<Changed>, startOver: () => Promise<never>): Promise<Changed> {
  return CancellationScope.nonCancellable(async () => {
    for (let failures = 1; ; failures += 1)
      try {
        return await work()
      } catch (error) {
        const failure = stepFailure(error)
        if (failure.lasts) throw failureFromRefusal(new Refusal(failure.code, failure.message))
        await sleep(Math.max(pauseAfter(backoff, failures), failure.retryAfterMs))
        if (workflowInfo().continueAsNewSuggested) await startOver()
      }
  })
}

/** What the workflow is for, as its own id names it. */
function ownId<Id extends CertificateId | KeyId>(workflowIdOf: (id: Id) => string, what: string): Id {
  const { workflowId } = workflowInfo()
  const text = workflowId.slice(workflowIdOf('' as Id).length)
  const id = parseId<Id>(text, `A ${what}'s workflow id`)
  if (workflowIdOf(id) === workflowId) return id
  throw new Refusal('ID_MALFORMED', `The workflow id ${workflowId} is none of a ${what}.`)
}
