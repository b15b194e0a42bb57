import { z } from 'zod'
import { type Application, permissionsOfUseCases } from '../application/index.ts'
import { parseSha256Digest, Refusal } from '../domain/index.ts'
import { parseContentDigest } from '../http/index.ts'
import { announcedSize, headerOf } from './media-type.ts'
import { type Operation, operation } from './operation.ts'
import { checkedBytes, isForm, requireFileBody } from './upload-body.ts'

/** What a form adds to its file: part headers and boundaries. */
const multipartOverhead = 64 * 1024

/**
 * `POST /uploads?fileName=…`: takes an artifact in, streamed, for a later submission by the same user. `Content-Digest` (RFC 9530;
 * of a body that is the file itself) or `?sha256=` announce its digest, and it is refused when it has another. What can be
 * refused is refused before the body is read.
 */
export function uploadOperations(options: {
  readonly application: Application
  readonly maximumUploadSize: number
}): readonly Operation[] {
  const { application, maximumUploadSize } = options
  return [
    operation({
      method: 'POST',
      path: '/uploads',
      access: permissionsOfUseCases.uploadArtifact,
      operationId: 'uploadArtifact',
      tag: 'Uploads',
      summary: 'Upload an artifact for a later submission',
      query: z.object({
        fileName: z.string().optional(),
        sha256: z.string().optional().meta({ description: 'The digest that the file must have.' }),
      }),
      body: { kind: 'file', description: 'The artifact.' },
      answers: {
        201: {
          description: 'The upload, for the mutation submitSigningRequest.',
          schema: z.object({ uploadId: z.string(), fileName: z.string(), sha256: z.string(), size: z.number().int() }),
        },
      },
      async handle({ caller, query, request, file }) {
        requireFileBody(request)
        const inForm = isForm(request)
        const size = announcedSize(request)
        if (size !== undefined && size > maximumUploadSize + (inForm ? multipartOverhead : 0))
          throw tooLarge(maximumUploadSize)
        const announced = inForm ? undefined : parseContentDigest(headerOf(request, 'content-digest'))
        const digest = query.sha256 === undefined ? announced : parseSha256Digest(query.sha256, 'sha256')
        if (announced !== undefined && announced !== digest)
          throw new Refusal('DIGEST_MALFORMED', 'Content-Digest and sha256 name two different digests.')
        const sizeOfFile = inForm ? undefined : size
        await application.admitUpload(caller, { size: sizeOfFile })
        const incoming = await file()
        const fileName = query.fileName ?? incoming.fileName ?? ''
        const bytes = checkedBytes(incoming.bytes, digest)
        const upload = await application.uploadArtifact(caller, { fileName, size: sizeOfFile, bytes })
        const { uploadId, fileName: name, sha256, size: received } = upload
        return { status: 201, body: { uploadId, fileName: name, sha256, size: received } }
      },
    }),
  ]
}

function tooLarge(maximumSize: number): Refusal {
  return new Refusal(
    'ARTIFACT_TOO_LARGE',
    `The artifact is larger than the limit of ${maximumSize} bytes for uploads.`,
    { maximumSize },
  )
}
