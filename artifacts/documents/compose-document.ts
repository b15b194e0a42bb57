import { canonicalJson, type DocumentReference, type Sha256Digest } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactStore } from '../store/index.ts'
import { GrowingBuffer } from './growing-buffer.ts'
import {
  type DocumentPage,
  fullPageSize,
  largestEntry,
  linesIn,
  mostEntriesOfPage,
  mostPages,
  sha256Of,
} from './paged-document.ts'
import type { Spool } from './spool.ts'

/** A document that was put together and is not stored yet. Usable as long as its spool is. */
export type ComposedDocument<Facts, Entry> = {
  readonly facts: Facts
  /** SHA-256 of the head: what stands for all of it. */
  readonly digest: Sha256Digest
  readonly entryCount: number
  /** How many entries are of files that are signed. */
  readonly signedCount: number
  /** All bytes of it, in chunks that are valid until the next one is asked for. */
  readonly bytes: () => AsyncIterable<Uint8Array>
  /** The entries again, as they were given. */
  readonly entries: () => AsyncIterable<Entry>
}

/**
 * Puts a document together. The same facts and entries give the same bytes. Holds a page of entries in memory.
 *
 * @param describe what the head says beside the pages, asked for when all entries are there; JSON of strings, whole numbers,
 *   booleans, null, arrays and objects
 * @param entries the same
 * @throws ArtifactError `DOCUMENT_TOO_LARGE` when it could not be read again within the limits of a reader; the spool's
 */
export async function composeDocument<Facts extends object, Entry extends object>(
  describe: () => Facts,
  entries: AsyncIterable<Entry> | Iterable<Entry>,
  { spool, isSigned }: { readonly spool: Spool; readonly isSigned: (entry: Entry) => boolean },
): Promise<ComposedDocument<Facts, Entry>> {
  const pages: DocumentPage[] = []
  const page = new GrowingBuffer()
  let [count, signed] = [0, 0]
  async function endPage(): Promise<void> {
    if (pages.length === mostPages) throw tooLarge(`more than ${mostPages} pages`)
    const { bytes } = page
    pages.push({ entries: count, signed, size: bytes.length, sha256: sha256Of(bytes) })
    await spool.append(bytes)
    page.clear()
    ;[count, signed] = [0, 0]
  }
  for await (const entry of entries) {
    const before = page.length
    page.addText(canonicalJson(entry))
    page.addText('\n')
    if (page.length - before > largestEntry) throw tooLarge(`an entry of more than ${largestEntry} bytes`)
    count += 1
    if (isSigned(entry)) signed += 1
    if (count === mostEntriesOfPage || page.length >= fullPageSize) await endPage()
  }
  if (count > 0) await endPage()
  const facts = describe()
  const head = canonicalJson({ ...facts, pages })
  return {
    facts,
    digest: sha256Of(head),
    entryCount: pages.reduce((sum, page) => sum + page.entries, 0),
    signedCount: pages.reduce((sum, page) => sum + page.signed, 0),
    async *bytes() {
      yield Buffer.from(`${head}\n`, 'utf8')
      yield* pagesOf(spool, pages)
    },
    async *entries() {
      for await (const each of pagesOf(spool, pages)) for (const line of linesIn(each)) yield JSON.parse(line)
    },
  }
}

/**
 * Stores a document.
 *
 * @throws ArtifactError `ARTIFACT_STORE_FULL`, `ARTIFACT_STORE_UNAVAILABLE`
 */
export async function storeDocument(
  store: Pick<ArtifactStore, 'put'>,
  { digest, bytes }: Pick<ComposedDocument<unknown, unknown>, 'digest' | 'bytes'>,
): Promise<DocumentReference> {
  const { sha256: document } = await store.put(bytes())
  return { digest, document }
}

function tooLarge(what: string): ArtifactError {
  return new ArtifactError(
    'DOCUMENT_TOO_LARGE',
    `The list of the artifact's files would have ${what}. Submit fewer files at once, or files with shorter names.`,
  )
}

/** The bytes of each page, all in one place: those of a page are valid until the next one is asked for. */
async function* pagesOf(spool: Spool, pages: readonly DocumentPage[]): AsyncGenerator<Buffer, void, undefined> {
  const place = Buffer.allocUnsafeSlow(Math.max(0, ...pages.map(({ size }) => size)))
  let start = 0
  for (const { size } of pages) {
    const bytes = place.subarray(0, size)
    await spool.readInto(bytes, start)
    yield bytes
    start += size
  }
}
