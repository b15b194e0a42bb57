import type { FileHandle } from 'node:fs/promises'
import {
  type ArtifactStore,
  planDigest as digestOfPlan,
  type PlannedCopy,
  planOnCopies,
  type SignerScratch,
} from '../artifacts/index.ts'
import {
  type AuthenticodeDirective,
  type DomainEvent,
  type PlannedFile,
  Refusal,
  type SigningRequest,
  type SigningRequestCommand,
  signingRequestDecider,
  streams,
  type UsableCertificate,
} from '../domain/index.ts'
import { type EventLog, prepareEvents, type WholeStream } from '../event-log/index.ts'
import { signCopy, type VerifyOptions, verifyOpenPeFile } from '../signing/authenticode/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import type { Token } from '../signing/pkcs11/index.ts'
import type { SigningKey } from '../signing/signing-key.ts'
import type { TimestampClient } from '../signing/timestamp/index.ts'
import { authoriseSigning } from './authorise-signing.ts'
import { certificateKey } from './certificate-key.ts'
import type { NewerEvents, RequestStep } from './contract.ts'
import type { LongWork } from './heartbeat.ts'
import { newer, stepMetadata } from './request-step.ts'

/** What the signer works with. */
export type SignerDependencies = {
  readonly log: EventLog
  readonly store: ArtifactStore
  readonly token: Token
  /** `undefined` when no time-stamp authority is configured. */
  readonly timestamps: TimestampClient | undefined
  /** DER certificates that time-stamps must lead to; `undefined`: any authority is taken. */
  readonly trustedTimestampCertificates: readonly Uint8Array[] | undefined
  /** Where files are copied to and signed: the signer's own, outside of the store. */
  readonly scratch: SignerScratch
  /** What reads files, off the event loop. */
  readonly passes: FilePasses
  readonly now: () => string
}

type SignedFile = Extract<SigningRequestCommand, { type: 'RecordSigned' }>['files'][number]

/**
 * Signs a request. It believes nothing but the log and what it has read itself: the artifact is copied, once, into a
 * folder of the signer's own, and what is approved must be the plan for that copy. Only then is the request authorised by
 * the log, `SigningStarted` appended, and the key used, on the copy. What was signed is verified before the store gets it.
 *
 * @throws Refusal as `authoriseSigning`, and `PLAN_DIGEST_MISMATCH`, `ATTEMPT_SUPERSEDED`, `KEY_MISMATCH`,
 *   `TIMESTAMP_NOT_CONFIGURED`, `SIGNATURE_NOT_AS_PLANNED`
 * @throws SigningError, ArtifactError, EventLogError
 */
export async function sign(
  dependencies: SignerDependencies,
  { signingRequestId, fromRevision }: RequestStep,
  { signal, progress }: LongWork,
): Promise<NewerEvents> {
  const { log, store, scratch, passes, now } = dependencies
  // Nothing is read for what may not be signed anyway.
  const first = await authoriseSigning(log, signingRequestId, now())
  if (first.kind === 'completed') return { events: newer(first.events, fromRevision) }
  const certificateThumbprint = first.certificate.issued.thumbprint
  const facts = { request: first.request, certificateThumbprint, store, passes, signal, onProgress: progress }
  return scratch.withFolder((folder) =>
    planOnCopies(facts, folder, async (plan, copies) => {
      const timestamps = plan.timestamp === 'required' ? dependencies.timestamps : undefined
      if (plan.timestamp === 'required' && timestamps === undefined)
        throw new Refusal('TIMESTAMP_NOT_CONFIGURED', 'The policy demands a time-stamp and no authority is configured.')
      for (const { planned } of copies) onlyDirective(planned)

      // Reading may have taken minutes: what holds is what the log says now.
      const authorisation = await authoriseSigning(log, signingRequestId, now())
      const seen = newer(authorisation.events, fromRevision)
      if (authorisation.kind === 'completed') return { events: seen }
      const { request, revision, certificate } = authorisation
      const stream = requestStream(log, request, now)
      const planDigest = digestOfPlan(plan)
      const { certificateId } = certificate
      const start = { type: 'StartSigning', planDigest, certificateId, certificateThumbprint } as const
      const started = await stream.append(start, request, revision)
      const key = await certificateKey(dependencies.token, certificate)

      const files: SignedFile[] = []
      for (const each of copies)
        files.push(await signFile(dependencies, { ...each, certificate, key, timestamps, signal, progress }))
      const [artifact] = files
      if (artifact === undefined) throw new Refusal('PLAN_EMPTY', 'The plan names no file to sign.')
      const { signedSha256: sha256, signedSize: size } = artifact
      const signedArtifact = { fileName: request.artifact.fileName, sha256, size }
      const { attempts: attempt } = started.request
      const signed = { type: 'RecordSigned', attempt, files, signedArtifact } as const
      const completed = await stream.append(signed, started.request, started.revision)
      return { events: [...seen, ...started.events, ...completed.events] }
    }),
  )
}

