import { isUtf8 } from 'node:buffer'
import type { z } from 'zod'
import {
  canonicalJson,
  type DocumentReference,
  type PagedDocument,
  type PlacedEntry,
  type RecordedDocument,
  type SigningRequestId,
} from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactStore, StoredArtifact } from '../store/index.ts'
import { type DocumentPage, largestHead, lineFeed, linesIn, sha256Of } from './paged-document.ts'
import { RecentHeads } from './recent-heads.ts'

/** What a kind of document looks like. */
export type DocumentForm<Head, Entry> = {
  /** For messages: "signing plan". */
  readonly name: string
  /** The code of what is not of this form. */
  readonly malformedCode: string
  readonly head: z.ZodType<Head>
  readonly entry: z.ZodType<Entry>
  /** Whether an entry is of a file that is signed. */
  readonly isSigned: (entry: Entry) => boolean
  /** Whether an entry can stand where it does in a document of so many entries. */
  readonly fits?: (placed: PlacedEntry<Entry>, entryCount: number) => boolean
}

/** What every head says. */
type HeadOfRequest = { readonly signingRequestId: SigningRequestId; readonly pages: readonly DocumentPage[] }

type CheckedHead<Head> = { readonly head: Head; readonly headText: string }

/** The head of most documents is shorter. */
const headReadSize = 64 * 1024

/**
 * Opens a stored document: reads its head, and nothing else. Reading its parts fails with ArtifactError `ARTIFACT_CORRUPT`
 * when a page does not have its digest, the form's code when it has and is not of the form, and the codes of the store.
 * A document that the log names must also be of that request, and have as many entries.
 *
 * @param heads heads that were read before, which are not read again
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_CORRUPT`, the form's code, `ARTIFACT_STORE_UNAVAILABLE`
 */
export async function openDocument<Head extends HeadOfRequest, Entry extends object>(
  store: Pick<ArtifactStore, 'open'>,
  reference: DocumentReference | RecordedDocument,
  form: DocumentForm<Head, Entry>,
  heads = new RecentHeads(),
): Promise<PagedDocument<Head, Entry>> {
  const { digest, document } = reference
  const stored = await store.open(document)
  const { isSigned, fits = () => true } = form
  const malformed = (cause?: unknown) =>
    new ArtifactError(
      form.malformedCode,
      `The bytes stored as ${document} are not a ${form.name} in canonical form.`,
      cause === undefined ? {} : { cause },
    )
  const corrupt = () =>
    new ArtifactError('ARTIFACT_CORRUPT', `The ${form.name} stored as ${document} was damaged or changed on disk.`)

  const key = `${form.name} ${digest} ${document}`
  const { head, headText } = (heads.get(key) as CheckedHead<Head> | undefined) ?? (await checkedHead())
  heads.set(key, { head, headText })
  const firstByte = Buffer.byteLength(headText, 'utf8') + 1
  const places = placesOf(head.pages, firstByte)
  if (stored.size !== (places.at(-1)?.end ?? firstByte)) throw corrupt()
  const entryCount = places.at(-1)?.endEntry ?? 0
  const signedCount = places.at(-1)?.endSigned ?? 0
  if ('signingRequestId' in reference) {
    const recorded = { entryCount, ...reference }
    const isRecorded =
      recorded.signingRequestId === head.signingRequestId &&
      recorded.entryCount === entryCount &&
      recorded.signedCount === signedCount
    if (!isRecorded)
      throw new ArtifactError(
        form.malformedCode,
        `The ${form.name} stored as ${document} is not the one that the log names: of request ${recorded.signingRequestId}, with ${recorded.entryCount} entries, ${recorded.signedCount} of them of files that are signed.`,
      )
  }

  async function checkedHead(): Promise<CheckedHead<Head>> {
    const bytes = await readHead(stored)
    if (bytes === undefined) throw malformed()
    if (sha256Of(bytes) !== digest) throw corrupt()
    if (!isUtf8(bytes)) throw malformed()
    const headText = bytes.toString('utf8')
    return { head: parse(headText, form.head), headText }
  }

  function parse<Value>(text: string, schema: z.ZodType<Value>): Value {
    try {
      const value = schema.parse(JSON.parse(text))
      if (canonicalJson(value) === text) return value
    } catch (cause) {
      throw malformed(cause)
    }
    throw malformed()
  }

  function entryAt(index: number, line: string): PlacedEntry<Entry> {
    const placed = { index, entry: parse(line, form.entry) }
    if (!fits(placed, entryCount)) throw malformed()
    return placed
  }

  // The last page that was read: whoever reads one entry after the other reads each page once.
  let recent: { readonly place: PagePlace; readonly bytes: Buffer } | undefined
  async function bytesOf(place: PagePlace): Promise<Buffer> {
    if (recent?.place === place) return recent.bytes
    const bytes = await collect(stored.read(place))
    if (sha256Of(bytes) !== place.page.sha256) throw corrupt()
    if (!isUtf8(bytes) || bytes.at(-1) !== lineFeed || countOf(lineFeed, bytes) !== place.page.entries)
      throw malformed()
    recent = { place, bytes }
    return bytes
  }

  return {
    head,
    headText,
    entryCount,
    signedCount,
    async pageText(index) {
      const place = places[index]
      return place === undefined ? undefined : (await bytesOf(place)).toString('utf8')
    },
    async entries(from, to) {
      const found: PlacedEntry<Entry>[] = []
      for (const place of places.filter(({ startEntry, endEntry }) => startEntry < to && endEntry > from)) {
        const bytes = await bytesOf(place)
        let index = Math.max(from, place.startEntry)
        for (const line of linesIn(bytes, index - place.startEntry, to - place.startEntry))
          found.push(entryAt(index++, line))
      }
      return found
    },
    async signedEntries(from, to) {
      const found: PlacedEntry<Entry>[] = []
      for (const place of places.filter(({ startSigned, endSigned }) => startSigned < to && endSigned > from)) {
        let [index, signed] = [place.startEntry, place.startSigned]
        for (const line of linesIn(await bytesOf(place))) {
          const placed = entryAt(index++, line)
          if (!isSigned(placed.entry)) continue
          if (from <= signed && signed < to) found.push(placed)
          signed++
        }
        if (signed !== place.endSigned) throw malformed()
      }
      return found
    },
  }
}

