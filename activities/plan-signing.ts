import {
  type ArtifactStore,
  createHashPlan,
  createSigningPlan,
  createTreePlan,
  type TreePlanning,
} from '../artifacts/index.ts'
import {
  fold,
  hashesOf,
  type RecordPlan,
  retrieved,
  type SigningPolicySettings,
  type SigningRequest,
  signingPolicyDecider,
  streams,
  type UsableCertificate,
  type UsableKey,
} from '../domain/index.ts'
import { type EventLog, type RecordedEvent, readNamedStream } from '../event-log/index.ts'
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
  /** What is done with what is in artifacts. */
  readonly trees: TreePlanning
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
  { log, store, passes, formats, trees, now }: PlanningDependencies,
  request: SigningRequest,
  { signal, progress }: LongWork,
): Promise<RecordPlan> {
  const { certificate, key } = await readCertificateAndKey(log, request.certificateId, now())
  const hashes = hashesOf(request.source)
  // Whether hashes may be signed was decided with the submission, which brings them.
  const policy = hashes === undefined ? await policySettings(log, request) : {}
  const signer = signingFacts(certificate, key, policy)
  const work = { formats, store, passes, signal, onProgress: progress }
  const facts = { request: retrieved(request), ...signer }
  const { artifactConfiguration: configuration } = request
  const stored = await (hashes !== undefined
    ? createHashPlan(facts, hashes, store)
    : configuration !== undefined
      ? createTreePlan({ ...facts, ...work, ...trees, configuration, at: await submissionTime(log, request) })
      : createSigningPlan({ ...facts, ...work }))
  const { digest: planDigest, document: planDocument, ...counts } = stored
  const { certificateThumbprint } = signer
  return { type: 'RecordPlan', planDigest, planDocument, certificateThumbprint, ...counts, at: now() }
}

/** When a request was submitted, as its stream begins. */
export function submittedAt([first]: readonly RecordedEvent[]): Date {
  return new Date(first?.metadata.occurredAt ?? 0)
}

async function submissionTime(log: EventLog, { signingRequestId }: SigningRequest): Promise<Date> {
  const { events } = await readNamedStream(log, streams.signingRequest(signingRequestId))
  return submittedAt(events)
}

/** What plans depend on of the certificate and its key, in the worker as in the signer. */
export function signingFacts(
  { issued }: UsableCertificate,
  { algorithm: keyAlgorithm }: UsableKey,
  { hashSigningAllowed = false }: { readonly hashSigningAllowed?: boolean },
) {
  const { thumbprint: certificateThumbprint, format: certificateFormat } = issued
  return { certificateThumbprint, certificateFormat, keyAlgorithm, rawSigningAllowed: hashSigningAllowed }
}

/** What the policy's version at submission says. The signer asks it again, of what it believes. */
async function policySettings(
  log: EventLog,
  { signingPolicyId, signingPolicyVersion }: SigningRequest,
): Promise<Pick<SigningPolicySettings, 'hashSigningAllowed'>> {
  const { events } = await readNamedStream(log, streams.signingPolicy(signingPolicyId))
  const state = fold(signingPolicyDecider, events)
  return (state.status === 'none' ? undefined : state.versions[signingPolicyVersion - 1]) ?? {}
}
