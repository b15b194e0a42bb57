import { createHash } from 'node:crypto'
import { readSync, writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { SigningError } from '../signing-error.ts'
import type { FileDigester, FileDigestion, PassAnswer, PassOrder, PassResult, StartDigestion } from './orders.ts'

/** A part of a file. */
type Block = { readonly offset: number; readonly bytes: Buffer }

/** A block that stays in a core's own cache while it is read, digested, summed and written. */
const blockSize = 256 * 1024
const progressEvery = 4 * 1024 * 1024

/** The thread's side of `file-passes.ts`: one file at a time, with calls that block, which here hold up nobody. */
parentPort?.on('message', (order: PassOrder) => {
  void answer(order).then((said) => parentPort?.postMessage(said))
})

/** Ends a pass that was called off. */
class Cancelled extends Error {}

async function answer(order: PassOrder): Promise<PassAnswer> {
  try {
    const digester = order.digestion && (await startDigester(order.digestion))
    return { kind: 'done', result: read(order, digester) }
  } catch (failure) {
    if (failure instanceof Cancelled) return { kind: 'cancelled' }
    const { code, message, cause } = failure instanceof SigningError ? failure : unwritable(failure)
    return { kind: 'failed', code, message, errno: (cause as NodeJS.ErrnoException | undefined)?.code }
  }
}

async function startDigester({ module, parameters }: FileDigestion): Promise<FileDigester<unknown>> {
  const loaded: { readonly startDigestion: StartDigestion<unknown, unknown> } = await import(module)
  return loaded.startDigestion(parameters)
}

function read(order: PassOrder, digester: FileDigester<unknown> | undefined): PassResult {
  const { output } = order
  const hash = order.hashed ? createHash('sha256') : undefined
  for (const block of blocksOf(order)) {
    hash?.update(block.bytes)
    if (output !== undefined) write(output, block)
    digester?.update(block.offset, block.bytes)
  }
  return { sha256: hash?.digest('hex'), digested: digester?.finish() }
}

function* blocksOf({ input, end, cancelled }: PassOrder): Generator<Block, void, undefined> {
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

function fill(input: number, { offset, bytes }: Block): void {
  for (let filled = 0; filled < bytes.length; ) {
    const count = readPart(input, bytes.subarray(filled), offset + filled)
    if (count === 0)
      throw new SigningError('FILE_TRUNCATED', `The file ended at byte ${offset + filled} while it was read.`)
    filled += count
  }
}

function readPart(input: number, into: Buffer, offset: number): number {
  try {
    return readSync(input, into, 0, into.length, offset)
  } catch (cause) {
    throw new SigningError('FILE_READ_FAILED', `The file at byte ${offset} cannot be read: ${reasonOf(cause)}`, {
      cause,
    })
  }
}

function write(output: number, { offset, bytes }: Block): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(output, bytes, written, bytes.length - written, offset + written)
}

/** Whatever else the system refuses here is a write. */
function unwritable(cause: unknown): SigningError {
  return new SigningError('FILE_WRITE_FAILED', `Writing the output failed: ${reasonOf(cause)}`, { cause })
}

function reasonOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure)
}
