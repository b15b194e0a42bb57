import { readSync, writeSync } from 'node:fs'
import { SigningError } from '../signing-error.ts'
import type { PassControl, PlacedBytes } from './orders.ts'

/** A part of a file. */
export interface FileBlock {
  readonly offset: number
  readonly bytes: Buffer
}

/** A block that stays in a core's own cache while it is read, digested, summed and written. */
export const blockSize = 256 * 1024
const progressEvery = 4 * 1024 * 1024

/**
 * Reads a file's first `end` bytes, by calls that block, into the thread's memory: a block is good until the next one is
 * asked for.
 *
 * @param input file descriptor
 * @throws SigningError `FILE_TRUNCATED`, `FILE_READ_FAILED` (transient); what `control` throws
 */
export function* blocksOf(input: number, end: number, control: PassControl): Generator<FileBlock, void, undefined> {
  const { memory } = control
  for (let offset = 0; offset < end; ) {
    control.throwIfCancelled()
    const block = { offset, bytes: memory.subarray(0, Math.min(memory.length, end - offset)) }
    fillBlocking(input, block)
    yield block
    offset += block.bytes.length
    if (offset % progressEvery === 0) control.progress(offset, end)
  }
}

/**
 * Fills a block from its place in the file.
 *
 * @throws SigningError `FILE_TRUNCATED`, `FILE_READ_FAILED` (transient)
 */
export function fillBlocking(input: number, { offset, bytes }: FileBlock): void {
  for (let filled = 0; filled < bytes.length; ) {
    const count = readPart(input, bytes.subarray(filled), offset + filled)
    if (count === 0)
      throw new SigningError('FILE_TRUNCATED', `The file ended at byte ${offset + filled} while it was read.`)
    filled += count
  }
}

/** Writes all of the bytes to their place; throws what the system says. */
export function writeBlocking(output: number, { offset, bytes }: PlacedBytes): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(output, bytes, written, bytes.length - written, offset + written)
}

function readPart(input: number, into: Buffer, offset: number): number {
  try {
    return readSync(input, into, 0, into.length, offset)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new SigningError('FILE_READ_FAILED', `The file at byte ${offset} cannot be read: ${reason}`, {
      transient: true,
      cause,
    })
  }
}
