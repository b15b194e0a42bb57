import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { CliError } from '../cli-error.ts'
import { type Destination, replaceFile } from '../destination.ts'
import { callService, unreachable } from './call-service.ts'
import type { Connection } from './connection.ts'
import { problemOf, readJson } from './graphql.ts'
import { followedLink } from './server-address.ts'
import { serviceError, unexpectedAnswer } from './service-error.ts'
import { longestTransferSilenceMs, watchSilence } from './silence.ts'

/** What the service says of a file that it gives out. */
export type Downloadable = {
  readonly link: string
  /** SHA-256, hexadecimal, lower case. */
  readonly sha256: string
  /** Bytes. */
  readonly size: number
}

/** Who waits for a transfer, and may end it. */
export type Transfer = {
  /** Called with the bytes received so far. */
  readonly progress: (received: number) => void
  readonly signal: AbortSignal
  /** After which it is given up when not a byte comes, in milliseconds. */
  readonly longestSilenceMs?: number
}

/**
 * Downloads a file to its place, which changes only when every byte came and they are those that the service recorded,
 * by size and SHA-256.
 *
 * @throws CliError with the service's code; `DOWNLOAD_DAMAGED` when the bytes are not the recorded ones;
 *   `OUT_NOT_WRITABLE`; `SERVER_UNREACHABLE`, also when the service falls silent
 */
export async function downloadFile(
  connection: Connection,
  file: Downloadable,
  destination: Destination,
  transfer: Transfer,
): Promise<void> {
  const silence = watchSilence(
    connection.server,
    transfer.longestSilenceMs ?? longestTransferSilenceMs,
    transfer.signal,
  )
  const { signal } = silence
  try {
    const target = followedLink(connection.server, file.link)
    const body = await openBody(connection, target, 'application/octet-stream', signal)
    const progress = (received: number) => {
      silence.restart()
      transfer.progress(received)
    }
    await replaceFile(destination, (into) => receive(body, file, into, progress))
  } finally {
    silence.end()
  }
}

/**
 * The bytes that the service answers with.
 *
 * @throws CliError with the service's code; `SERVER_UNREACHABLE`, also while they are read; the signal's reason
 */
export async function openBody(
  connection: Connection,
  target: URL,
  mediaType: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const response = await callService(connection, target, {
    method: 'GET',
    headers: { accept: `${mediaType}, application/json;q=0.1`, 'accept-encoding': 'identity' },
    signal,
  })
  const { body } = response
  if (response.ok && body !== null) return unbroken(connection, body, signal)
  const problem = problemOf(await readJson(connection, response, signal), response.status)
  throw problem === undefined ? unexpectedAnswer(connection.server, response) : serviceError(problem)
}

async function receive(
  bytes: AsyncIterable<Uint8Array>,
  file: Downloadable,
  into: FileHandle,
  progress: Transfer['progress'],
): Promise<void> {
  const hash = createHash('sha256')
  let received = 0
  for await (const chunk of bytes) {
    received += chunk.length
    hash.update(chunk)
    if (received > file.size) break
    await into.writeFile(chunk)
    progress(received)
  }
  const sha256 = hash.digest('hex')
  if (received !== file.size || sha256 !== file.sha256)
    throw new CliError(
      'DOWNLOAD_DAMAGED',
      `The download is not what the service recorded: ${received} bytes with SHA-256 ${sha256}, not ${file.size} with ${file.sha256}.`,
      { hint: 'Nothing was saved. If it happens again, something on the way changes what passes.' },
    )
}

async function* unbroken(
  { server }: Connection,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw unreachable(server, error)
  }
}
