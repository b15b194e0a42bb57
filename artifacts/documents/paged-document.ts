import { createHash } from 'node:crypto'
import { z } from 'zod'
import { parseSha256Digest, type Sha256Digest } from '../../domain/index.ts'

// A document is a list of entries, which may be very long, under one digest, and can be read and checked page by page:
//
//   document  = head LF page*
//   head      = a JSON object in canonical form (RFC 8785): the facts of the document, and `pages`, one object a page
//   page      = (entry LF)+
//   entry     = a JSON object in canonical form
//
// The document's digest is the SHA-256 of the head's UTF-8 bytes without the line feed. Since the head has the SHA-256 of
// each page's bytes, the digest stands for everything. `head -n 1 FILE | tr -d '\n' | sha256sum` gives it.

/** A page of a document, as the head names it. */
export type DocumentPage = {
  /** How many entries it has. */
  readonly entries: number
  /** How many of them are of files that are signed. */
  readonly signed: number
  /** Bytes. */
  readonly size: number
  readonly sha256: Sha256Digest
}

/** A page ends after so many entries … */
export const mostEntriesOfPage = 256
/** … or when it has so many bytes. */
export const fullPageSize = 128 * 1024

/** The most bytes of an entry's line. */
export const largestEntry = 1024 * 1024
/** Two million entries, more or less. */
export const mostPages = 10_000
/** The most bytes of a head: that of a document with all those pages has 1.2 million. */
export const largestHead = 2 * 1024 * 1024

/** The schema of a head's pages. Its limits are those of memory: a page is read whole, and so is the head. */
export const pagesSchema: z.ZodType<readonly DocumentPage[]> = z
  .array(
    z
      .strictObject({
        entries: z.int().positive().max(mostEntriesOfPage),
        signed: z.int().nonnegative(),
        size: z
          .int()
          .positive()
          .max(fullPageSize + largestEntry),
        sha256: z.string().transform((text) => parseSha256Digest(text, 'the digest of a page')),
      })
      .refine(({ entries, signed }) => signed <= entries),
  )
  .max(mostPages)

/** SHA-256, hexadecimal. */
export function sha256Of(bytes: string | Uint8Array): Sha256Digest {
  return createHash('sha256').update(bytes).digest('hex') as Sha256Digest
}

/** What ends the head, and each entry. */
export const lineFeed = 0x0a

/**
 * The lines `from` (inclusive) to `to` (exclusive) of a page, without their line feeds. Each is made when it is asked for, so
 * that no more of the page is text than is used.
 */
export function* linesIn(page: Buffer, from = 0, to = Number.POSITIVE_INFINITY): Generator<string, void, undefined> {
  let start = 0
  for (let line = 0; line < to; line++) {
    const end = page.indexOf(lineFeed, start)
    if (end === -1) return
    if (line >= from) yield page.toString('utf8', start, end)
    start = end + 1
  }
}
