import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { CliError } from '../cli-error.ts'
import { changed, checkUnchanged, type LocalFile, openUnchanged, unreadableFile } from '../local-file.ts'
import { callService } from './call-service.ts'
import type { Connection } from './connection.ts'
import { problemOf, readJson } from './graphql.ts'
import { followedLink, resourceOf } from './server-address.ts'
import { serviceError, unexpectedAnswer } from './service-error.ts'
import { longestTransferSilenceMs, watchSilence } from './silence.ts'

/** What the service keeps of a file that was sent. */
export type KeptFile = {
  readonly fileName: string
  /** SHA-256 of the bytes, hexadecimal, lower case. */
  readonly sha256: string
  /** Bytes. */
  readonly size: number
}

/** A file that waits for its submission. */
export type Upload = KeptFile & { readonly uploadId: string }

const readAtOnce = 256 * 1024

/** How a file is sent. */
export type UploadOptions = {
  /** SHA-256 of the file, as {@link hashLocalFile} found it. */
  readonly sha256: string
  /** Called with the bytes sent so far. */
  readonly progress: (sent: number) => void
  readonly signal: AbortSignal
  /** After which it is given up when not a byte passes, in milliseconds. */
  readonly longestSilenceMs?: number
}

/**
 * Sends a file's bytes to `POST /uploads` as they are on disk, in flat memory, and checks that the file is what it was
 * when the command began, and that what arrived is what was read: the service answers the SHA-256 of what it stored.
 *
 * @throws CliError with the service's code; `UPLOAD_DAMAGED` when the service stored other bytes; `FILE_CHANGED` when
 *   somebody wrote to the file; `FILE_UNREADABLE` when it cannot be read to its end; `SERVER_UNREACHABLE`, also when the
 *   service falls silent
 */
export async function uploadFile(connection: Connection, file: LocalFile, options: UploadOptions): Promise<Upload> {
  const target = resourceOf(connection.server, 'uploads')
  target.searchParams.set('fileName', file.fileName)
  const upload: KeptFile & { readonly uploadId?: unknown } = await sendFile(connection, file, target, options)
  const { uploadId } = upload
  if (typeof uploadId === 'string') return { ...upload, uploadId }
  throw new CliError('ANSWER_UNEXPECTED', `${connection.server.origin} took the upload and gave it no id.`)
}

/**
 * Sends a file to the upload link of the request that announced it, as {@link uploadFile} does.
 *
 * @param link as the service gave it out
 * @throws CliError as {@link uploadFile}
 */
export function uploadAnnounced(
  connection: Connection,
  file: LocalFile,
  link: string,
  options: UploadOptions,
): Promise<KeptFile> {
  return sendFile(connection, file, followedLink(connection.server, link), options)
}

async function sendFile(
  connection: Connection,
  file: LocalFile,
  target: URL,
  options: UploadOptions,
): Promise<KeptFile> {
  const silence = watchSilence(connection.server, options.longestSilenceMs ?? longestTransferSilenceMs, options.signal)
  try {
    await using handle = await openUnchanged(file)
    const progress = (sent: number) => {
      silence.restart()
      options.progress(sent)
    }
    const reading: Reading = { handle, size: file.size, hash: createHash('sha256'), progress, failure: undefined }
    const kept = await send(connection, file, { target, reading, signal: silence.signal })
    const sent = reading.hash.digest('hex')
    await checkUnchanged(file, handle)
    if (sent !== options.sha256) throw changed(file, `its SHA-256 was ${options.sha256} and is ${sent} now`)
    if (kept.sha256 !== sent)
      throw new CliError(
        'UPLOAD_DAMAGED',
        `The service stored other bytes than were sent: SHA-256 ${kept.sha256}, not ${sent}.`,
        { hint: 'Something on the way changes what passes. Nothing was submitted.' },
      )
    return kept
  } finally {
    silence.end()
  }
}

async function send(
  connection: Connection,
  { path, size }: LocalFile,
  { target, reading, signal }: { readonly target: URL; readonly reading: Reading; readonly signal: AbortSignal },
): Promise<KeptFile> {
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
    // A file that fails makes the call fail too; the failure of the file is the one that is reported.
    throw reading.failure === undefined ? error : unreadableFile(path, reading.failure)
  })
  const answer = await readJson(connection, response, signal)
  if (!response.ok) {
    const problem = problemOf(answer, response.status)
    throw problem === undefined ? unexpectedAnswer(connection.server, response) : serviceError(problem)
  }
  const kept = (answer ?? {}) as Partial<KeptFile>
  const texts = [kept.fileName, kept.sha256]
  if (texts.some((text) => typeof text !== 'string') || typeof kept.size !== 'number')
    throw unexpectedAnswer(connection.server, response)
  return kept as KeptFile
}

type Reading = {
  readonly handle: FileHandle
  readonly size: number
  readonly hash: Hash
  readonly progress: (sent: number) => void
  failure: unknown
}

async function* bytesOf(reading: Reading): AsyncGenerator<Uint8Array> {
  const { handle, size, hash, progress } = reading
  // No more than was announced; that the file grew is found at the end.
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
