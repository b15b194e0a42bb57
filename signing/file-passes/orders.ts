import type { HashAlgorithm } from '../../domain/index.ts'
import type { PeFile } from '../authenticode/pe-file.ts'
import type { SignedImage } from '../authenticode/verify-image.ts'

/** Which digest of a PE image is asked for. */
export interface ImageOrder {
  readonly file: PeFile
  /** As OpenSSL names it. */
  readonly hashAlgorithm: string
  /** Whether it is that of the image as it is, not filled up to a multiple of 8 bytes. */
  readonly unpadded?: boolean
}

/** Reads a file once, from its beginning to `end`, and does everything with each block that is asked for. */
export interface ReadOrder {
  readonly kind: 'read'
  /** File descriptors: they belong to the whole process. */
  readonly input: number
  /** Gets the same bytes at the same offsets. */
  readonly output: number | undefined
  readonly end: number
  /** Whether the SHA-256 of all of it is asked for. */
  readonly hashed: boolean
  /** The PE image in it whose Authenticode digest and checksum are asked for. */
  readonly image: ImageOrder | undefined
}

/** Reads a signed PE file once, for its verification. */
export interface VerifyOrder {
  readonly kind: 'verify'
  readonly input: number
  readonly image: SignedImage
  readonly algorithms: readonly HashAlgorithm[]
}

/** What a thread is told to do. */
export type PassOrder = (ReadOrder | VerifyOrder) & {
  /** One Int32; anything but zero means stop. */
  readonly cancelled: SharedArrayBuffer
}

/** What came of an order. */
export type PassResults = {
  readonly read: {
    /** Hexadecimal, where it was asked for. */
    readonly sha256: string | undefined
    /** The image's Authenticode digest, and the sum that its checksum goes on from, where they were asked for. */
    readonly image: { readonly digest: Uint8Array; readonly sum: number } | undefined
  }
  /** The digest for each of the algorithms, in their order. */
  readonly verify: readonly Uint8Array[]
}

/** What a thread says. */
export type PassAnswer<Kind extends keyof PassResults = keyof PassResults> =
  | { readonly kind: 'progress'; readonly done: number }
  | { readonly kind: 'done'; readonly result: PassResults[Kind] }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly errno: string | undefined }
