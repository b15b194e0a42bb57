/**
 * What is computed of a file's bytes while they are read: the module that does it, and its parameters. Modules are loaded
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

/**
 * Work on files that one thread does from its beginning to its end: the module that does it, and its parameters, as in a
 * {@link FileDigestion}.
 */
export interface FileWork {
  /** Address of a module that exports `doFileWork`, a {@link DoFileWork}; never from input. */
  readonly module: string
  /** What `doFileWork` is called with. */
  readonly parameters: unknown
}

/** What a module of a {@link FileWork} exports as `doFileWork`. It may make calls that block. */
export type DoFileWork<Parameters, Result> = (parameters: Parameters, control: PassControl) => Promise<Result>

/** What a thread gives to work: memory, whether the work was called off, and where progress is reported. */
export interface PassControl {
  /** For one block of a file at a time; its content is anybody's before and afterwards. */
  readonly memory: Buffer
  /** Ends the work when it was called off. To be called once in a block of a file; what it throws must be thrown on. */
  throwIfCancelled(): void
  progress(done: number, total: number): void
}

/** Bytes that have a place in a file. */
export interface PlacedBytes {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Completes a file that was written under a temporary name, closes it, and gives it its own name. */
export interface CompleteOrder {
  /** File descriptor; it is closed, whatever becomes of the order. */
  readonly output: number
  readonly writes: readonly PlacedBytes[]
  /** Whether bytes and name must be on the disk when this answers. */
  readonly durable: boolean
  readonly temporaryPath: string
  readonly path: string
}

/** What a thread is to do; one order at a time. */
export type PassOrder =
  | { readonly kind: 'read'; readonly order: ReadOrder }
  | { readonly kind: 'work'; readonly order: FileWork }
  | { readonly kind: 'complete'; readonly order: CompleteOrder }

/** What a thread is made with. */
export interface PassThreadData {
  /** One number in shared memory: anything but zero means that the order under way is to stop. */
  readonly cancelled: Int32Array<SharedArrayBuffer>
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
  /** The module of a work is loaded, and its work begins. */
  | { readonly kind: 'started' }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'cancelled' }
  | {
      readonly kind: 'failed'
      readonly code: string
      readonly message: string
      readonly transient: boolean
      /** What the system said, such as `ENOSPC`. */
      readonly errno: string | undefined
    }
