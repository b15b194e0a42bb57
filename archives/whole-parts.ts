import type { FileHandle } from 'node:fs/promises'
import { SigningError } from '../signing/signing-error.ts'

/**
 * Reads just so many bytes of a file.
 *
 * @throws SigningError `FILE_TRUNCATED`, `FILE_READ_FAILED` (transient)
 */
export async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled).catch((cause) => {
      throw new SigningError('FILE_READ_FAILED', `The file at byte ${position} cannot be read: ${cause.message}`, {
        transient: true,
        cause,
      })
    })
    if (bytesRead === 0)
      throw new SigningError('FILE_TRUNCATED', `The file ended at byte ${position + filled} while it was read.`)
    filled += bytesRead
  }
  return bytes
}

/**
 * Writes all of the bytes to their place.
 *
 * @throws SigningError `FILE_WRITE_FAILED` (transient)
 */
export async function writeExactly(output: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    for (let written = 0; written < bytes.length; )
      written += (await output.write(bytes, written, bytes.length - written, position + written)).bytesWritten
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new SigningError('FILE_WRITE_FAILED', `Writing the output failed: ${reason}`, { transient: true, cause })
  }
}
