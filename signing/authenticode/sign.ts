import type { FileHandle } from 'node:fs/promises'
import type { HashAlgorithm } from '../../domain/index.ts'
import { buildSignedData, encodeAttribute, messageSignerOf, objectIdentifiers } from '../cms/index.ts'
import type { FilePasses, PassProgress } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import type { SigningKey } from '../signing-key.ts'
import type { TimestampClient } from '../timestamp/timestamp-client.ts'
import { type ByteBlock, blockSize, withInput } from './byte-blocks.ts'
import { certificateRevision, pkcsSignedData } from './certificate-table.ts'
import { type PeChecksum, startChecksum } from './checksum.ts'
import { imagePadding } from './digest.ts'
import { type DigestedImage, imageDigestion } from './image-digestion.ts'
import { type ImagePassRequest, type ImagePassResult, passOverImage } from './image-pass.ts'
import { readKeptSignatures } from './kept-signatures.ts'
import { nestSignature } from './nest-signature.ts'
import { truncate, writeFully, writeWhole } from './output-file.ts'
import { type PeFile, peSizeLimit, readPeFile } from './pe-file.ts'
import { assertDescribable, encodeIndirectData, encodeSignedAttributes, type ProgramDescription } from './spc.ts'

/** What the signature is to be. */
export interface SignatureRequest extends ProgramDescription {
  readonly key: SigningKey
  /** DER certificates that travel in the signature, leaf first; the leaf must be the key's. */
  readonly certificateChain: readonly Uint8Array[]
  readonly hashAlgorithm: HashAlgorithm
  /**
   * Keeps the signatures that the file has, if any: this one is nested in the first, or in an EFI image put behind them,
   * since firmware knows no nested ones. Otherwise they are replaced.
   */
  readonly append?: boolean
  /** Who counter-signs the signature with a time (RFC 3161); nobody when absent. */
  readonly timestamp?: TimestampClient
  readonly signal?: AbortSignal
}

/** What to sign, with what, and where the result goes. */
export interface SignPeFileRequest extends SignatureRequest {
  /** The file to sign; only ever read, so it may be a link into a store, or the same path as `outputPath`. */
  readonly inputPath: string
  /** Where the signed file appears, all at once. */
  readonly outputPath: string
  /** Whether the output must be on the disk, not only in the system's cache, when this answers. */
  readonly durable?: boolean
  /** Where images of more than 1 MiB are digested; without them in this thread, block by block. */
  readonly passes?: FilePasses
  /** Called after every few MiB. */
  readonly onProgress?: (progress: PassProgress) => void
}

/** A PE file of the signer's own, which nobody else writes to, and what was found out when it was copied there. */
export interface DigestedCopy {
  /** Open for reading and writing. */
  readonly handle: FileHandle
  /** Its headers. */
  readonly file: PeFile
  /** Its Authenticode digest, by the hash algorithm of the signature. */
  readonly imageDigest: Uint8Array
  /** The sum that its checksum goes on from. */
  readonly sum: number
}

/** What was signed. */
export interface SignedPeFile {
  /** The Authenticode digest of the image, by the request's hash algorithm. */
  readonly imageDigest: Uint8Array
  /** Size of the signed file in bytes. */
  readonly size: number
}

const certificateHeaderSize = 8

/**
 * Signs a PE32 or PE32+ file after "Windows Authenticode Portable Executable Signature Format", in one pass over its
 * bytes and flat memory. On any failure no output remains and an earlier file at `outputPath` is untouched.
 *
 * @throws SigningError with a `PE_…`, `AUTHENTICODE_…`, `CMS_…` or `TIMESTAMP_…` code, or whatever the key throws; the
 * signal's reason when it is aborted
 */
export async function signPeFile(request: SignPeFileRequest): Promise<SignedPeFile> {
  assertDescribable(request)
  request.signal?.throwIfAborted()
  return withInput(request.inputPath, async (input) => {
    const file = await readPeFile(input)
    const kept = request.append === true ? await readKeptSignatures(input, file) : undefined
    return writeWhole(request.outputPath, request.durable === true, async (output) => {
      const { hashAlgorithm, signal, onProgress } = request
      const pass = await copyImage({ input, output, file, hashAlgorithm, signal, onProgress }, request.passes)
      return complete(output, file, pass, kept, request)
    })
  })
}

/**
 * Signs a copy in its place, without reading it again: what is signed is what was digested when it was copied. When
 * this fails, the file is in no state to be used.
 *
 * @throws SigningError as {@link signPeFile}
 */
