import {
  fold,
  type RequestFailure,
  type SigningRequestId,
  signaturesInDocument,
  signingRequestDecider,
  streams,
  type WorkflowStatus,
} from '../domain/index.ts'
import { readWholeStream } from '../event-log/index.ts'
import { type Followed, WorkflowsUnavailable } from '../workflows/port.ts'
import type { Caller } from './caller.ts'
import type { SigningRequestChanged } from './change-signing-request.ts'
import type { ApplicationDependencies } from './ports.ts'
import type { SubmissionChoices } from './submission.ts'
import { type SendSubmission, submitSigningRequest } from './submit-signing-request.ts'

/** Hashes as a caller submits them, in the terms of the known service's payload. */
export type HashesInput = {
  readonly signatureAlgorithm: 'RsaPkcs1' | 'RsaPss' | 'Ecdsa'
  /** Object identifier of the hash algorithm; nothing for ECDSA. */
  readonly rsaHashAlgorithm: string | null
  /** Nothing for RSA; `Ieee` for ECDSA when nothing is said. */
  readonly ecdsaSignatureFormat: 'Ieee' | 'Asn1' | null
  /** Base64. */
  readonly hashes: readonly string[]
  /** JSON as text. */
  readonly metadata: string | null
}

/** The same as an uploaded document, in the form of the known service's payload. */
export type UploadedHashes = { readonly uploadId: string }

/** What a request to sign hashes says. */
export type SignHashesInput = Omit<SubmissionChoices, 'existingSignatures'> & {
  readonly payload: HashesInput | UploadedHashes
}

/** What became of hashes so far. */
export type SignedHashes = SigningRequestChanged & {
  readonly workflowStatus: WorkflowStatus
  /** Base64, in the order of the hashes; `null` until all of them are signed. */
  readonly signatures: readonly string[] | null
  /** The document of hashes and signatures, which the request's signed artifact is; `null` until then. */
  readonly document: string | null
  /** Why the request failed; `null` when it did not. */
  readonly failure: RequestFailure | null
}

/** Known clients give a call up after ten seconds, and send it again. */
const followLimit = 8_000

/**
 * Has hashes signed. Signatures come with the answer when nobody has to approve and the signer is at hand; else the request goes on,
 * and its caller looks again: by its id, or by the same call with the same idempotency key.
 *
 * @throws Refusal as `submitSigningRequest` does; `HASH_SIGNING_NOT_ALLOWED`, `HASH_ALGORITHM_NOT_ALLOWED`, `HASH_LENGTH_WRONG`,
 *   `HASH_PAYLOAD_MALFORMED`, `KEY_ALGORITHM_UNSUITABLE`
 */
export async function signHashes(
  dependencies: ApplicationDependencies,
  caller: Caller,
  { payload, ...choices }: SignHashesInput,
): Promise<SignedHashes> {
  let followed: Followed | undefined
  const send: SendSubmission = async (id, change) => {
    try {
      followed = await dependencies.workflows.submitAndFollow(id, change, followLimit)
      return followed
    } catch (error) {
      // What is not signed by now is under way, if it has begun: the log says whether it has.
      const begun = error instanceof WorkflowsUnavailable ? await inLog(dependencies, id) : undefined
      if (begun === undefined) throw error
      followed = begun
      return begun
    }
  }
  const source = { kind: 'hashPayload', ...payload }
  const changed = await submitSigningRequest(dependencies, caller, { ...choices, source }, send)
  // A submission that was made before is where the log says.
  const found = followed ?? (await inLog(dependencies, changed.signingRequestId))
  if (found === undefined)
    throw new Error(`The request ${changed.signingRequestId} was submitted and is not in the log.`)
  const { workflowStatus, signedArtifact, failure } = found
  if (signedArtifact === null) return { ...changed, workflowStatus, failure, document: null, signatures: null }
  const document = await textOf(dependencies.artifacts.read(signedArtifact.sha256))
  return { ...changed, workflowStatus, failure, document, signatures: signaturesInDocument(document) }
}

async function inLog(
  { log }: Pick<ApplicationDependencies, 'log'>,
  signingRequestId: SigningRequestId,
): Promise<Followed | undefined> {
  const { events } = await readWholeStream(log, streams.signingRequest(signingRequestId))
  const request = fold(signingRequestDecider, events)
  const [submission] = events
  if (submission === undefined || request.workflowStatus === 'none') return undefined
  const { workflowStatus, signedArtifact, failure } = request
  return { position: submission.position, workflowStatus, signedArtifact, failure }
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
