import { createHash } from 'node:crypto'
import { type DoFileWork, fillBlocking, type PassControl } from '../file-passes/index.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import type { OpenPackage } from './open-package.ts'

/** A package without its signature: the bytes that the signature is for. */
export interface UnsignedPackage {
  /** Ranges of the file, in their order: the entries, all but the signature. */
  readonly entries: readonly { readonly start: number; readonly end: number }[]
  /** Bytes of these together. */
  readonly entriesSize: number
  /** How many entries there are. */
  readonly count: number
  /** The directory behind them. */
  readonly directory: Buffer
  /** The record that ends the archive, with its comment. */
  readonly end: Buffer
}

/**
 * What a package is without its signature ("NuGet Package Signatures Technical Specification": the hash is that of the package before the
 * signature was added): its entry and its record are left out, and the offsets of what lies behind them move.
 */
export function unsignedPackage({ archive, signature }: OpenPackage): UnsignedPackage {
  const { entries, directory } = archive
  const { directoryOffset } = directory
  const [from, to] =
    signature === undefined ? [directoryOffset, directoryOffset] : [signature.entry.start, signature.entry.end]
  const records = entries
    .filter((entry) => entry !== signature?.entry)
    .map(({ record, start }) => (start < from ? record : withOffset(record, start - (to - from))))
  const joined = Buffer.concat(records)
  const entriesSize = directoryOffset - (to - from)
  return {
    entries: [
      { start: 0, end: from },
      { start: to, end: directoryOffset },
    ].filter(({ start, end }) => start < end),
    entriesSize,
    count: records.length,
    directory: joined,
    end: endRecord(directory.end, records.length, joined.length, entriesSize),
  }
}

/** The record that ends an archive, with other numbers. */
export function endRecord(end: Uint8Array, count: number, directorySize: number, directoryOffset: number): Buffer {
  const bytes = Buffer.from(end)
  bytes.writeUInt16LE(count, 8)
  bytes.writeUInt16LE(count, 10)
  bytes.writeUInt32LE(directorySize, 12)
  bytes.writeUInt32LE(directoryOffset, 16)
  return bytes
}

/** A record of the directory, with another offset of its entry. */
function withOffset(record: Uint8Array, offset: number): Buffer {
  const bytes = Buffer.from(record)
  bytes.writeUInt32LE(offset, 42)
  return bytes
}

type Order = {
  readonly fd: number
  readonly unsigned: Pick<UnsignedPackage, 'entries'> & { readonly behind: Uint8Array }
  readonly hashes: readonly string[]
}

/**
 * Digests a package without its signature, in a thread.
 *
 * @param hashes as OpenSSL names them
 * @returns by hash
 */
export async function digestPackage(
  { archive }: OpenPackage,
  { entries, directory, end }: UnsignedPackage,
  hashes: readonly string[],
  { passes, signal, onProgress }: FileWorkOptions,
): Promise<ReadonlyMap<string, Buffer>> {
  const unsigned = { entries, behind: Buffer.concat([directory, end]) }
  const parameters: Order = { fd: archive.file.handle.fd, unsigned, hashes }
  const digests = (await passes.work({ module: import.meta.url, parameters }, { signal, onProgress })) as Uint8Array[]
  return new Map(hashes.map((hash, index) => [hash, Buffer.from(digests[index] ?? [])]))
}

/** In a thread. */
export const doFileWork: DoFileWork<Order, readonly Uint8Array[]> = async (order, control) => {
  const hashes = order.hashes.map((hash) => createHash(hash))
  for (const range of order.unsigned.entries)
    for (const block of blocksIn(order.fd, range, control)) for (const hash of hashes) hash.update(block)
  return hashes.map((hash) => hash.update(order.unsigned.behind).digest())
}

/** Bytes, a multiple of the blocks. */
const progressEvery = 4 * 1024 * 1024

function* blocksIn(
  fd: number,
  { start, end }: UnsignedPackage['entries'][number],
  control: PassControl,
): Generator<Buffer> {
  const { memory } = control
  for (let offset = start; offset < end; ) {
    control.throwIfCancelled()
    const bytes = memory.subarray(0, Math.min(memory.length, end - offset))
    fillBlocking(fd, { offset, bytes })
    yield bytes
    offset += bytes.length
    if (offset % progressEvery === 0) control.progress(offset, end)
  }
}
