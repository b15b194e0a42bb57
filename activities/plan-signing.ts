import { type ArtifactStore, planSigning as plan, storePlan } from '../artifacts/index.ts'
import { certificateDecider, fold, retrieved, streams, usableCertificate } from '../domain/index.ts'
import { type EventLog, readNamedStream } from '../event-log/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import type { LongStepActivities } from './contract.ts'
import { withHeartbeat } from './heartbeat.ts'
import { requestStep } from './request-step.ts'

/** Settles what will be signed and how, and stores that plan by its digest. */
export function planSigning(dependencies: {
  readonly log: EventLog
  readonly store: ArtifactStore
  readonly passes: FilePasses
  readonly now: () => string
}): LongStepActivities['planSigning'] {
  const { log, store, passes, now } = dependencies
  return (step) =>
    withHeartbeat(({ signal, progress }) =>
      requestStep(dependencies, step, async (request) => {
        if (request.plan !== null) return undefined
        const { events } = await readNamedStream(log, streams.certificate(request.certificateId))
        const { issued } = usableCertificate(fold(certificateDecider, events), now())
        const certificateThumbprint = issued.thumbprint
        const facts = {
          request: retrieved(request),
          certificateThumbprint,
          store,
          passes,
          signal,
          onProgress: progress,
        }
        const signingPlan = await plan(facts)
        const planDigest = await storePlan(store, signingPlan)
        return { type: 'RecordPlan', planDigest, fileCount: signingPlan.files.length, at: now() }
      }),
    )
}
