import { SigningError } from '../signing-error.ts'
import type { InputFile } from './byte-blocks.ts'
import { readPeFile } from './pe-file.ts'

/** What was asked for lies behind the bytes at hand. */
class BeyondStart extends Error {}

/**
 * Checks the headers of a PE file of which only the beginning is at hand, as far as it reaches.
 *
 * @param start the file's first bytes
 * @param size bytes of the whole file
 * @throws SigningError as {@link readPeFile} does, of the whole file
 */
export async function checkPeHeader(start: Uint8Array, size: number): Promise<void> {
  const read: InputFile['handle']['read'] = async () => {
    throw new BeyondStart()
  }
  try {
    await readPeFile({ handle: { read, fd: -1 }, size, start: Buffer.from(start) })
  } catch (error) {
    if (!(error instanceof SigningError && error.cause instanceof BeyondStart)) throw error
  }
}
