import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Application, type Caller, permissionsOfUseCases } from '../application/index.ts'
import { parseSha256Digest, Refusal } from '../domain/index.ts'
import { inviteBody } from '../http/index.ts'
import { parseContentDigest } from './content-digest.ts'
import { parseInput } from './invalid-input.ts'
import { checkedBytes, type IncomingFile, multipartFile, rawBytes } from './upload-body.ts'

const querySchema = z.strictObject({
  fileName: z.string('must be given once').optional(),
  sha256: z.string('must be given once').optional(),
})

/** What a form adds to its file: part headers and boundaries. */
const multipartOverhead = 64 * 1024

/**
 * `POST /uploads?fileName=…`: takes an artifact in, streamed, for a later submission by the same user. The body is the
 * file itself (`application/octet-stream`) or a form with one file (`multipart/form-data`). `Content-Digest` (RFC 9530;
 * of a body that is the file itself) or `?sha256=` announce its digest, and it is refused when it has another. Answers
 * 201 with `uploadId`, `fileName`, `sha256` and `size`. What can be refused is refused before the body is read.
 */
export function registerUploads(
  fastify: FastifyInstance,
  options: {
    readonly application: Application
    readonly callerOf: (request: FastifyRequest) => Caller
    readonly maximumUploadSize: number
  },
): void {
  const { application, callerOf, maximumUploadSize } = options
  fastify.post('/uploads', { config: { access: permissionsOfUseCases.uploadArtifact } }, async (request, reply) => {
    const caller = callerOf(request)
    const query = parseInput(querySchema, request.query)
    requirePlainBody(request)
    const isForm = mediaType(request) === 'multipart/form-data'
    refuseTooLarge(request, maximumUploadSize + (isForm ? multipartOverhead : 0), maximumUploadSize)
    const announced = isForm ? undefined : parseContentDigest(header(request, 'content-digest'))
    const sha256 = query.sha256 === undefined ? announced : parseSha256Digest(query.sha256, 'sha256')
    if (announced !== undefined && announced !== sha256)
      throw new Refusal('DIGEST_MALFORMED', 'Content-Digest and sha256 name two different digests.')

    const size = isForm ? undefined : announcedSize(request)
    await application.admitUpload(caller, { size })
    inviteBody(request.raw, reply.raw)
    const file: IncomingFile = isForm ? await multipartFile(request) : { fileName: undefined, bytes: rawBytes(request) }
    const fileName = query.fileName ?? file.fileName ?? ''
    const bytes = checkedBytes(file.bytes, sha256)
    const upload = await application.uploadArtifact(caller, { fileName, size, bytes })
    const { uploadId, fileName: name, sha256: stored, size: received } = upload
    return reply.code(201).send({ uploadId, fileName: name, sha256: stored, size: received })
  })
}

function requirePlainBody(request: FastifyRequest): void {
  const type = mediaType(request)
  if (type !== 'application/octet-stream' && type !== 'multipart/form-data')
    throw new Refusal(
      'CONTENT_TYPE_UNSUPPORTED',
      'Send the file as the body with Content-Type application/octet-stream, or in a form as multipart/form-data.',
    )
  const encoding = header(request, 'content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new Refusal('CONTENT_ENCODING_UNSUPPORTED', 'Send the file as it is, without a Content-Encoding.')
}

function refuseTooLarge(request: FastifyRequest, limit: number, maximumUploadSize: number): void {
  if (Number(header(request, 'content-length') ?? 0) > limit)
    throw new Refusal(
      'ARTIFACT_TOO_LARGE',
      `The artifact is larger than the limit of ${maximumUploadSize} bytes for uploads.`,
      { maximumSize: maximumUploadSize },
    )
}

/** How many bytes the body has; `undefined` when it does not say (`Transfer-Encoding: chunked`). */
function announcedSize(request: FastifyRequest): number | undefined {
  const length = header(request, 'content-length')
  return length === undefined ? undefined : Number(length)
}

/** The media type of the body, in lower case and without parameters. */
function mediaType(request: FastifyRequest): string | undefined {
  return header(request, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase()
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
