import { crc32, inflateRawSync } from 'node:zlib'
import { ArchiveError, usualArchiveLimits } from '../../../archives/index.ts'
import { readDirectory } from '../../../archives/read-directory.ts'
import { positionsPerEntry, ZipEntry } from '../../../archives/zip-entry.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { type BuiltEntry, buildZip } from '../../support/zip-builder.ts'
import { interestingNumbers, mutateBytes } from '../mutation/bytes.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/**
 * ZIP archives, damaged in their records or anywhere. What is opened is read by two simple readers, of which one goes by the local headers
 * from the first byte on, and the other by the directory as the last record says it: all three find the same entries.
 */
export const target: FuzzTarget = {
  name: 'zip-archive',
  shortCount: 1000,
  run: (request) =>
    fuzzInputs(request, async (random, seed) => {
      const input = damaged(whole(random), random)
      try {
        return outcomeOf(input, seed)
      } catch (cause) {
        if (cause instanceof ArchiveError && cause.code.startsWith('ARCHIVE_') && !cause.transient) return cause.code
        throw cause instanceof FuzzFailure ? cause : new FuzzFailure(seed, input, 'opening it fails', { cause })
      }
    }),
}

function whole(random: SeededRandom): Buffer {
  const form = () => random.oneOf([null, 'signed', 'plain'] as const)
  const entries = ['lib/', 'lib/a.dll', 'ü.txt', 'link'].map((name): BuiltEntry => {
    const isLong = random.below(3) === 0
    const descriptor = form()
    return {
      ...{ name, content: name === 'link' ? 'lib/a.dll' : name === 'lib/' ? '' : 'content '.repeat(random.below(9)) },
      ...{ isStored: random.below(2) === 0, mode: name === 'link' ? 0o120777 : 0o100644, host: 3 },
      ...(isLong && { zip64: random.oneOf(['both', 'local', 'needless'] as const) }),
      ...(descriptor !== null && { descriptor: isLong ? `${descriptor}64` : descriptor }),
      ...(random.below(3) === 0 && { extra: Buffer.from([0x99, 0x99, 2, 0, 1, 2, 9]) }),
    }
  })
  const zip64End = random.oneOf([null, 'all', 'needless'] as const)
  return buildZip(entries, { comment: random.oneOf(['', 'PK']), ...(zip64End !== null && { zip64End }) })
}

/** Mostly numbers in records: what is damaged elsewhere is found by checksums alone. */
function damaged(zip: Buffer, random: SeededRandom): Buffer {
  const changed = Buffer.from(zip)
  const marks = ['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06', 'PK\x06\x06', 'PK\x06\x07', 'PK\x07\x08']
  for (let left = random.below(3); left >= 0; left--) {
    const starts = marks.flatMap((mark) => placesOf(changed, mark))
    if (random.below(4) === 0 || starts.length === 0) return mutateBytes(changed, random)
    const at = Math.min(random.oneOf(starts) + random.below(60), changed.length - 4)
    const choice = random.below(5)
    if (choice === 0) changed.writeUInt16LE(random.oneOf(interestingNumbers) & 0xffff, at)
    else if (choice === 1) changed.writeUInt32LE(random.oneOf(interestingNumbers), at)
    else if (choice === 2) changed.writeUInt8((changed.readUInt8(at) + 1 + random.below(3)) & 0xff, at)
    else if (choice === 3) changed.write(random.oneOf(marks), at, 'latin1')
    else changed.copyWithin(at, random.oneOf(starts), random.oneOf(starts) + random.below(50))
  }
  return changed
}

function placesOf(bytes: Buffer, mark: string): number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(mark, 0, 'latin1'); at >= 0; at = bytes.indexOf(mark, at + 1, 'latin1')) places.push(at)
  return places
}

function outcomeOf(input: Buffer, seed: number): string {
  const readAt = (position: number, length: number) => {
    if (position < 0 || length < 0 || position + length > input.length)
      throw new FuzzFailure(seed, input, `it reads ${length} bytes at ${position}, which are not there`)
    return input.subarray(position, position + length)
  }
  const { records, positions, directoryOffset, prefixSize } = readDirectory(readAt, input.length, usualArchiveLimits)
  const count = positions.length / positionsPerEntry
  const entries = Array.from({ length: count }, (_, index) => new ZipEntry(index, Buffer.from(records), positions))
  const inFile = entries.toSorted((one, other) => one.start - other.start)
  const differ = (what: string) => new FuzzFailure(seed, input, `two readers differ in ${what}`)
  let at = prefixSize
  for (const entry of inFile) {
    if (entry.start !== at || input.readUInt32LE(at) !== 0x04034b50) throw differ('where an entry begins')
    const name = input.subarray(at + 30, at + 30 + input.readUInt16LE(at + 26))
    if (!name.equals(entry.nameBytes)) throw differ('a name')
    if (input.readUInt16LE(at + 8) !== entry.method) throw differ('a method')
    if (/(?:^|[\\/])\.\.(?:[\\/]|$)|^[\\/]/.test(entry.name) || entry.name.includes('\0'))
      throw new FuzzFailure(seed, input, 'a way out')
    const sizes = [input.readUInt32LE(at + 18), input.readUInt32LE(at + 22)]
    const isStreamed = (input.readUInt16LE(at + 6) & 8) !== 0
    const meant = [entry.compressedSize, entry.size]
    if (!isStreamed && sizes.some((size, index) => size !== 0xffffffff && size !== meant[index])) throw differ('a size')
    const dataStart = at + 30 + name.length + input.readUInt16LE(at + 28)
    if (dataStart !== entry.dataStart) throw differ('where data begin')
    requireContent(input, entry, differ)
    at = entry.end
  }
  if (at !== directoryOffset) throw differ('where the directory begins')
  return 'accepted'
}

/** What was linked was read and checked already; other content is checked when it is read. */
function requireContent(input: Buffer, entry: ZipEntry, differ: (what: string) => FuzzFailure): void {
  if (!entry.isSymbolicLink) return
  const data = input.subarray(entry.dataStart, entry.dataStart + entry.compressedSize)
  const content = entry.method === 8 ? inflateRawSync(data) : data
  if (content.length !== entry.size || crc32(content) !== entry.crc32) throw differ('where a link leads')
}
