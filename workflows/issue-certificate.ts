import { CancellationScope, continueAsNew, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow'
import type { Answering, SignerActivities } from '../activities/contract.ts'
import { type CertificateId, parseId, pauseAfter, Refusal } from '../domain/index.ts'
import { ask } from './ask.ts'
import { type Changed, issueCertificateId, signerTaskQueue } from './contract.ts'
import { failureFromRefusal } from './refusals.ts'
import { stepFailure } from './step-failure.ts'

const signer = proxyActivities<Answering<SignerActivities>>({
  taskQueue: signerTaskQueue,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 1 },
})

/**
 * Has the signer make the key and the certificate that the certificate's stream asks for. Tries again for as long as it
 * fails for a passing reason.
 *
 * @throws ApplicationFailure of the code of what lasts, and `ID_MALFORMED` when the workflow's id is none of a certificate
 */
export function issueCertificate(): Promise<Changed> {
  return CancellationScope.nonCancellable(() => issue(ownId()))
}

/** Never sooner than whoever failed asked for. */
const backoff = { first: 500, longest: 60_000 }

async function issue(certificateId: CertificateId): Promise<Changed> {
  for (let failures = 1; ; failures += 1)
    try {
      return await ask('issueCertificate', signer.issueCertificate, { certificateId })
    } catch (error) {
      const failure = stepFailure(error)
      if (failure.lasts) throw failureFromRefusal(new Refusal(failure.code, failure.message))
      await sleep(Math.max(pauseAfter(backoff, failures), failure.retryAfterMs))
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof issueCertificate>()
    }
}

/** The certificate whose id the workflow's id names. */
function ownId(): CertificateId {
  const { workflowId } = workflowInfo()
  const text = workflowId.slice(issueCertificateId('' as CertificateId).length)
  try {
    const id = parseId<CertificateId>(text, "A certificate's workflow id")
    if (issueCertificateId(id) === workflowId) return id
  } catch (error) {
    if (error instanceof Refusal) throw failureFromRefusal(error)
    throw error
  }
  throw failureFromRefusal(new Refusal('ID_MALFORMED', `The workflow id ${workflowId} is none of a certificate.`))
}
