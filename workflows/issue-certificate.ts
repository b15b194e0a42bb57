import { proxyActivities } from '@temporalio/workflow'
import type { SignerActivities } from '../activities/contract.ts'
import { type Changed, type IssueCertificateInput, signerTaskQueue } from './contract.ts'

const signer = proxyActivities<SignerActivities>({
  taskQueue: signerTaskQueue,
  scheduleToCloseTimeout: '24 hours',
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute' },
})

/** Has the signer make the key and the certificate that the certificate's stream asks for. */
export async function issueCertificate({ certificateId }: IssueCertificateInput): Promise<Changed> {
  return signer.issueCertificate({ certificateId })
}
