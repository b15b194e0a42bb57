import { objectIdentifiers } from '../cms/index.ts'
import type { PlacedBytes } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import { certificateRevision, pkcsSignedData } from './certificate-table.ts'
import { type PeChecksum, startChecksum } from './checksum.ts'
import { imagePadding } from './digest.ts'
import { makeSignature, type SignatureMeans } from './make-signature.ts'
import { nestSignature } from './nest-signature.ts'
import { type PeFile, peSizeLimit } from './pe-file.ts'
import { encodeIndirectData, peSubject } from './spc.ts'

/** What the signature of a PE file is to be. */
export interface SignatureRequest extends SignatureMeans {
  /**
   * Keeps the signatures that the file has, if any: this one is nested in the first, or in an EFI image put behind them,
   * since firmware knows no nested ones. Otherwise they are replaced.
   */
  readonly append?: boolean
  /** Digests of the image's pages, as the signature is to hold them. */
  readonly pageHashes?: Uint8Array
}

/** What is known of an image that gets a signature. */
export interface MeasuredImage {
  /** Its Authenticode digest, by the hash algorithm of the signature. */
  readonly imageDigest: Uint8Array
  /** The sum that its checksum goes on from. */
  readonly sum: number
}

/** What a signature changes in a file. */
export interface SignaturePlacement {
  /** Of the signed file, in bytes. */
  readonly size: number
  /** What comes behind the image: zeros up to a multiple of 8 bytes and the certificate table. */
  readonly tail: PlacedBytes
  /** The directory entry of the table, and the checksum. */
  readonly patches: readonly PlacedBytes[]
}

const certificateHeaderSize = 8

/**
 * Makes the signature of an image, and says what has to be written where.
 *
 * @param kept as `readKeptSignatures` answers, when signatures are to be kept
 * @throws SigningError `PE_TOO_LARGE`, and with a `CMS_…` or `TIMESTAMP_…` code; whatever the key throws; the signal's reason
 */
export async function placeSignature(
  file: PeFile,
  { imageDigest, sum }: MeasuredImage,
  kept: Uint8Array | undefined,
  request: SignatureRequest,
): Promise<SignaturePlacement> {
  const content = encodeIndirectData(peSubject(request.pageHashes), request.hashAlgorithm, imageDigest)
  const signature = await makeSignature({ contentType: objectIdentifiers.spcIndirectData, content }, request)
  request.signal?.throwIfAborted()
  const table = makeTable(file, kept, signature)
  const tableOffset = file.imageSize + imagePadding(file)
  const size = tableOffset + table.length
  if (size > peSizeLimit)
    throw new SigningError(
      'PE_TOO_LARGE',
      `The signed file would have ${size} bytes; the offsets of a PE file have 32 bits, so ${peSizeLimit} is the limit.`,
    )
  const tail = Buffer.alloc(size - file.imageSize)
  tail.set(table, imagePadding(file))
  const patches = headerPatches(file, startChecksum(sum), { offset: tableOffset, bytes: table }, size)
  return { size, tail: { offset: file.imageSize, bytes: tail }, patches }
}

function makeTable(file: PeFile, kept: Uint8Array | undefined, signature: Uint8Array): Buffer {
  if (kept === undefined) return encodeCertificateTable(signature)
  if (!file.isEfi) return encodeCertificateTable(nestSignature(kept, signature))
  // Each entry begins at a multiple of 8.
  const padding = new Uint8Array((8 - (kept.length % 8)) % 8)
  return Buffer.concat([kept, padding, encodeCertificateTable(signature)])
}

/** WIN_CERTIFICATE around a signature, filled up with zeros to a multiple of 8 bytes. */
function encodeCertificateTable(signature: Uint8Array): Buffer {
  const table = Buffer.alloc(Math.ceil((certificateHeaderSize + signature.length) / 8) * 8)
  table.writeUInt32LE(table.length, 0)
  table.writeUInt16LE(certificateRevision, 4)
  table.writeUInt16LE(pkcsSignedData, 6)
  table.set(signature, certificateHeaderSize)
  return table
}

/** The bytes of the directory entry and the checksum, the latter over everything else that the output will hold. */
function headerPatches(file: PeFile, checksum: PeChecksum, table: PlacedBytes, size: number): readonly PlacedBytes[] {
  const entry = { offset: file.certificateEntry.offset, bytes: Buffer.alloc(8) }
  entry.bytes.writeUInt32LE(table.offset, 0)
  entry.bytes.writeUInt32LE(table.bytes.length, 4)
  checksum.add(entry.offset, entry.bytes)
  checksum.add(table.offset, table.bytes)
  const sum = { offset: file.checksumField.offset, bytes: Buffer.alloc(4) }
  sum.bytes.writeUInt32LE(checksum.finish(size), 0)
  return [entry, sum]
}