export async function signCopy(copy: DigestedCopy, request: SignatureRequest): Promise<SignedPeFile> {
  assertDescribable(request)
  request.signal?.throwIfAborted()
  const { handle, file, imageDigest, sum } = copy
  const input = { handle, size: file.size, start: Buffer.alloc(0) }
  const kept = request.append === true ? await readKeptSignatures(input, file) : undefined
  const signed = await complete(handle, file, { imageDigest, sum, held: undefined }, kept, request)
  // The table that was there may have been longer.
  await truncate(handle, signed.size)
  return signed
}

async function copyImage(pass: ImagePassRequest, passes: FilePasses | undefined): Promise<ImagePassResult> {
  const { input, output, file, hashAlgorithm, signal, onProgress } = pass
  // A single block is done before a thread has heard of it.
  if (passes === undefined || file.imageSize <= blockSize) return passOverImage(pass)
  const { digested } = await passes.read(
    {
      input: input.handle.fd,
      output: output.fd,
      end: file.imageSize,
      hashed: false,
      digestion: imageDigestion({ file, hashAlgorithms: [hashAlgorithm], unpadded: false }),
    },
    { signal, onProgress },
  )
  const { digests, sum } = digested as DigestedImage
  return { imageDigest: digests.get(hashAlgorithm) ?? new Uint8Array(), sum, held: undefined }
}

/** Puts the signature behind an image that is in the output already, all but a block that is held back. */
async function complete(
  output: FileHandle,
  file: PeFile,
  { imageDigest, sum, held }: ImagePassResult,
  kept: Uint8Array | undefined,
  request: SignatureRequest,
): Promise<SignedPeFile> {
  const checksum = startChecksum(sum)
  const signature = await makeSignature(imageDigest, request)
  request.signal?.throwIfAborted()
  const table = makeTable(file, kept, signature)

  const tableOffset = file.imageSize + imagePadding(file)
  const size = tableOffset + table.length
  if (size > peSizeLimit)
    throw new SigningError(
      'PE_TOO_LARGE',
      `The signed file would have ${size} bytes; the offsets of a PE file have 32 bits, so ${peSizeLimit} is the limit.`,
    )
  const patches = headerPatches(file, checksum, { offset: tableOffset, bytes: table }, size)
  const distant = patches.filter((patch) => held === undefined || !copyInto(held, patch))
  const tail = Buffer.alloc(size - file.imageSize)
  tail.set(table, imagePadding(file))
  await (held === undefined
    ? writeFully(output, file.imageSize, tail)
    : writeFully(output, held.offset, held.bytes, tail))
  for (const patch of distant) await writeFully(output, patch.offset, patch.bytes)
  request.signal?.throwIfAborted()
  return { imageDigest, size }
}

async function makeSignature(imageDigest: Uint8Array, request: SignatureRequest): Promise<Uint8Array> {
  const { timestamp, signal, hashAlgorithm } = request
  return buildSignedData({
    version: 1,
    contentType: objectIdentifiers.spcIndirectData,
    content: encodeIndirectData(hashAlgorithm, imageDigest),
    signer: messageSignerOf(request.key),
    certificates: request.certificateChain,
    embedCertificates: true,
    hash: hashAlgorithm,
    signedAttributes: encodeSignedAttributes(request),
    ...(timestamp !== undefined && {
      unsignedAttributes: async (signature) => {
        const [signerCertificate = new Uint8Array()] = request.certificateChain
        const token = await timestamp.timestamp({ signature, hashAlgorithm, signerCertificate, signal })
        return [encodeAttribute(objectIdentifiers.spcRfc3161Timestamp, token)]
      },
    }),
  })
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
function headerPatches(file: PeFile, checksum: PeChecksum, table: ByteBlock, size: number): readonly ByteBlock[] {
  const entry = { offset: file.certificateEntry.offset, bytes: Buffer.alloc(8) }
  entry.bytes.writeUInt32LE(table.offset, 0)
  entry.bytes.writeUInt32LE(table.bytes.length, 4)
  checksum.add(entry.offset, entry.bytes)
  checksum.add(table.offset, table.bytes)
  const sum = { offset: file.checksumField.offset, bytes: Buffer.alloc(4) }
  sum.bytes.writeUInt32LE(checksum.finish(size), 0)
  return [entry, sum]
}

/** Copies a patch into a block that holds its place entirely; answers whether it did. */
function copyInto(block: ByteBlock, patch: ByteBlock): boolean {
  const start = patch.offset - block.offset
  if (start < 0 || start + patch.bytes.length > block.bytes.length) return false
  block.bytes.set(patch.bytes, start)
  return true
}