async function signFile(
  { store, passes, trustedTimestampCertificates }: SignerDependencies,
  work: PlannedCopy &
    LongWork & {
      readonly certificate: UsableCertificate
      readonly key: SigningKey
      /** `undefined` when the policy asks for no time-stamp. */
      readonly timestamps: TimestampClient | undefined
    },
): Promise<SignedFile> {
  const { planned, copy, certificate, key, timestamps, signal, progress } = work
  const certificateChain = certificate.issued.chain.map((each) => Buffer.from(each, 'base64'))
  const directive = onlyDirective(planned)
  await signCopy(copy, {
    key,
    certificateChain,
    hashAlgorithm: directive.hashAlgorithm,
    append: directive.append,
    ...(directive.description === null ? {} : { description: directive.description }),
    ...(directive.descriptionUrl === null ? {} : { descriptionUrl: directive.descriptionUrl }),
    ...(timestamps === undefined ? {} : { timestamp: timestamps }),
    signal,
  })
  const timestamp = await verifySigned(
    copy.handle,
    {
      passes,
      signal,
      onProgress: progress,
      // Those that were there before are others': they must be as they were.
      kept: planned.existingSignatures.filter(({ outcome }) => outcome === 'kept').map(({ sha256 }) => sha256),
      ...(trustedTimestampCertificates && { trustedTimestampCertificates }),
    },
    directive,
    certificateChain,
    timestamps !== undefined,
  )
  const { sha256: signedSha256, size: signedSize } = await store.copyIn(copy.handle, {
    passes,
    signal,
    onProgress: progress,
  })
  return { path: planned.path, unsignedSha256: planned.sha256, signedSha256, signedSize, timestamp }
}

/** What the plan says about a file. People agreed to all of it, so nothing of it may be passed over. */
function onlyDirective({ path, directives }: PlannedFile): AuthenticodeDirective {
  const [directive, ...others] = directives
  if (directive === undefined || others.length > 0)
    throw new Refusal(
      'PLAN_NOT_SUPPORTED',
      `The plan has ${directives.length} directives for ${path}; one can be signed.`,
    )
  return directive
}

/** Law 7: what leaves is checked, by code written apart from the code that signed. */
async function verifySigned(
  file: FileHandle,
  options: VerifyOptions,
  directive: AuthenticodeDirective,
  certificateChain: readonly Buffer[],
  timestamped: boolean,
): Promise<SignedFile['timestamp']> {
  const [ours] = await verifyOpenPeFile(file, options)
  const faults = {
    signer: ours !== undefined && certificateChain[0]?.equals(ours.signerCertificate) === true,
    digest: Buffer.from(ours?.imageDigest ?? []).toString('hex') === directive.contentDigest,
    timestamp: (ours?.timestamp !== undefined) === timestamped,
  }
  const fault = Object.entries(faults).find(([, good]) => !good)
  if (fault !== undefined)
    throw new Refusal('SIGNATURE_NOT_AS_PLANNED', `The signature that was made is not the planned one: ${fault[0]}.`)
  if (ours?.timestamp === undefined) return null
  const { time, authority, uncovered } = ours.timestamp
  return { time: time.toISOString(), authority, uncovered }
}

/** The request's stream as the signer writes it: decided by the domain, at the revision that the decision rests on. */
function requestStream(log: EventLog, { signingRequestId }: SigningRequest, now: () => string) {
  const streamId = streams.signingRequest(signingRequestId)
  return {
    async append(command: SigningRequestCommand, request: SigningRequest, revision: WholeStream['revision']) {
      const events = signingRequestDecider.decide(command, request)
      const metadata = stepMetadata(request, 'signer', now())
      const appended = await log.append(streamId, prepareEvents(streamId, revision, events, metadata), revision)
      return { events, request: evolved(request, events), revision: appended.revision }
    },
  }
}

function evolved(request: SigningRequest, events: readonly DomainEvent[]): SigningRequest {
  let state = request
  for (const event of events) {
    const next = signingRequestDecider.evolve(state, event as Parameters<typeof signingRequestDecider.evolve>[1])
    if (next.workflowStatus !== 'none') state = next
  }
  return state
}