/** Reads all entries of a document, one page at a time. */
export async function* allEntries<Entry>({
  head,
  entries,
}: Pick<PagedDocument<{ readonly pages: readonly DocumentPage[] }, Entry>, 'head' | 'entries'>): AsyncGenerator<
  Entry,
  void,
  undefined
> {
  let from = 0
  for (const page of head.pages) {
    for (const { entry } of await entries(from, from + page.entries)) yield entry
    from += page.entries
  }
}

type PagePlace = {
  readonly page: DocumentPage
  /** Bytes of the document. */
  readonly start: number
  readonly end: number
  readonly startEntry: number
  readonly endEntry: number
  readonly startSigned: number
  readonly endSigned: number
}

function placesOf(pages: readonly DocumentPage[], firstByte: number): readonly PagePlace[] {
  let [start, startEntry, startSigned] = [firstByte, 0, 0]
  return pages.map((page) => {
    const [end, endEntry, endSigned] = [start + page.size, startEntry + page.entries, startSigned + page.signed]
    const place = { page, start, end, startEntry, endEntry, startSigned, endSigned }
    ;[start, startEntry, startSigned] = [end, endEntry, endSigned]
    return place
  })
}

/** The bytes before the first line feed; `undefined` where none comes in time. */
async function readHead(stored: StoredArtifact): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  const most = Math.min(stored.size, largestHead + 1)
  for (let start = 0; start < most; ) {
    const part = await collect(stored.read({ start, end: Math.min(start + headReadSize, most) }))
    const end = part.indexOf(lineFeed)
    parts.push(end === -1 ? part : part.subarray(0, end))
    if (end !== -1) return joined(parts)
    start += part.length
  }
  return undefined
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const { buffer, byteOffset, byteLength } of bytes) chunks.push(Buffer.from(buffer, byteOffset, byteLength))
  return joined(chunks)
}

/** One chunk stays where it is. */
function joined(chunks: readonly Buffer[]): Buffer {
  const [first, ...others] = chunks
  return first !== undefined && others.length === 0 ? first : Buffer.concat(chunks)
}

function countOf(byte: number, bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(byte); at !== -1; at = bytes.indexOf(byte, at + 1)) count++
  return count
}
