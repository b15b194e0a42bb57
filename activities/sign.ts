import { join } from 'node:path'
import { type ArtifactStore, planDigest as digestOfPlan, planSigning } from '../artifacts/index.ts'
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
import { type ImageThreads, signPeFile, type VerifyPeFileRequest, verifyPeFile } from '../signing/authenticode/index.ts'
import type { Token } from '../signing/pkcs11/index.ts'
import type { SigningKey } from '../signing/signing-key.ts'
import type { TimestampClient } from '../signing/timestamp/index.ts'
import { authoriseSigning } from './authorise-signing.ts'
import { certificateKey } from './certificate-key.ts'
import type { NewerEvents, RequestStep } from './contract.ts'
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
  /** Where large images are hashed, off the event loop. */
  readonly threads: ImageThreads
  readonly now: () => string
}

type SignedFile = Extract<SigningRequestCommand, { type: 'RecordSigned' }>['files'][number]

/**
 * Signs a request. It believes nothing but the log and the stored bytes: the authorisation is folded anew, the plan is
 * made anew and must be the approved one, and `SigningStarted` is in the log before the key is touched. What was signed
 * is verified before the request completes.
 *
 * @throws Refusal as `authoriseSigning`, and `PLAN_DIGEST_MISMATCH`, `ATTEMPT_SUPERSEDED`, `KEY_MISMATCH`,
 *   `TIMESTAMP_NOT_CONFIGURED`
 * @throws SigningError, ArtifactError, EventLogError
 */
export async function sign(
  dependencies: SignerDependencies,
  { signingRequestId, fromRevision }: RequestStep,
  signal: AbortSignal,
): Promise<NewerEvents> {
  const { log, store, now } = dependencies
  const authorisation = await authoriseSigning(log, signingRequestId, now())
  const seen = newer(authorisation.events, fromRevision)
  if (authorisation.kind === 'completed') return { events: seen }
  const { request, revision, certificate } = authorisation
  const certificateThumbprint = certificate.issued.thumbprint
  const plan = await planSigning({ request, certificateThumbprint, store, signal })
  const timestamps = plan.timestamp === 'required' ? dependencies.timestamps : undefined
  if (plan.timestamp === 'required' && timestamps === undefined)
    throw new Refusal('TIMESTAMP_NOT_CONFIGURED', 'The policy demands a time-stamp and no authority is configured.')

  for (const file of plan.files) onlyDirective(file)

  const stream = requestStream(log, request, now)
  const planDigest = digestOfPlan(plan)
  const { certificateId } = certificate
  const started = await stream.append(
    { type: 'StartSigning', planDigest, certificateId, certificateThumbprint },
    request,
    revision,
  )
  const key = await certificateKey(dependencies.token, certificate)

  return store.withScratch(async (folder) => {
    const files: SignedFile[] = []
    for (const [index, file] of plan.files.entries())
      files.push(
        await signFile(dependencies, { file, certificate, key, timestamps, signal, output: join(folder, `${index}`) }),
      )
    const [artifact] = files
    if (artifact === undefined) throw new Refusal('PLAN_EMPTY', 'The plan names no file to sign.')
    const { signedSha256: sha256, signedSize: size } = artifact
    const signedArtifact = { fileName: request.artifact.fileName, sha256, size }
    const { attempts: attempt } = started.request
    const signed = { type: 'RecordSigned', attempt, files, signedArtifact } as const
    const completed = await stream.append(signed, started.request, started.revision)
    return { events: [...seen, ...started.events, ...completed.events] }
  })
}

async function signFile(
  { store, threads, trustedTimestampCertificates }: SignerDependencies,
  work: {
    readonly file: PlannedFile
    readonly certificate: UsableCertificate
    readonly key: SigningKey
    /** `undefined` when the policy asks for no time-stamp. */
    readonly timestamps: TimestampClient | undefined
    readonly signal: AbortSignal
    readonly output: string
  },
): Promise<SignedFile> {
  const { file, certificate, key, timestamps, signal, output } = work
  const { path: inputPath } = await store.open(file.sha256)
  const certificateChain = certificate.issued.chain.map((each) => Buffer.from(each, 'base64'))
  const directive = onlyDirective(file)
  await signPeFile({
    inputPath,
    outputPath: output,
    key,
    certificateChain,
    hashAlgorithm: directive.hashAlgorithm,
    append: directive.append,
    ...(directive.description === null ? {} : { description: directive.description }),
    ...(directive.descriptionUrl === null ? {} : { descriptionUrl: directive.descriptionUrl }),
    ...(timestamps === undefined ? {} : { timestamp: timestamps }),
    threads,
    signal,
  })
  const timestamp = await verifySigned(
    { path: output, signal, ...(trustedTimestampCertificates && { trustedTimestampCertificates }) },
    directive,
    certificateChain,
    timestamps !== undefined,
  )
  const { sha256: signedSha256, size: signedSize } = await store.adopt(output, { signal })
  return { path: file.path, unsignedSha256: file.sha256, signedSha256, signedSize, timestamp }
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
  request: VerifyPeFileRequest,
  directive: AuthenticodeDirective,
  certificateChain: readonly Buffer[],
  timestamped: boolean,
): Promise<SignedFile['timestamp']> {
  const signatures = await verifyPeFile(request)
  const ours = directive.append ? signatures.at(-1) : signatures[0]
  const faults = {
    signer: ours !== undefined && certificateChain[0]?.equals(ours.signerCertificate) === true,
    digest: Buffer.from(ours?.imageDigest ?? []).toString('hex') === directive.contentDigest,
    timestamp: (ours?.timestamp !== undefined) === timestamped,
  }
  const fault = Object.entries(faults).find(([, good]) => !good)
  if (fault !== undefined)
    throw new Refusal('SIGNATURE_NOT_AS_PLANNED', `The signature that was made is not the planned one: ${fault[0]}.`)
  return ours?.timestamp === undefined
    ? null
    : { time: ours.timestamp.time.toISOString(), authority: ours.timestamp.authority }
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
