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

/**
 * Whether a PE file's headers name a table of signatures, as far as its first bytes show it.
 *
 * @param start its first bytes, in which {@link checkPeHeader} found no fault
 */
export function namesSignatures(start: Uint8Array): boolean {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength)
  const number = (at: number) => (at + 4 <= view.byteLength ? view.getUint32(at, true) : 0)
  const optionalHeader = number(0x3c) + 24
  const isPe32 = (number(optionalHeader) & 0xffff) === 0x10b
  const entry = optionalHeader + (isPe32 ? 96 : 112) + 4 * 8
  return number(entry) !== 0 && number(entry + 4) !== 0
}
