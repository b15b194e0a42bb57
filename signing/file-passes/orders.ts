/**
 * What is to be made of a file's bytes as they come by: the module that does it, and what it is told. Modules are loaded
 * in another thread, so they are named by address, and parameters and result are plain data (structured clone).
 */
export interface FileDigestion {
  /** Address of a module that exports `startDigestion`, a {@link StartDigestion}; a format's own code, never from input. */
  readonly module: string
  /** What `startDigestion` is called with. */
  readonly parameters: unknown
}

/** What a module of a {@link FileDigestion} exports as `startDigestion`. */
export type StartDigestion<Parameters, Result> = (parameters: Parameters) => FileDigester<Result>

/** Takes a file's blocks in order, without gaps, and makes something of them. */
export interface FileDigester<Result> {
  /**
   * @param offset of the bytes in the file; all blocks but the last have an even length
   * @param bytes its own until it returns: it may change them
   */
  update(offset: number, bytes: Buffer): void
  /** Called once, behind the last block. */
  finish(): Result
}

/** Reads a file once, from its beginning to `end`, and does everything with each block that is asked for. */
export interface ReadOrder {
  /** File descriptors: they belong to the whole process. */
  readonly input: number
  /** Gets the same bytes at the same offsets. */
  readonly output: number | undefined
  readonly end: number
  /** Whether the SHA-256 of all of it is asked for. */
  readonly hashed: boolean
  /** What else is asked for. */
  readonly digestion: FileDigestion | undefined
}

/** What a thread is told to do. */
export type PassOrder = ReadOrder & {
  /** One Int32; anything but zero means stop. */
  readonly cancelled: SharedArrayBuffer
}

/** What came of an order. */
export interface PassResult {
  /** Hexadecimal, where it was asked for. */
  readonly sha256: string | undefined
  /** What the digestion's digester finished with, where one was asked for. */
  readonly digested: unknown
}

/** What a thread says. */
export type PassAnswer =
  | { readonly kind: 'progress'; readonly done: number }
  | { readonly kind: 'done'; readonly result: PassResult }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly errno: string | undefined }
