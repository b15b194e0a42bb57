import { fillBlocking } from '../signing/file-passes/index.ts'

/** Reads exactly so many bytes from a place of the archive; they are good until the next read. */
export type ReadAt = (position: number, length: number) => Buffer

/**
 * Reads parts of a file by calls that block. What is asked for next is mostly near by, so each read of the file takes a window.
 *
 * @param window bytes
 * @returns throws SigningError `FILE_TRUNCATED`, `FILE_READ_FAILED` (transient)
 */
export function positionedReader(file: { readonly fd: number; readonly size: number }, window: number): ReadAt {
  const memory = Buffer.allocUnsafeSlow(window)
  let [from, to] = [0, 0]
  return (position, length) => {
    if (position >= from && position + length <= to) return memory.subarray(position - from, position - from + length)
    if (length > window) return filled(file.fd, position, Buffer.allocUnsafeSlow(length))
    to = from = position
    const block = filled(
      file.fd,
      position,
      memory.subarray(0, Math.max(length, Math.min(window, file.size - position))),
    )
    to = position + block.length
    return block.subarray(0, length)
  }
}

function filled(fd: number, offset: number, bytes: Buffer): Buffer {
  fillBlocking(fd, { offset, bytes })
  return bytes
}
