import { type ArtifactStore, planSigning as plan, storePlan } from '../artifacts/index.ts'
import {
  certificateDecider,
  fold,
  Refusal,
  signingRequestDecider,
  streams,
  usableCertificate,
} from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import type { LongActivities } from './contract.ts'
import { withHeartbeat } from './heartbeat.ts'

/** Settles what will be signed and how, and stores that plan by its digest. */
export function planSigning(dependencies: {
  readonly log: EventLog
  readonly store: ArtifactStore
  readonly now: () => string
}): LongActivities['planSigning'] {
  const { log, store, now } = dependencies
  return ({ signingRequestId }) =>
    withHeartbeat(async (signal) => {
      const stream = await readWholeStream(log, streams.signingRequest(signingRequestId))
      const request = fold(signingRequestDecider, stream.events)
      if (request.workflowStatus === 'none')
        throw new Refusal('SIGNING_REQUEST_NOT_FOUND', `There is no signing request ${signingRequestId}.`)
      const { events } = await readWholeStream(log, streams.certificate(request.certificateId))
      const { issued } = usableCertificate(fold(certificateDecider, events), now())
      const certificateThumbprint = issued.thumbprint
      const signingPlan = await plan({ request, certificateThumbprint, store, signal })
      const planDigest = await storePlan(store, signingPlan)
      return { planDigest, fileCount: signingPlan.files.length }
    })
}
