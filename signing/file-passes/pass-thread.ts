import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { SigningError } from '../signing-error.ts'
import { blockSize, blocksOf, writeBlocking } from './blocking-files.ts'
import type {
  CompleteOrder,
  DoFileWork,
  FileDigester,
  FileDigestion,
  FileWork,
  PassAnswer,
  PassControl,
  PassOrder,
  PassResult,
  PassThreadData,
  ReadOrder,
  StartDigestion,
} from './orders.ts'

const { cancelled } = workerData as PassThreadData
/** What was loaded, by address; a format has one or two. */
const modules = new Map<string, unknown>()

/** The thread's side of `file-passes.ts`: one order at a time, with calls that block, which here hold up nobody. */
parentPort?.on('message', (order: PassOrder) => {
  void answer(order).then((said) => parentPort?.postMessage(said))
})

/** Ends a pass that was called off. */
class Cancelled extends Error {}

async function answer(order: PassOrder): Promise<PassAnswer> {
  try {
    return { kind: 'done', result: await carryOut(order) }
  } catch (failure) {
    if (failure instanceof Cancelled) return { kind: 'cancelled' }
    const { code, message, transient, cause } = failure instanceof SigningError ? failure : unwritable(failure)
    return { kind: 'failed', code, message, transient, errno: (cause as NodeJS.ErrnoException | undefined)?.code }
  }
}

const control: PassControl = {
  // A buffer for each order would be garbage that the collector counts among what it must hurry for.
  memory: Buffer.allocUnsafeSlow(blockSize),
  throwIfCancelled() {
    if (Atomics.load(cancelled, 0) !== 0) throw new Cancelled()
  },
  progress(done, total) {
    parentPort?.postMessage({ kind: 'progress', done, total } satisfies PassAnswer)
  },
}

async function carryOut(order: PassOrder): Promise<unknown> {
  switch (order.kind) {
    case 'read': {
      const { digestion } = order.order
      return read(order.order, digestion && (await startDigester(digestion)))
    }
    case 'work':
      return work(order.order)
    case 'complete':
      return complete(order.order)
  }
}

async function startDigester({ module, parameters }: FileDigestion): Promise<FileDigester<unknown>> {
  const loaded = (await load(module)) as { readonly startDigestion: StartDigestion<unknown, unknown> }
  return loaded.startDigestion(parameters)
}

async function work({ module, parameters }: FileWork): Promise<unknown> {
  const loaded = (await load(module)) as { readonly doFileWork: DoFileWork<unknown, unknown> }
  parentPort?.postMessage({ kind: 'started' } satisfies PassAnswer)
  return loaded.doFileWork(parameters, control)
}

/** Node finds out anew each time which module an address means, which takes as long as a small file does. */
async function load(address: string): Promise<unknown> {
  const module = modules.get(address) ?? (await import(address))
  modules.set(address, module)
  return module
}

function read(order: ReadOrder, digester: FileDigester<unknown> | undefined): PassResult {
  const { input, output, end } = order
  const hash = order.hashed ? createHash('sha256') : undefined
  for (const block of blocksOf(input, end, control)) {
    hash?.update(block.bytes)
    if (output !== undefined) writeBlocking(output, block)
    digester?.update(block.offset, block.bytes)
  }
  return { sha256: hash?.digest('hex'), digested: digester?.finish() }
}

function complete({ output, writes, durable, temporaryPath, path }: CompleteOrder): void {
  try {
    for (const each of writes) writeBlocking(output, each)
    if (durable) fsyncSync(output)
  } finally {
    closeSync(output)
  }
  renameSync(temporaryPath, path)
  if (durable) syncFolder(dirname(path))
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Whatever else the system refuses here is a write. */
function unwritable(cause: unknown): SigningError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  // What the system refuses is a matter of the disk, and says nothing about what was to be signed.
  const transient = (cause as NodeJS.ErrnoException | undefined)?.code !== undefined
  return new SigningError('FILE_WRITE_FAILED', `Writing the output failed: ${reason}`, { transient, cause })
}
