import { close as closeDescriptor, fstatSync, openSync, write, writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

/** Bytes of lines that wait to be written; what comes beyond is counted and not kept. */
const mostWaiting = 8 * 1024 * 1024
/** How long nothing is tried after a write failed. Then it is tried again, also when there are no further lines. */
const pauseMs = 1_000

/** Where log lines go, whatever becomes of the place: nothing that happens there ends or holds up the process. */
export type LogDestination = DestinationStream & {
  /** How many lines could not be written since the last that could, and why. */
  readonly trouble: () => { readonly lost: number; readonly reason: string } | undefined
  /** Writes what waits, once, and lets go of the file; lines that come afterwards are dropped. */
  close(): void
}

/** Writes a chunk and says how it went; never throws. */
type Sink = {
  write(chunk: Buffer, done: (error: Error | null) => void): void
  /** When the process ends: writes what can be written without waiting. */
  writeNow(chunk: Buffer): void
  close(): void
}

/**
 * Log lines to a file, appended. A full disk, a file system that went away or became read-only cost lines, which are
 * counted; when writing works again, a line `LOG_LINES_LOST` says how many, and why.
 *
 * @param path in a folder that exists; made for its owner alone when it does not exist
 * @throws the error of the file system when the file cannot be opened
 */
export function logFile(path: string): LogDestination {
  return logTo(fileSink(openSync(path, 'a', 0o600)))
}

/**
 * Log lines to standard output. A reader that is gone or stands still costs lines, not the service.
 */
export function logStandardOutput(): LogDestination {
  return logTo(fstatSync(1).isFile() ? fileSink(1) : streamSink(process.stdout))
}

/** The rules of a {@link LogDestination} over any sink. */
export function logTo(sink: Sink): LogDestination {
  let waiting: string[] = []
  let waitingBytes = 0
  let busy = false
  let lost = 0
  let reason = ''
  // A failed write may have left half a line.
  let broken = false
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const lose = (count: number, why: string) => {
    lost += count
    reason = why
  }
  const take = (): { chunk: Buffer; lines: number } => {
    const lines = waiting.length
    const notice = lost === 0 ? '' : lostLine(lost, reason)
    const chunk = Buffer.from(`${broken ? '\n' : ''}${notice}${waiting.join('')}`)
    waiting = []
    waitingBytes = 0
    return { chunk, lines }
  }
  const flush = () => {
    if (busy || closed || timer !== undefined || (waiting.length === 0 && lost === 0)) return
    busy = true
    const announced = lost
    const { chunk, lines } = take()
    sink.write(chunk, (error) => {
      busy = false
      if (closed) return sink.close()
      if (error === null) {
        broken = false
        lost -= announced
        flush()
        return
      }
      broken = true
      lose(lines, error.message)
      timer = setTimeout(() => {
        timer = undefined
        flush()
      }, pauseMs)
      timer.unref()
    })
  }
  const close = () => {
    if (closed) return
    closed = true
    clearTimeout(timer)
    process.off('exit', close)
    if (waiting.length > 0) sink.writeNow(take().chunk)
    // A write that is under way still needs the file: its number would be another file's when it is opened meanwhile.
    if (!busy) sink.close()
  }
  process.on('exit', close)
  return {
    write(line) {
      const bytes = Buffer.byteLength(line)
      if (closed) return
      if (waitingBytes + bytes > mostWaiting) {
        lose(1, lost > 0 ? reason : 'it does not take lines as fast as they come')
        return
      }
      waiting.push(line)
      waitingBytes += bytes
      flush()
    },
    trouble: () => (lost === 0 ? undefined : { lost, reason }),
    close,
  }
}

function lostLine(lost: number, reason: string): string {
  const msg = `${lost} log lines before this one could not be written: ${reason}`
  return `${JSON.stringify({ level: 40, time: Date.now(), code: 'LOG_LINES_LOST', lost, reason, msg })}\n`
}

function fileSink(descriptor: number): Sink {
  return {
    write(chunk, done) {
      const from = (offset: number) =>
        write(descriptor, chunk, offset, chunk.length - offset, null, (error, written) => {
          if (error !== null) done(error)
          else if (offset + written < chunk.length) from(offset + written)
          else done(null)
        })
      from(0)
    },
    writeNow(chunk) {
      try {
        for (let offset = 0; offset < chunk.length; ) offset += writeSync(descriptor, chunk, offset)
      } catch {
        // The process is ending, and there is no other place to report to.
      }
    },
    close() {
      if (descriptor > 2) closeDescriptor(descriptor, () => undefined)
    },
  }
}

function streamSink(stream: NodeJS.WriteStream): Sink {
  // A reader that is gone is announced to each write; a stream without a listener would end the process.
  stream.on('error', () => undefined)
  return {
    write: (chunk, done) => void stream.write(chunk, (error) => done(error ?? null)),
    writeNow: (chunk) => void stream.write(chunk),
    close: () => undefined,
  }
}
