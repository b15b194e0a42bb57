import { type ArtifactStore, planSigning as plan } from '../artifacts/index.ts'
import { retrieved } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import type { SignatureFormat } from '../signing/signature-format.ts'
import type { LongStepActivities } from './contract.ts'
import { withHeartbeat } from './heartbeat.ts'
import { requestStep } from './request-step.ts'
import { readCertificateAndKey } from './signing-key.ts'

/** Settles what will be signed and how, and stores that plan. */
export function planSigning(dependencies: {
  readonly log: EventLog
  readonly store: ArtifactStore
  readonly passes: FilePasses
  /** What can be signed. */
  readonly formats: readonly SignatureFormat[]
  readonly now: () => string
}): LongStepActivities['planSigning'] {
  const { log, store, passes, formats, now } = dependencies
  return (step) =>
    withHeartbeat(({ signal, progress }) =>
      requestStep(dependencies, step, async (request) => {
        if (request.plan !== null) return undefined
        const { certificate, key } = await readCertificateAndKey(log, request.certificateId, now())
        const signer = { certificateThumbprint: certificate.issued.thumbprint, keyAlgorithm: key.algorithm }
        const work = { formats, store, passes, signal, onProgress: progress }
        const stored = await plan({ request: retrieved(request), ...signer, ...work })
        const { digest: planDigest, document: planDocument, ...counts } = stored
        return { type: 'RecordPlan', planDigest, planDocument, ...counts, at: now() }
      }),
    )
}
