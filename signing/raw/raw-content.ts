import type { FileHandle } from 'node:fs/promises'
import { SigningError } from '../signing-error.ts'

/** What a raw signature of certain bytes is: a signature of that format, made of something that nobody has seen. */
const disguises: readonly {
  readonly what: string
  readonly isSo: (start: Buffer, end: Buffer, size: number) => boolean
}[] = [
  // CMS and Authenticode sign the DER of a SET of attributes (RFC 5652 §5.4).
  {
    what: 'the signed attributes of a CMS or Authenticode signature',
    isSo: (start, _, size) => isAttributes(start, size),
  },
  // TBSCertificate of version 3 (RFC 5280 §4.1).
  { what: 'a certificate without its signature', isSo: (start, _, size) => isCertificateBody(start, size) },
  { what: 'the encoding that DSSE signs', isSo: (start) => start.subarray(0, 7).toString('latin1') === 'DSSEv1 ' },
  // The trailer of a version 4 signature (RFC 9580 §5.2.4).
  { what: 'what an OpenPGP signature covers', isSo: (_, end, size) => endsAsOpenPgp(end, size) },
]

const startLength = 32
/** Hashed subpackets of a version 4 signature have at most 65535 bytes; before them 6, behind them 6. */
const endLength = 6 + 65_535 + 6

/**
 * Refuses to sign bytes whose raw signature *is* a signature of another format, of something else.
 *
 * @throws SigningError `RAW_CONTENT_REFUSED`
 */
export async function requireNoDisguise({ handle, size }: { readonly handle: FileHandle; readonly size: number }) {
  const start = await readPart(handle, 0, Math.min(size, startLength))
  const tail = Math.min(size, endLength)
  const end = await readPart(handle, size - tail, tail)
  const disguise = disguises.find(({ isSo }) => isSo(start, end, size))
  if (disguise === undefined) return
  throw new SigningError(
    'RAW_CONTENT_REFUSED',
    `The file has the form of ${disguise.what}: a raw signature of it would be one of that format, of something that nobody has seen.`,
  )
}

/** A SET of a SEQUENCE that begins with an object identifier, as long as the file. */
function isAttributes(start: Buffer, size: number): boolean {
  const set = headerOf(start, 0x31, 0)
  if (set?.end !== size) return false
  const first = headerOf(start, 0x30, set.contentAt)
  return first !== undefined && start[first.contentAt] === 0x06
}

/** A SEQUENCE that begins with [0] version 2, which is how certificates of version 3 begin. */
function isCertificateBody(start: Buffer, size: number): boolean {
  const body = headerOf(start, 0x30, 0)
  if (body?.end !== size) return false
  return start.subarray(body.contentAt, body.contentAt + 6).toString('hex') === 'a00302010202'
}

function endsAsOpenPgp(end: Buffer, size: number): boolean {
  if (size < 12 || end.readUInt16BE(end.length - 6) !== 0x04ff) return false
  const hashed = end.length - 6 - end.readUInt32BE(end.length - 4)
  if (hashed < 0 || end[hashed] !== 4) return false
  return hashed + 6 + end.readUInt16BE(hashed + 4) === end.length - 6
}

/** Where the content of a DER element begins and ends; `undefined` of another tag, or of a length of another form. */
function headerOf(
  bytes: Buffer,
  tag: number,
  at: number,
): { readonly contentAt: number; readonly end: number } | undefined {
  const first = bytes[at + 1]
  if (bytes[at] !== tag || first === undefined) return undefined
  if (first < 0x80) return { contentAt: at + 2, end: at + 2 + first }
  const octets = first & 0x7f
  if (octets === 0 || octets > 6 || at + 2 + octets > bytes.length) return undefined
  return { contentAt: at + 2 + octets, end: at + 2 + octets + bytes.readUIntBE(at + 2, octets) }
}

async function readPart(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}
