import { type DoFileWork, fillBlocking } from '../../signing/file-passes/index.ts'

/** Parts of two files that must be the same. */
export type Comparison = {
  /** File descriptors. */
  readonly one: number
  readonly other: number
  /** For each part: where it begins in the one, where in the other, and its length. */
  readonly parts: Float64Array
}

const blockSize = 256 * 1024

/** In a thread: the index of the first part that is not the same; -1 when all are. */
export const doFileWork: DoFileWork<Comparison, number> = async ({ one, other, parts }, control) => {
  const [left, right] = [Buffer.allocUnsafe(blockSize), Buffer.allocUnsafe(blockSize)]
  for (let part = 0; part * 3 < parts.length; part++) {
    const [start = 0, otherStart = 0, length = 0] = parts.subarray(part * 3, part * 3 + 3)
    for (let done = 0; done < length; done += blockSize) {
      control.throwIfCancelled()
      const size = Math.min(blockSize, length - done)
      fillBlocking(one, { offset: start + done, bytes: left.subarray(0, size) })
      fillBlocking(other, { offset: otherStart + done, bytes: right.subarray(0, size) })
      if (!left.subarray(0, size).equals(right.subarray(0, size))) return part
      if (done % (16 * blockSize) === 0) control.progress(done, length)
    }
  }
  return -1
}
