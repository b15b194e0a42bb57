import type { FileHandle } from 'node:fs/promises'
import { readRange } from './authenticode/index.ts'
import { truncate, writeFully } from './output-file.ts'

/** Bytes that take the place of others. */
export interface Splice {
  /** From where to where in the file; the same where something is put in between. */
  readonly start: number
  readonly end: number
  readonly bytes: Uint8Array
}

/** Bytes with splices made, which stand in their order and apart from each other. */
export function spliced(bytes: Uint8Array, splices: readonly Splice[]): Buffer {
  const parts: Uint8Array[] = []
  let at = 0
  for (const { start, end, bytes: put } of splices) {
    parts.push(bytes.subarray(at, start), put)
    at = end
  }
  return Buffer.concat([...parts, bytes.subarray(at)])
}

/**
 * Makes splices in a file that is small enough for memory, in its place. When this fails, the file is in no state to be used.
 *
 * @throws SigningError `FILE_READ_FAILED`, `FILE_TRUNCATED`, `FILE_WRITE_FAILED`
 */
export async function spliceFile(handle: FileHandle, size: number, splices: readonly Splice[]): Promise<void> {
  const bytes = await readRange({ handle, size, start: Buffer.alloc(0) }, 0, size)
  const result = spliced(bytes, splices)
  await writeFully(handle, 0, result)
  if (result.length < size) await truncate(handle, result.length)
}
