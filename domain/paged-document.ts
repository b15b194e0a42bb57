import type { Sha256Digest } from './digest.ts'
import type { SigningRequestId } from './ids.ts'

/** Which long document (a signing plan, a manifest), and where it is: what it is agreed to by, and the store's name for it. */
export type DocumentReference = {
  /** SHA-256 of the head. */
  readonly digest: Sha256Digest
  /** SHA-256 of all bytes of the document. */
  readonly document: Sha256Digest
}

/** A document as the log names it. */
export type RecordedDocument = DocumentReference & {
  /** Whose it is. */
  readonly signingRequestId: SigningRequestId
  /** How many entries it has, where the log says that. */
  readonly entryCount?: number
  /** How many of them are of files that are signed. */
  readonly signedCount: number
}

/** An entry of a document and where it stands, from 0. */
export type PlacedEntry<Entry> = { readonly index: number; readonly entry: Entry }

/**
 * A long document, open for reading in parts. Every part is checked against the head, and the head against the document's
 * digest, so what is read is what the digest stands for, whatever the disk holds; else reading fails with a coded error.
 */
export type PagedDocument<Head, Entry> = {
  readonly head: Head
  /** The head's text: the document's digest is its SHA-256. */
  readonly headText: string
  readonly entryCount: number
  /** How many entries are of files that are signed. */
  readonly signedCount: number
  /** The text of a page; its SHA-256 is the one that the head names. `undefined` for a page that there is not. */
  readonly pageText: (index: number) => Promise<string | undefined>
  /** Entries `from` (inclusive) to `to` (exclusive), as many of them as there are. */
  readonly entries: (from: number, to: number) => Promise<readonly PlacedEntry<Entry>[]>
  /** The same, counting only those of files that are signed. */
  readonly signedEntries: (from: number, to: number) => Promise<readonly PlacedEntry<Entry>[]>
}
