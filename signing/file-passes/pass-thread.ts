import { createHash } from 'node:crypto'
import { readSync, writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import type { ByteBlock } from '../authenticode/byte-blocks.ts'
import { startChecksum } from '../authenticode/checksum.ts'
import { startImageDigest } from '../authenticode/digest.ts'
import { blankFields } from '../authenticode/image-pass.ts'
import { startSignedImageDigest } from '../authenticode/verify-image.ts'
import { SigningError } from '../signing-error.ts'
import type { PassAnswer, PassOrder, PassResults, ReadOrder, VerifyOrder } from './orders.ts'

/** A block that stays in a core's own cache while it is read, digested, summed and written. */
const blockSize = 256 * 1024
const progressEvery = 4 * 1024 * 1024

/** The thread's side of `file-passes.ts`: one file at a time, with calls that block, which here hold up nobody. */
parentPort?.on('message', (order: PassOrder) => {
  parentPort?.postMessage(answer(order))
})

/** Ends a pass that was called off. */
class Cancelled extends Error {}

function answer(order: PassOrder): PassAnswer {
  try {
    return { kind: 'done', result: order.kind === 'read' ? read(order) : verify(order) }
  } catch (failure) {
    if (failure instanceof Cancelled) return { kind: 'cancelled' }
    const { code, message, cause } = failure instanceof SigningError ? failure : unwritable(failure)
    return { kind: 'failed', code, message, errno: (cause as NodeJS.ErrnoException | undefined)?.code }
  }
}

function read(order: ReadOrder & PassOrder): PassResults['read'] {
  const { output, image } = order
  const hash = order.hashed ? createHash('sha256') : undefined
  const digest = image && startImageDigest(image.file, image.hashAlgorithm)
  const checksum = startChecksum()
  for (const block of blocksOf(order, order.end)) {
    hash?.update(block.bytes)
    if (output !== undefined) write(output, block)
    if (image === undefined || digest === undefined || block.offset >= image.file.imageSize) continue
    const covered = { offset: block.offset, bytes: block.bytes.subarray(0, image.file.imageSize - block.offset) }
    digest.update(covered.offset, covered.bytes)
    blankFields(covered, image.file)
    checksum.add(covered.offset, covered.bytes)
  }
  const finished = image?.unpadded === true ? digest?.finishUnpadded() : digest?.finish()
  return { sha256: hash?.digest('hex'), image: finished && { digest: finished, sum: checksum.sum() } }
}

function verify(order: VerifyOrder & PassOrder): PassResults['verify'] {
  const digests = startSignedImageDigest(order.image, order.algorithms)
  for (const { offset, bytes } of blocksOf(order, order.image.size)) digests.update(offset, bytes)
  return digests.finish()
}

function* blocksOf({ input, cancelled }: PassOrder, end: number): Generator<ByteBlock, void, undefined> {
  const flag = new Int32Array(cancelled)
  const buffer = Buffer.allocUnsafeSlow(Math.min(blockSize, end))
  for (let offset = 0; offset < end; ) {
    if (Atomics.load(flag, 0) !== 0) throw new Cancelled()
    const block = { offset, bytes: buffer.subarray(0, Math.min(blockSize, end - offset)) }
    fill(input, block)
    yield block
    offset += block.bytes.length
    if (offset % progressEvery === 0) parentPort?.postMessage({ kind: 'progress', done: offset })
  }
}

function fill(input: number, { offset, bytes }: ByteBlock): void {
  for (let filled = 0; filled < bytes.length; ) {
    const count = readPart(input, bytes.subarray(filled), offset + filled)
    if (count === 0)
      throw new SigningError('PE_TRUNCATED', `The file ended at byte ${offset + filled} while it was read.`)
    filled += count
  }
}

function readPart(input: number, into: Buffer, offset: number): number {
  try {
    return readSync(input, into, 0, into.length, offset)
  } catch (cause) {
    throw new SigningError('PE_UNREADABLE', `The file at byte ${offset} cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

function write(output: number, { offset, bytes }: ByteBlock): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(output, bytes, written, bytes.length - written, offset + written)
}

/** Whatever else the system refuses here is a write. */
function unwritable(cause: unknown): SigningError {
  return new SigningError('PE_OUTPUT_UNWRITABLE', `Writing the output failed: ${reasonOf(cause)}`, { cause })
}

function reasonOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure)
}
