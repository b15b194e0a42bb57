import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { CliError, usageError } from '../cli-error.ts'
import { callService } from './call-service.ts'
import type { Connection } from './connection.ts'
import { problemOf, readJson } from './graphql.ts'
import { resourceOf } from './server-address.ts'
import { serviceError, unexpectedAnswer } from './service-error.ts'

/** What the service keeps of an upload. */
export type Upload = {
  readonly uploadId: string
  readonly fileName: string
  /** SHA-256 of the bytes, hexadecimal, lower case. */
  readonly sha256: string
  /** Bytes. */
  readonly size: number
}

const readAtOnce = 256 * 1024

/**
 * Sends a file's bytes to `POST /uploads` as they are on disk, in flat memory, and checks that what arrived is what was
 * read: the service answers the SHA-256 of what it stored.
 *
 * @param progress told the bytes sent so far
 * @throws CliError with the service's code; `UPLOAD_DAMAGED` when the digests differ; `FILE_UNREADABLE` when the file
 *   cannot be read to its end; `SERVER_UNREACHABLE`
 */
export async function uploadFile(
  connection: Connection,
  file: { readonly path: string; readonly fileName: string; readonly size: number },
  options: { readonly progress: (sent: number) => void; readonly signal: AbortSignal },
): Promise<Upload> {
  const { path, fileName, size } = file
  const { progress, signal } = options
  const target = resourceOf(connection.server, 'uploads')
  target.searchParams.set('fileName', fileName)
  await using handle = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  const hash = createHash('sha256')
  const reading: Reading = { handle, size, hash, progress, failure: undefined }
  const response = await callService(connection, target, {
    method: 'POST',
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(size),
      accept: 'application/json, application/problem+json',
    },
    body: bytesOf(reading),
    signal,
  }).catch((error: unknown) => {
    // A file that fails makes the call fail too; it is the file that the person must hear of.
    throw reading.failure === undefined ? error : unreadable(path, reading.failure)
  })
  const answer = await readJson(connection, response, signal)
  if (!response.ok) {
    const problem = problemOf(answer, response.status)
    throw problem === undefined ? unexpectedAnswer(connection.server, response) : serviceError(problem)
  }
  const upload = answer as Upload
  const sent = hash.digest('hex')
  if (upload.sha256 !== sent || typeof upload.uploadId !== 'string')
    throw new CliError(
      'UPLOAD_DAMAGED',
      `The service stored other bytes than were sent: SHA-256 ${upload.sha256}, not ${sent}.`,
      { hint: 'Something on the way changes what passes. Nothing was submitted.' },
    )
  return upload
}

type Reading = {
  readonly handle: FileHandle
  readonly size: number
  readonly hash: ReturnType<typeof createHash>
  readonly progress: (sent: number) => void
  failure: unknown
}

async function* bytesOf(reading: Reading): AsyncGenerator<Uint8Array> {
  const { handle, size, hash, progress } = reading
  // No more than was announced: a file that grows while it is sent is sent as it was.
  for (let sent = 0; sent < size; ) {
    const bytes = await readNext(handle, Math.min(readAtOnce, size - sent)).catch((error: unknown) => {
      reading.failure = error
      throw error
    })
    hash.update(bytes)
    yield bytes
    sent += bytes.length
    progress(sent)
  }
}

async function readNext(handle: FileHandle, length: number): Promise<Uint8Array> {
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length)
  if (bytesRead === 0) throw new Error('it became shorter while it was read')
  return buffer.subarray(0, bytesRead)
}

function unreadable(path: string, error: unknown): CliError {
  const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
  return usageError(`${path} cannot be read: ${reason}.`, undefined, 'FILE_UNREADABLE')
}
