import { createHash } from 'node:crypto'
import { type DoFileWork, type FileWork, fillBlocking } from '../file-passes/index.ts'
import type { PageLayout } from './page-layout.ts'

/** Whose pages are digested. */
interface PageHashesRequest {
  /** File descriptor, open for reading. */
  readonly input: number
  readonly layout: PageLayout
}

/** Bytes of an entry: an offset, and SHA-256. */
const entrySize = 4 + 32

/** The order for a thread to digest the pages of an image: it gives the bytes that a signature holds of them. */
export function pageHashing(request: PageHashesRequest): FileWork {
  return { module: import.meta.url, parameters: request }
}

/**
 * In that thread: the offset of each page in the file and its SHA-256, of the headers first and then section by section. What a page lacks
 * is filled up with zeros; a last entry says where the sections end, with a digest of zeros (SpcPeImagePageHashesV2, as SignTool
 * writes it).
 */
export const doFileWork: DoFileWork<PageHashesRequest, Uint8Array> = async ({ input, layout }, control) => {
  const { pageSize, headersSize, checksumAt, certificateEntryAt, sections } = layout
  const pages = sections.reduce((count, { length }) => count + Math.ceil(length / pageSize), 2)
  const table = Buffer.alloc(pages * entrySize)
  const page = Buffer.alloc(pageSize)
  let at = 0
  function add(offset: number, digest: Uint8Array): void {
    table.writeUInt32LE(offset, at)
    table.set(digest, at + 4)
    at += entrySize
  }
  fillBlocking(input, { offset: 0, bytes: page.subarray(0, headersSize) })
  const headers = createHash('sha256')
  headers.update(page.subarray(0, checksumAt))
  headers.update(page.subarray(checksumAt + 4, certificateEntryAt))
  headers.update(page.subarray(certificateEntryAt + 8, headersSize))
  add(0, headers.update(Buffer.alloc(pageSize - headersSize)).digest())
  for (const { offset, length } of sections)
    for (let done = 0; done < length; done += pageSize) {
      control.throwIfCancelled()
      const bytes = Math.min(pageSize, length - done)
      fillBlocking(input, { offset: offset + done, bytes: page.subarray(0, bytes) })
      page.fill(0, bytes)
      add(offset + done, createHash('sha256').update(page).digest())
    }
  const last = sections.at(-1)
  add(last === undefined ? headersSize : last.offset + last.length, Buffer.alloc(32))
  return table
}
