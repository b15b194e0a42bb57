import type { FileHandle } from 'node:fs/promises'
import type { Sha256Digest } from '../../domain/index.ts'
import type { FilePasses } from '../../signing/file-passes/index.ts'

/** How bytes are named in the store, and how many they are. */
export type ArtifactIdentity = {
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
}

/** A part of an artifact: bytes `start` (inclusive) to `end` (exclusive). */
export type ByteRange = { readonly start: number; readonly end: number }

/** Bytes in the store. Holds nothing open; `read` opens the file for as long as it is iterated. */
export type StoredArtifact = ArtifactIdentity & {
  /** The file that holds the bytes, for formats that are read in place. Never to be written to. */
  readonly path: string
  /**
   * Streams the bytes, or a part of them, in chunks of bounded size that belong to the caller.
   *
   * @throws ArtifactError `ARTIFACT_RANGE_INVALID` unless 0 ≤ start ≤ end ≤ size; `ARTIFACT_CORRUPT` when the file is
   *   shorter than it was; `ARTIFACT_NOT_FOUND`, `ARTIFACT_STORE_UNAVAILABLE`
   */
  readonly read: (range?: ByteRange) => AsyncIterable<Uint8Array>
}

/** What the caller knows about the bytes beforehand, and how it calls the work off. */
export type PutOptions = {
  readonly expectedSha256?: Sha256Digest | undefined
  readonly expectedSize?: number | undefined
  /** Ends the work with the signal's reason; nothing stays behind. */
  readonly signal?: AbortSignal | undefined
}

/** How work over many bytes is called off. */
export type HashingOptions = {
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called after every few MiB. */
  readonly onProgress?: (() => void) | undefined
}

/**
 * Keeps artifacts by the SHA-256 of their bytes: unsigned, signed, and signing plans. What is stored never changes, and
 * is removed only when nothing in the log names it (`collectArtifacts`). Every method fails with `ArtifactError`; `ARTIFACT_STORE_FULL` and `ARTIFACT_STORE_UNAVAILABLE`
 * are transient. Safe for any number of processes and calls at once.
 */
export interface ArtifactStore {
  /** The most bytes that {@link put} takes. */
  readonly maximumSize: number

  /**
   * Streams bytes in. They are durable, and can be seen, only when it answers; until then they have no name, and when
   * it fails, or the process dies, nothing of them stays. An error of `bytes` is passed on as it is.
   *
   * @throws ArtifactError `ARTIFACT_TOO_LARGE`; `ARTIFACT_MISMATCH` when the bytes are not those expected
   */
  put(bytes: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<ArtifactIdentity>

  /**
   * Copies a finished file in, as {@link put} does but without its limit, and off the event loop. It is hashed as it is
   * copied. What the store holds under that name already is replaced, so that it is these bytes.
   *
   * @param file open for reading; whoever opened it closes it
   */
  copyIn(file: FileHandle, options: HashingOptions & { readonly passes: FilePasses }): Promise<ArtifactIdentity>

  /** Whether the store holds bytes of this digest. Does not look at them: {@link verify} does. */
  has(sha256: Sha256Digest): Promise<boolean>

  /**
   * Holds stored bytes for an hour, in which an event that names them can be appended; from then on that event holds them.
   * `put` and `copyIn` hold what they store.
   *
   * @throws ArtifactError `ARTIFACT_NOT_FOUND`
   */
  hold(sha256: Sha256Digest): Promise<void>

  /** Finds stored bytes. @throws ArtifactError `ARTIFACT_NOT_FOUND` */
  open(sha256: Sha256Digest): Promise<StoredArtifact>

  /**
   * Hashes stored bytes again.
   *
   * @throws ArtifactError `ARTIFACT_NOT_FOUND`; `ARTIFACT_CORRUPT` when they do not match their name
   */
  verify(sha256: Sha256Digest, options?: HashingOptions): Promise<void>

  /** Lends an empty folder of the store's file system, and removes it with all that is in it when `use` is over. */
  withScratch<T>(use: (folder: string) => Promise<T>): Promise<T>

  /** Ends uploads that are under way and removes what is unfinished (`ARTIFACT_STORE_CLOSED` from then on). */
  close(): Promise<void>
}
