import {
  Refusal,
  relationsToRequest,
  type SigningRequest,
  type SigningRequestId,
  type Source,
} from '../domain/index.ts'
import { authorize } from './authorize.ts'
import type { Caller } from './caller.ts'
import { loadSigningRequest } from './load.ts'
import type { ApplicationDependencies, Upload } from './ports.ts'

/** What is known of an announced artifact before its first byte. */
export type AdmitUnsignedArtifactInput = {
  readonly signingRequestId: string
  /** Bytes; `undefined` when they are not known. */
  readonly size: number | undefined
}

/** An announced artifact on its way in. Its name is that of the announcement. */
export type UploadUnsignedArtifactInput = AdmitUnsignedArtifactInput & { readonly bytes: AsyncIterable<Uint8Array> }

/** What a request has now. */
export type UploadedUnsignedArtifact = Pick<Upload, 'fileName' | 'sha256' | 'size'> & {
  readonly signingRequestId: SigningRequestId
}

type Dependencies = Pick<ApplicationDependencies, 'log' | 'uploads' | 'workflows'>

/**
 * Says whether the artifact that a request announced would be taken, before its first byte is: from its submitter, as long as
 * it is waited for, or to no effect when it is there already and its answer was lost.
 *
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND`, `FORBIDDEN`, `UPLOAD_NOT_AWAITED`, `SIGNING_REQUEST_FINAL`,
 *   `ARTIFACT_MISMATCH`, and as `Uploads.admit`
 */
export async function admitUnsignedArtifact(
  dependencies: Dependencies,
  caller: Caller,
  input: AdmitUnsignedArtifactInput,
): Promise<void> {
  const request = await awaiting(dependencies, caller, input)
  const { organizationId, submitter: userId } = request
  if (request.artifact === null) await dependencies.uploads.admit({ organizationId, userId, size: input.size })
}

/**
 * Takes the artifact in that a request announced, and has the request go on. Its bytes must be those that were announced.
 *
 * @throws Refusal as {@link admitUnsignedArtifact}, and as `Uploads.receive`
 */
export async function uploadUnsignedArtifact(
  dependencies: Dependencies,
  caller: Caller,
  input: UploadUnsignedArtifactInput,
): Promise<UploadedUnsignedArtifact> {
  const { uploads, workflows } = dependencies
  const request = await awaiting(dependencies, caller, input)
  const { signingRequestId, organizationId, submitter: userId, source } = request
  const { fileName, sha256 } = announcementOf(source)
  const upload = await uploads.receive({
    organizationId,
    userId,
    fileName,
    size: input.size,
    bytes: input.bytes,
    announced: { uploadId: signingRequestId, sha256, size: source.size },
  })
  if (request.artifact === null) await workflows.resume(signingRequestId)
  return { signingRequestId, fileName, sha256, size: upload.size }
}

/** The request, if it waits for its artifact, or has it already. */
async function awaiting(
  { log }: Dependencies,
  caller: Caller,
  { signingRequestId: id, size }: AdmitUnsignedArtifactInput,
): Promise<SigningRequest> {
  const request = await loadSigningRequest(log, caller, id)
  const requester = { userId: caller.userId, groups: [] }
  authorize(caller, 'uploadUnsignedArtifact', relationsToRequest(requester, request))
  const { signingRequestId, source, artifact, workflowStatus } = request
  if (source.kind !== 'announcedUpload')
    throw new Refusal(
      'UPLOAD_NOT_AWAITED',
      `The signing request ${signingRequestId} waits for no upload: it was submitted with its artifact, or with where that is.`,
    )
  if (artifact === null && request.failure === null && request.cancellation === null) requireSize(source, size)
  else if (artifact === null)
    throw new Refusal('SIGNING_REQUEST_FINAL', `The signing request is over: ${workflowStatus}.`, { workflowStatus })
  return request
}

function requireSize({ size: announced }: Source, size: number | undefined): void {
  if (announced === null || size === undefined || announced === size) return
  throw new Refusal(
    'ARTIFACT_MISMATCH',
    `The upload has ${size} bytes, and ${announced} were announced. Send the artifact that was announced.`,
    { expected: announced, actual: size },
  )
}

/** File name and digest, which an announcement always has. */
function announcementOf({ fileName, sha256 }: Source) {
  if (fileName !== null && sha256 !== null) return { fileName, sha256 }
  throw new Error('An announced upload without file name and digest stands in the log.')
}
