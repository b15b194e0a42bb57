import { type ArtifactStore, createHashPlan, createSigningPlan } from '../artifacts/index.ts'
import { hashesOf, type RecordPlan, retrieved, type SigningRequest } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import type { SignatureFormat } from '../signing/signature-format.ts'
import type { LongStepActivities } from './contract.ts'
import { type LongWork, withHeartbeat } from './heartbeat.ts'
import { requestStep } from './request-step.ts'
import { readCertificateAndKey } from './signing-key.ts'

/** What planning works with. */
export type PlanningDependencies = {
  readonly log: EventLog
  readonly store: ArtifactStore
  readonly passes: FilePasses
  /** What can be signed. */
  readonly formats: readonly SignatureFormat[]
  readonly now: () => string
}

/** Settles what will be signed and how, and stores that plan. */
export function planSigning(dependencies: PlanningDependencies): LongStepActivities['planSigning'] {
  return (step) =>
    withHeartbeat((work) =>
      requestStep(dependencies, step, async (request) =>
        request.plan === null ? planRequest(dependencies, request, work) : undefined,
      ),
    )
}

/** Plans a request, stores the plan, and answers what is to be recorded. */
export async function planRequest(
  { log, store, passes, formats, now }: PlanningDependencies,
  request: SigningRequest,
  { signal, progress }: LongWork,
): Promise<RecordPlan> {
  const { certificate, key } = await readCertificateAndKey(log, request.certificateId, now())
  const signer = { certificateThumbprint: certificate.issued.thumbprint, keyAlgorithm: key.algorithm }
  const work = { formats, store, passes, signal, onProgress: progress }
  const facts = { request: retrieved(request), ...signer }
  const hashes = hashesOf(request.source)
  const stored = await (hashes === undefined
    ? createSigningPlan({ ...facts, ...work })
    : createHashPlan(facts, hashes, store))
  const { digest: planDigest, document: planDocument, ...counts } = stored
  const { certificateThumbprint } = signer
  return { type: 'RecordPlan', planDigest, planDocument, certificateThumbprint, ...counts, at: now() }
}
