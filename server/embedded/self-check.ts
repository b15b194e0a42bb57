import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Application, ApplicationDependencies, Caller } from '../../application/index.ts'
import {
  asEventOf,
  type CertificateId,
  certificateDecider,
  chainOfCertificate,
  fold,
  isFinalStatus,
  type SigningRequestId,
  type SigningRequestState,
  signingRequestDecider,
  streams,
} from '../../domain/index.ts'
import { type LogPosition, readWholeStream } from '../../event-log/index.ts'
import { toPem } from '../../signing/x509/index.ts'
import type { Credentials } from './credentials.ts'
import { sampleProgram } from './sample-program.ts'
import { EmbeddedStartError } from './start-error.ts'

/** How long the self-check waits for its request to end, in milliseconds. */
const selfCheckTimeoutMs = 120_000

/** Where the self-check left what it made. */
export type SelfChecked = {
  readonly signedFile: string
  /** The certificate that the signature leads to, PEM. */
  readonly certificateFile: string
}

/**
 * Takes the sample program through the policy `release-signing` as the demo's users would: submitted by CI, approved by
 * two people, signed, time-stamped, downloaded.
 *
 * @param report called with each event of the request
 * @throws EmbeddedStartError `SELF_CHECK_FAILED` when the request does not complete
 */
export async function selfCheck(options: {
  readonly application: Application
  readonly dependencies: ApplicationDependencies
  readonly credentials: Omit<Credentials, 'url'>
  readonly folder: string
  readonly report: (step: string) => void
}): Promise<SelfChecked> {
  const { application, dependencies, credentials, folder, report } = options
  const as = (user: string): Promise<Caller> =>
    application.authenticate({ apiToken: credentials.users[user]?.token }, undefined)

  const ci = await as('ci')
  const sample = sampleProgram()
  const { uploadId } = await application.uploadArtifact(ci, { fileName: 'sample.exe', bytes: one(sample) })
  const before = await dependencies.log.head()
  const { signingRequestId } = await application.submitSigningRequest(ci, {
    project: 'demo',
    signingPolicy: 'release-signing',
    source: { kind: 'uploadedFile', uploadId },
    description: 'Self-check at the first start',
  })
  const approvers = ['approver-1', 'approver-2']
  const ended = await follow(dependencies, signingRequestId, before, async (state, step) => {
    report(`self-check: ${step}`)
    const approver = state.workflowStatus === 'WaitingForApproval' ? approvers.shift() : undefined
    if (approver === undefined || state.workflowStatus === 'none' || state.plan === null) return
    const { digest: planDigest } = state.plan
    await application.approveSigningRequest(await as(approver), {
      signingRequestId,
      planDigest,
      comment: 'Self-check',
    })
  })
  if (ended.workflowStatus !== 'Completed')
    throw failed(`The self-check's request ended as ${ended.workflowStatus}: ${ended.failure?.message ?? ''}`)

  await mkdir(folder, { recursive: true, mode: 0o700 })
  const signedFile = join(folder, 'sample-signed.exe')
  const { read } = await application.openArtifact(ci, { signingRequestId, which: 'signed' })
  await writeFile(signedFile, read())
  const certificateFile = join(folder, 'release-signing.pem')
  await writeFile(certificateFile, await certificatePem(dependencies, ended.certificateId))
  return { signedFile, certificateFile }
}

async function follow(
  { log }: ApplicationDependencies,
  signingRequestId: SigningRequestId,
  after: LogPosition | undefined,
  seen: (state: SigningRequestState, step: string) => Promise<void>,
): Promise<Exclude<SigningRequestState, { workflowStatus: 'none' }>> {
  const signal = AbortSignal.timeout(selfCheckTimeoutMs)
  const stream = streams.signingRequest(signingRequestId)
  let state = signingRequestDecider.initialState()
  for await (const { events } of log.subscribe({ ...(after === undefined ? {} : { after }), signal }))
    for (const event of events.filter(({ streamId }) => streamId === stream)) {
      state = signingRequestDecider.evolve(state, asEventOf(signingRequestDecider, event))
      await seen(state, event.type)
      if (state.workflowStatus !== 'none' && isFinalStatus(state.workflowStatus)) return state
    }
  throw failed(
    `The self-check's request did not end within ${selfCheckTimeoutMs / 1000} s; it is ${state.workflowStatus}.`,
  )
}

/** The demo is made by then: the next start goes on with it, and checks nothing again. */
function failed(problem: string): EmbeddedStartError {
  return new EmbeddedStartError('SELF_CHECK_FAILED', `${problem} The log in the data directory tells more.`)
}

async function certificatePem({ log }: ApplicationDependencies, certificateId: CertificateId): Promise<string> {
  const { events } = await readWholeStream(log, streams.certificate(certificateId))
  const certificate = fold(certificateDecider, events)
  const chain = certificate.status === 'none' ? [] : chainOfCertificate(certificate.issued)
  return chain.map((der) => toPem(Buffer.from(der, 'base64'))).join('')
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
