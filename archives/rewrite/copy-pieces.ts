import { createHash } from 'node:crypto'
import {
  type DoFileWork,
  type FileWork,
  fillBlocking,
  type PassControl,
  writeBlocking,
} from '../../signing/file-passes/index.ts'

/** Parts of a file that are made of parts of another one, in their order and without gaps. */
export interface PieceRequest {
  /** File descriptors. */
  readonly input: number
  readonly output: number
  /** For each part its length and where it is in the input; -1 where the output has it already. */
  readonly pieces: Float64Array
  /** Whether the SHA-256 of all of the output is asked for. */
  readonly hashed: boolean
}

const progressEvery = 4 * 1024 * 1024

/** The order for a thread to put an output together: it gives the SHA-256, hexadecimal, where that is asked for. */
export function pieceWork(request: PieceRequest): FileWork {
  return { module: import.meta.url, parameters: request }
}

/**
 * In that thread: copies the parts of the input to their places, and hashes the output from its first byte to its last.
 *
 * @throws SigningError `FILE_TRUNCATED`, `FILE_READ_FAILED` (transient); what the system says of a failed write
 */
export const doFileWork: DoFileWork<PieceRequest, string | undefined> = async (request, control) => {
  const { input, output, pieces, hashed } = request
  const hash = hashed ? createHash('sha256') : undefined
  const total = pieces.reduce((sum, length, index) => (index % 2 === 0 ? sum + length : sum), 0)
  const report = reporter(control, total)
  let place = 0
  for (let index = 0; index < pieces.length; index += 2) {
    const [length = 0, from = 0] = pieces.subarray(index, index + 2)
    if (from >= 0 || hash !== undefined) {
      for (let at = 0; at < length; ) {
        control.throwIfCancelled()
        const bytes = control.memory.subarray(0, Math.min(control.memory.length, length - at))
        fillBlocking(from < 0 ? output : input, { offset: (from < 0 ? place : from) + at, bytes })
        hash?.update(bytes)
        if (from >= 0) writeBlocking(output, { offset: place + at, bytes })
        at += bytes.length
        report(place + at)
      }
    }
    place += length
  }
  return hash?.digest('hex')
}

function reporter(control: PassControl, total: number): (done: number) => void {
  let next = progressEvery
  return (done) => {
    if (done < next) return
    next = done + progressEvery
    control.progress(done, total)
  }
}
