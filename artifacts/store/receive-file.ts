import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Sha256Digest } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactIdentity, PutOptions } from './artifact-store.ts'
import { onDisk } from './disk-error.ts'

const bufferSize = 256 * 1024
/** The first buffer: most of what is stored, documents above all, is no larger. */
const firstBufferSize = 16 * 1024
/** After so many bytes it is looked how much room is left. */
const roomCheckInterval = 16 * 1024 ** 2

/**
 * Writes a stream into a file and hashes what it writes, until the stream ends. Memory: two buffers, whatever the sizes
 * of the chunks, and a small one for a short stream: memory outside V8's heap has it collect garbage, however little of it is used. What is hashed is our own copy, so a producer that uses its chunks again cannot make the two differ.
 *
 * @param options.checkRoom called now and then; throws when the disk should not take more
 * @throws ArtifactError `ARTIFACT_TOO_LARGE`, `ARTIFACT_MISMATCH`, `ARTIFACT_STORE_FULL`, `ARTIFACT_STORE_UNAVAILABLE`;
 *   the stream's own errors; the signal's reason
 */
export async function receiveInto(
  file: FileHandle,
  bytes: AsyncIterable<Uint8Array>,
  options: PutOptions & { readonly maximumSize: number; readonly checkRoom: () => Promise<void> },
): Promise<ArtifactIdentity> {
  const { maximumSize, checkRoom, expectedSize, expectedSha256, signal } = options
  if (expectedSize !== undefined && expectedSize > maximumSize) throw tooLarge(maximumSize)
  const hash = createHash('sha256')
  let filling = Buffer.allocUnsafeSlow(firstBufferSize)
  /** The other buffer, from which is being written; none before the first write. */
  let written: Buffer<ArrayBuffer> | undefined
  let filled = 0
  let size = 0
  let sizeWhenChecked = 0
  let writing: Promise<void> = Promise.resolve()

  const flush = async () => {
    await writing
    const part = filling.subarray(0, filled)
    hash.update(part)
    writing = onDisk('storing an artifact', () => writeAll(file, part))
    // Its failure is met by the next `await writing`; until then it is not an unhandled one.
    writing.catch(() => {})
  }
  /** Makes room for more bytes: in a larger buffer, or in the other one while this one is written. */
  const makeRoom = async () => {
    if (filling.length < bufferSize) {
      const larger = Buffer.allocUnsafeSlow(bufferSize)
      filling.copy(larger, 0, 0, filled)
      filling = larger
      return
    }
    await flush()
    ;[filling, written] = [written ?? Buffer.allocUnsafeSlow(bufferSize), filling]
    filled = 0
  }

  try {
    for await (const chunk of untilAborted(bytes, signal)) {
      size += chunk.byteLength
      if (size > maximumSize) throw tooLarge(maximumSize)
      if (expectedSize !== undefined && size > expectedSize) throw wrongSize(expectedSize, `more than that`)
      for (let taken = 0; taken < chunk.byteLength; ) {
        if (filled === filling.length) await makeRoom()
        const part = chunk.subarray(taken, taken + filling.length - filled)
        filling.set(part, filled)
        filled += part.byteLength
        taken += part.byteLength
      }
      if (size - sizeWhenChecked >= roomCheckInterval) {
        sizeWhenChecked = size
        await checkRoom()
      }
    }
    if (filled > 0) await flush()
  } finally {
    // The file must not be closed under a write that goes on.
    await writing.catch(() => {})
  }
  await writing
  if (expectedSize !== undefined && size !== expectedSize) throw wrongSize(expectedSize, String(size))
  const sha256 = hash.digest('hex') as Sha256Digest
  if (expectedSha256 !== undefined && sha256 !== expectedSha256)
    throw new ArtifactError(
      'ARTIFACT_MISMATCH',
      `The bytes have the SHA-256 ${sha256}, but ${expectedSha256} was announced. Send them again, or correct the digest.`,
    )
  return { sha256, size }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, null)
    done += bytesWritten
  }
}

/** The stream's chunks; ends with the signal's reason as soon as it is aborted, even while the stream is silent. */
async function* untilAborted(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (signal === undefined) return yield* bytes
  signal.throwIfAborted()
  const iterator = bytes[Symbol.asyncIterator]()
  let over = false
  try {
    for (;;) {
      const next = await unlessAborted(iterator.next(), signal)
      if (next.done === true) {
        over = true
        return
      }
      yield next.value
    }
  } finally {
    // Not waited for: a stream that is silent would not answer this either.
    if (!over) iterator.return?.().catch(() => {})
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
  })
}

/** The error of an artifact that is larger than it may be. */
export function tooLarge(maximumSize: number): ArtifactError {
  return new ArtifactError('ARTIFACT_TOO_LARGE', `The artifact is larger than the limit of ${maximumSize} bytes.`)
}

function wrongSize(expected: number, actual: string): ArtifactError {
  return new ArtifactError('ARTIFACT_MISMATCH', `${expected} bytes were announced, but ${actual} came.`)
}
