import { readSync, writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { SigningError } from '../signing-error.ts'
import { startChecksum } from './checksum.ts'
import { startImageDigest } from './digest.ts'
import { blankFields } from './image-pass.ts'
import type { ImageThreadAnswer, ImageThreadOrder } from './image-threads.ts'

/** A block that stays in a core's own cache while it is read, digested, summed and written. */
const blockSize = 256 * 1024
const progressEvery = 4 * 1024 * 1024

/** The thread's side of `image-threads.ts`: one image at a time, with calls that block, which here hold up nobody. */
parentPort?.on('message', (order: ImageThreadOrder) => {
  parentPort?.postMessage(answer(order))
})

function answer(order: ImageThreadOrder): ImageThreadAnswer {
  try {
    return passOver(order)
  } catch (failure) {
    const { code, message } = failure instanceof SigningError ? failure : unwritable(failure)
    return { kind: 'failed', code, message }
  }
}

function passOver({ input, output, file, hashAlgorithm, cancelled }: ImageThreadOrder): ImageThreadAnswer {
  const flag = new Int32Array(cancelled)
  const digest = startImageDigest(file, hashAlgorithm)
  const checksum = startChecksum()
  const buffer = Buffer.allocUnsafeSlow(Math.min(blockSize, file.imageSize))
  for (let offset = 0; offset < file.imageSize; ) {
    if (Atomics.load(flag, 0) !== 0) return { kind: 'cancelled' }
    const block = { offset, bytes: buffer.subarray(0, Math.min(blockSize, file.imageSize - offset)) }
    fill(input, block.bytes, offset)
    digest.update(offset, block.bytes)
    blankFields(block, file)
    checksum.add(offset, block.bytes)
    for (let written = 0; written < block.bytes.length; )
      written += writeSync(output, block.bytes, written, block.bytes.length - written, offset + written)
    offset += block.bytes.length
    if (offset % progressEvery === 0) parentPort?.postMessage({ kind: 'progress', done: offset })
  }
  return { kind: 'done', imageDigest: digest.finish(), sum: checksum.sum() }
}

function fill(input: number, bytes: Buffer, offset: number): void {
  for (let filled = 0; filled < bytes.length; ) {
    const count = read(input, bytes.subarray(filled), offset + filled)
    if (count === 0)
      throw new SigningError('PE_TRUNCATED', `The file ended at byte ${offset + filled} while it was read.`)
    filled += count
  }
}

function read(input: number, into: Buffer, offset: number): number {
  try {
    return readSync(input, into, 0, into.length, offset)
  } catch (cause) {
    throw new SigningError('PE_UNREADABLE', `The file at byte ${offset} cannot be read: ${reasonOf(cause)}`)
  }
}

/** Whatever else the system refuses here is a write. */
function unwritable(failure: unknown): SigningError {
  return new SigningError('PE_OUTPUT_UNWRITABLE', `Writing the output failed: ${reasonOf(failure)}`)
}

function reasonOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure)
}
