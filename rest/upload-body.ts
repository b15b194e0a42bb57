import { createHash } from 'node:crypto'
import type { MultipartFile } from '@fastify/multipart'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Refusal, type Sha256Digest } from '../domain/index.ts'
import { inviteBody } from '../http/index.ts'
import { announcedSize, mediaTypeOf, refuseEncoded } from './media-type.ts'

/** A file on its way in: its name, where the body has one, and its bytes as they come. */
export type IncomingFile = { readonly fileName: string | undefined; readonly bytes: AsyncIterable<Uint8Array> }

/**
 * The file that a body is, or that a form holds. Lets a client send it that asked first.
 *
 * @throws Refusal `CONTENT_TYPE_UNSUPPORTED`, `CONTENT_ENCODING_UNSUPPORTED`, `MULTIPART_MALFORMED`
 */
export async function incomingFile(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<IncomingFile & { readonly size: number | undefined }> {
  requireFileBody(request)
  inviteBody(request.raw, reply.raw)
  if (isForm(request)) return { ...(await multipartFile(request)), size: undefined }
  return { fileName: undefined, bytes: rawBytes(request), size: announcedSize(request) }
}

/** @throws Refusal `CONTENT_TYPE_UNSUPPORTED`, `CONTENT_ENCODING_UNSUPPORTED` when the body is neither a file nor a form with one */
export function requireFileBody(request: FastifyRequest): void {
  if (mediaTypeOf(request) !== 'application/octet-stream' && !isForm(request))
    throw new Refusal(
      'CONTENT_TYPE_UNSUPPORTED',
      'Send the file as the body with Content-Type application/octet-stream, or in a form as multipart/form-data.',
    )
  refuseEncoded(request)
}

/** Whether the body is a form, in which a file has a name. */
export function isForm(request: FastifyRequest): boolean {
  return mediaTypeOf(request) === 'multipart/form-data'
}

/**
 * The bytes of a body that is the file itself.
 *
 * @throws Refusal `UPLOAD_INCOMPLETE` while iterated, when the client goes away
 */
export async function* rawBytes(request: FastifyRequest): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    // Left alive when the reader stops early: the refusal has to reach the client through the same connection.
    yield* request.raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  } catch (error) {
    throw incomplete(error)
  }
}

/**
 * Finds the file of a `multipart/form-data` body (RFC 7578), which must hold this file and nothing else. Its bytes end
 * without an error only when the whole form has ended well.
 *
 * @throws Refusal `MULTIPART_MALFORMED`, also while iterated; `UPLOAD_INCOMPLETE` while iterated
 */
export async function multipartFile(request: FastifyRequest): Promise<IncomingFile> {
  // The store knows the limit of the file's size; a parser that cuts files off at a limit of its own must not.
  const limits = { fileSize: Number.POSITIVE_INFINITY, files: 2, fields: 1, fieldSize: 1000, headerPairs: 50 }
  const parts = request.parts({ limits })
  const next = async () => {
    try {
      return await parts.next()
    } catch (error) {
      throw malformedForm(error, `${oneFile} `)
    }
  }
  const first = await next()
  if (first.done === true || first.value.type !== 'file') throw new Refusal('MULTIPART_MALFORMED', oneFile)
  const { file, filename } = first.value

  async function* bytes() {
    yield* partBytes(file)
    const second = await next()
    if (second.done !== true) throw new Refusal('MULTIPART_MALFORMED', oneFile)
  }
  return { fileName: filename, bytes: bytes() }
}

/**
 * Passes the bytes on and refuses, before they are over for the reader, what must not become an artifact.
 *
 * @throws Refusal `UPLOAD_EMPTY`; `ARTIFACT_MISMATCH` when they do not have the digest that the client announced
 */
export async function* checkedBytes(
  bytes: AsyncIterable<Uint8Array>,
  announced: Sha256Digest | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = announced === undefined ? undefined : createHash('sha256')
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.byteLength
    hash?.update(chunk)
    yield chunk
  }
  if (size === 0) throw new Refusal('UPLOAD_EMPTY', 'The file has no bytes: there is nothing in it to sign.')
  const actual = hash?.digest('hex')
  if (announced !== undefined && actual !== announced)
    throw new Refusal(
      'ARTIFACT_MISMATCH',
      `The bytes that came have the SHA-256 ${actual}; ${announced} was announced. Send the artifact again, or correct the digest.`,
      { expected: announced, actual: actual ?? null },
    )
}

const oneFile = 'A multipart/form-data body must hold one file and nothing else.'

/** The bytes of a file in a form. @throws Refusal `UPLOAD_INCOMPLETE` while iterated */
export async function* partBytes(file: MultipartFile['file']): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* file
  } catch (error) {
    throw incomplete(error)
  }
}

function incomplete(cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause
  return new Refusal(
    'UPLOAD_INCOMPLETE',
    'The upload ended before all of it had come. Nothing was kept; send it again.',
  )
}

/** A form that could not be read to its end. */
export function malformedForm(cause: unknown, expectation = ''): Refusal {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Refusal('MULTIPART_MALFORMED', `${expectation}The form could not be read: ${reason}.`)
}
