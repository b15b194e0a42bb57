import { hash as digestOnce } from 'node:crypto'
import { DerReader } from '../cms/index.ts'
import { type DoFileWork, type FileWork, fillBlocking } from '../file-passes/index.ts'
import type { PageLayout } from './page-layout.ts'

const code = 'AUTHENTICODE_MALFORMED'
/** The class of a moniker that holds digests of pages, and their type with SHA-256. */
const pagesClass = Buffer.from('a6b586d5b4a12466ae05a217da8e60d6', 'hex')
const pagesType = '1.3.6.1.4.1.311.2.3.2'

/**
 * Reads the digests of pages in SpcPeImageData.
 *
 * @param value the whole element
 * @returns `undefined` when there are none
 * @throws SigningError `AUTHENTICODE_MALFORMED`
 */
export function readPageHashes(value: Uint8Array): Uint8Array | undefined {
  const data = new DerReader(value, code).enter(0x30, 'SpcPeImageData')
  if (data.nextIs(0x03)) data.bitString('the flags of SpcPeImageData')
  if (!data.nextIs(0xa0)) return undefined
  const link = data.enter(0xa0, 'the file of SpcPeImageData')
  data.end('SpcPeImageData')
  if (!link.nextIs(0xa1)) return undefined
  const moniker = link.enter(0xa1, 'the moniker of SpcPeImageData')
  const type = moniker.take(0x04, 'the class of the moniker').content
  const serialized = moniker.take(0x04, 'the data of the moniker')
  moniker.end('the moniker of SpcPeImageData')
  if (Buffer.compare(type, pagesClass) !== 0) throw moniker.fault('the class of the moniker is not known')
  const set = moniker.inside(serialized).enter(0x31, 'the data of the moniker')
  const attribute = set.enter(0x30, 'the attribute of the moniker')
  set.end('the data of the moniker')
  const stated = attribute.objectIdentifier('the type of the digests of pages')
  if (stated !== pagesType) throw attribute.fault(`the digests of pages must be SHA-256 (${pagesType}), not ${stated}`)
  const values = attribute.enter(0x31, 'the digests of pages')
  attribute.end('the attribute of the moniker')
  const hashes = values.take(0x04, 'the digests of pages').content
  values.end('the digests of pages')
  return hashes
}

/** What a thread compares. */
interface PageComparison {
  /** File descriptor, open for reading. */
  readonly input: number
  readonly layout: PageLayout
  /** As a signature holds them. */
  readonly hashes: Uint8Array
}

/** The order for a thread to hold digests of pages against the file: it answers whether they are exactly the file's. */
export function pageComparison(comparison: PageComparison): FileWork {
  return { module: import.meta.url, parameters: comparison }
}

/** In that thread. */
export const doFileWork: DoFileWork<PageComparison, boolean> = async ({ input, layout, hashes }, control) => {
  const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength)
  const { pageSize, headersSize, sections } = layout
  const left = [layout.checksumAt, layout.certificateEntryAt]
  let entry = 0
  const isNext = (offset: number, digest: Uint8Array): boolean => {
    const at = 36 * entry++
    if (at + 36 > hashes.length) return false
    return view.getUint32(at, true) === offset && Buffer.compare(hashes.subarray(at + 4, at + 36), digest) === 0
  }
  const read = (offset: number, length: number): Buffer => {
    control.throwIfCancelled()
    const bytes = Buffer.alloc(length)
    fillBlocking(input, { offset, bytes })
    return bytes
  }
  const filled = (bytes: Buffer, missing: number) => Buffer.concat([bytes, Buffer.alloc(missing)])
  const headers = read(0, headersSize)
  const [checksumAt = 0, entryAt = 0] = left
  const covered = [
    headers.subarray(0, checksumAt),
    headers.subarray(checksumAt + 4, entryAt),
    headers.subarray(entryAt + 8),
  ]
  if (!isNext(0, digestOnce('sha256', filled(Buffer.concat(covered), pageSize - headersSize), 'buffer'))) return false
  let end = headersSize
  for (const { offset, length } of sections) {
    end = offset + length
    for (let at = offset; at < end; at += pageSize) {
      const bytes = read(at, Math.min(pageSize, end - at))
      if (!isNext(at, digestOnce('sha256', filled(bytes, pageSize - bytes.length), 'buffer'))) return false
    }
  }
  return isNext(end, Buffer.alloc(32)) && hashes.length === 36 * entry
}
