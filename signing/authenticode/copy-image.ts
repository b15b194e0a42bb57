import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { HashAlgorithm } from '../../domain/index.ts'
import { blocksOf, type DoFileWork, type FileWork, fillBlocking, writeBlocking } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import type { InputFile } from './byte-blocks.ts'
import { startDigestion } from './image-digestion.ts'
import { readKeptSignatures } from './kept-signatures.ts'
import { type PeFile, readPeFile } from './pe-file.ts'
import type { MeasuredImage } from './place-signature.ts'

/** What to copy, and where. */
export interface ImageCopyRequest {
  readonly inputPath: string
  /** A file that is not there yet. */
  readonly outputPath: string
  /** The hash algorithm of the signature. */
  readonly hashAlgorithm: HashAlgorithm
  /** Whether the signatures that the file has are read, to be kept. */
  readonly keepSignatures: boolean
}

/** An image that was copied without its certificate table. */
export interface CopiedImage extends MeasuredImage {
  /** The file's headers. */
  readonly file: PeFile
  /** As `readKeptSignatures` answers. */
  readonly kept: Uint8Array | undefined
  /** File descriptor of the copy, open for writing; whoever gets it closes it. */
  readonly output: number
}

/** Covers the headers of most files. */
const startSize = 4096

/** The order for a thread to copy a PE image in one pass that digests and sums it: it gives a {@link CopiedImage}. */
export function imageCopy(request: ImageCopyRequest): FileWork {
  return { module: import.meta.url, parameters: request }
}

/**
 * In that thread: reads the headers, then each byte of the image once, and writes what it digested, with the fields that
 * depend on the signature zeroed. What it leaves of the output when it fails, the caller removes.
 *
 * @throws SigningError with a `PE_…` or `AUTHENTICODE_…` code, `FILE_READ_FAILED`, `FILE_TRUNCATED`; what the system says of a
 *   failed write
 */
export const doFileWork: DoFileWork<ImageCopyRequest, CopiedImage> = async (request, control) => {
  const { hashAlgorithm } = request
  const input = openInput(request.inputPath)
  try {
    const file = await readPeFile(input)
    const kept = request.keepSignatures ? await readKeptSignatures(input, file) : undefined
    const digester = startDigestion({ file, hashAlgorithms: [hashAlgorithm], unpadded: false })
    const output = openSync(request.outputPath, 'wx')
    try {
      for (const block of blocksOf(input.handle.fd, file.imageSize, control)) {
        digester.update(block.offset, block.bytes)
        writeBlocking(output, block)
      }
      const { digests, sum } = digester.finish()
      return { file, kept, output, imageDigest: digests.get(hashAlgorithm) ?? new Uint8Array(), sum }
    } catch (failure) {
      closeSync(output)
      throw failure
    }
  } finally {
    closeSync(input.handle.fd)
  }
}

function openInput(path: string): InputFile {
  const fd = openDescriptor(path)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw new SigningError('FILE_READ_FAILED', `${path} is not a regular file.`)
    const start = Buffer.allocUnsafeSlow(Math.min(startSize, stats.size))
    fillBlocking(fd, { offset: 0, bytes: start })
    return { handle: blockingHandle(fd), size: stats.size, start }
  } catch (failure) {
    closeSync(fd)
    throw failure
  }
}

function openDescriptor(path: string): number {
  try {
    // Non-blocking, because opening a pipe would otherwise wait for somebody to write into it.
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new SigningError('FILE_READ_FAILED', `${path} cannot be read: ${reason}`, { transient: true, cause })
  }
}

/** A handle as far as the readers of headers use one, whose reads block. */
function blockingHandle(fd: number): InputFile['handle'] {
  const read = async (buffer: Buffer, offset: number, length: number, position: number) => ({
    bytesRead: readSync(fd, buffer, offset, length, position),
    buffer,
  })
  return { fd, read: read as InputFile['handle']['read'] }
}
