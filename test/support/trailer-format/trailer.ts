import type { FileHandle } from 'node:fs/promises'
import { hashAlgorithms } from '../../../domain/algorithms.ts'
import { SigningError } from '../../../signing/signing-error.ts'

/** What every file of the format begins with. */
export const fileMagic = Buffer.from('TRAILER-TEST\n')

const trailerMagic = Buffer.from('SIGNED\0\0')
/** Four lengths or numbers of 32 bits, and the magic. */
const footerSize = 16 + trailerMagic.length
const partLimit = 64 * 1024

/** What stands behind the content of a signed file. */
export type Trailer = {
  readonly certificate: Buffer
  readonly signature: Buffer
  readonly comment: Buffer
  /** Place in `hashAlgorithms`. */
  readonly hash: number
}

/** Where the content of a file ends, and what follows. */
export type TrailerLayout = { readonly contentSize: number; readonly trailer: Trailer | undefined }

/** A trailer as it stands at the end of a file. */
export function encodeTrailer({ certificate, signature, comment, hash }: Trailer): Buffer {
  const footer = Buffer.alloc(16)
  for (const [index, number] of [certificate.length, signature.length, comment.length, hash].entries())
    footer.writeUInt32BE(number, 4 * index)
  return Buffer.concat([certificate, signature, comment, footer, trailerMagic])
}

/**
 * Reads the end of a file.
 *
 * @throws SigningError `TRAILER_MALFORMED`
 */
export async function readTrailer(handle: FileHandle, size: number): Promise<TrailerLayout> {
  const unsigned = { contentSize: size, trailer: undefined }
  if (size < footerSize + fileMagic.length) return unsigned
  const footer = await readPart(handle, size - footerSize, footerSize)
  if (!footer.subarray(16).equals(trailerMagic)) return unsigned
  const [certificate = 0, signature = 0, comment = 0, hash = 0] = [0, 4, 8, 12].map((at) => footer.readUInt32BE(at))
  const contentSize = size - footerSize - certificate - signature - comment
  const isSane = [certificate, signature, comment].every((length) => length <= partLimit)
  if (!isSane || contentSize < fileMagic.length || hashAlgorithms[hash] === undefined)
    throw new SigningError('TRAILER_MALFORMED', 'The lengths in the trailer are not those of a signature.')
  const parts = await readPart(handle, contentSize, certificate + signature + comment)
  return {
    contentSize,
    trailer: {
      certificate: parts.subarray(0, certificate),
      signature: parts.subarray(certificate, certificate + signature),
      comment: parts.subarray(certificate + signature),
      hash,
    },
  }
}

/** What the key signs: the comment and the digest of the content. */
export function statement(comment: Buffer, contentDigest: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(comment.length)
  return Buffer.concat([length, comment, contentDigest])
}

async function readPart(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start)
  if (bytesRead < length) throw new SigningError('TRAILER_MALFORMED', 'The file ends within its trailer.')
  return buffer
}
