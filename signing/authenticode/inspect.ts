import type { FileHandle } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import type { ExistingSignature, HashAlgorithm } from '../../domain/index.ts'
import type { FilePasses } from '../file-passes/index.ts'
import type { ForeignSignature, ForeignTrust, ForeignVerdict } from '../foreign-verifier.ts'
import { type InputFile, readAnew, readBlocks, readRange, withInput } from './byte-blocks.ts'
import { type CertificateTableEntry, pkcsSignedData } from './certificate-table.ts'
import { verdictOf } from './describe-existing.ts'
import { digestImage, imagePadding, startImageDigest } from './digest.ts'
import { type FoundSignature, readExistingSignatures, unreadableSignature } from './existing-signature.ts'
import { type DigestedImage, imageDigestion } from './image-digestion.ts'
import { assertCanBeKept, readKeptSignatures, signatureLimit } from './kept-signatures.ts'
import { type PeFile, readPeFile } from './pe-file.ts'

/** What a plan says of a PE file. */
export interface PeFileInspection {
  /** The Authenticode digest that a signature will hold. */
  readonly contentDigest: Buffer
  /** The signatures that it has, in their order: each entry of its table, followed by those nested in it. */
  readonly existingSignatures: readonly ExistingSignature[]
}

/** How the file will be signed. */
export interface InspectionRequest {
  readonly hashAlgorithm: HashAlgorithm
  /** Whether signatures that the file has will be kept; otherwise they will be replaced. */
  readonly append: boolean
  /** How many signatures will be added; 1 when absent. */
  readonly adding?: number
  readonly signal?: AbortSignal | undefined
  /** Threads that read the file again, where that is needed; without them it is done in this one, block by block. */
  readonly passes?: FilePasses
  /** Called after every few MiB of that. */
  readonly onProgress?: (() => void) | undefined
}

/** That there are more is said, and no more of them. */
const descriptionLimit = 16

/**
 * Finds out, in flat memory, what a plan says of a PE file: what a signature will cover, and which signatures there are
 * already.
 *
 * @throws SigningError with a `PE_…` code, and as {@link describeSignatures}; the signal's reason when it is aborted
 */
export async function inspectPeFile(path: string, request: InspectionRequest): Promise<PeFileInspection> {
  return withInput(path, async (input) => {
    const file = await readPeFile(input)
    const contentDigest = await digestImage(input, file, request.hashAlgorithm, request.signal)
    return { contentDigest, existingSignatures: await describeSignatures(input, file, contentDigest, request) }
  })
}

/**
 * Describes the signatures of a PE file that is open and was digested already.
 *
 * @throws SigningError as {@link describeSignatures}
 */
export function inspectSignatures(
  handle: FileHandle,
  file: PeFile,
  contentDigest: Uint8Array,
  request: InspectionRequest,
): Promise<readonly ExistingSignature[]> {
  return describeSignatures({ handle, size: file.size, start: Buffer.alloc(0) }, file, contentDigest, request)
}

/**
 * Describes the signatures that a PE file has, whoever made them. Their certificates' paths and validity are not judged,
 * so that the answer is the same at any time.
 *
 * @param contentDigest the Authenticode digest by the request's algorithm: the file is read again only for signatures
 * that use another
 * @throws SigningError `AUTHENTICODE_EXISTING_SIGNATURE_…` when they are to be kept and cannot be; the signal's reason when
 * it is aborted
 */
export async function describeSignatures(
  input: InputFile,
  file: PeFile,
  contentDigest: Uint8Array,
  request: InspectionRequest,
): Promise<readonly ExistingSignature[]> {
  const kept = request.append ? await readKeptSignatures(input, file) : undefined
  const found = await findSignatures(input, file)
  const digests = await digestsFor(found, input, file, { ...request, contentDigest }, request)
  const outcome = request.append ? 'kept' : 'replaced'
  const described: ExistingSignature[] = []
  for (const signature of found) {
    // Whoever made them chose how much work they are: others get their turn in between.
    await setImmediate()
    request.signal?.throwIfAborted()
    described.push(signature.describe(outcome, (hash) => digests.get(hash)))
  }
  if (kept !== undefined) assertCanBeKept(file, kept, described, request.adding)
  return described
}

/**
 * Judges the signatures that a PE file has, whoever made them.
 *
 * @throws SigningError with a `PE_…` code; the signal's reason when it is aborted
 */
export async function judgePeFile(
  handle: FileHandle,
  size: number,
  trust: ForeignTrust,
  options: Omit<InspectionRequest, 'hashAlgorithm' | 'append'>,
): Promise<ForeignVerdict> {
  const input = { handle, size, start: Buffer.alloc(0) }
  const file = await readPeFile(input)
  const found = await findSignatures(input, file)
  const digests = await digestsFor(found, input, file, undefined, options)
  const judged: ForeignSignature[] = []
  for (const signature of found) {
    await setImmediate()
    options.signal?.throwIfAborted()
    judged.push(signature.judge((hash) => digests.get(hash), trust))
  }
  return verdictOf(judged)
}

/** At most so many, and so many bytes of them: the rest is only said to be there. */
async function findSignatures(input: InputFile, file: PeFile): Promise<readonly FoundSignature[]> {
  const found: FoundSignature[] = []
  let room = signatureLimit
  for (const entry of file.certificateTable?.entries ?? []) {
    for (const signature of await readEntry(input, entry, room)) {
      if (found.length === descriptionLimit)
        return [...found, unreadableSignature(new Uint8Array(), 'There are more signatures, which are not listed.')]
      found.push(signature)
    }
    room = Math.max(room - entry.length, 0)
  }
  return found
}

/** @param room how many bytes of signatures are still read */
async function readEntry(
  input: InputFile,
  { offset, length, type }: CertificateTableEntry,
  room: number,
): Promise<Iterable<FoundSignature>> {
  if (length > room)
    return [
      unreadableSignature(
        new Uint8Array(),
        `It has ${length} bytes; of the signatures of a file at most ${signatureLimit} bytes are read.`,
      ),
    ]
  // A copy, because a pass over the file uses the same buffers.
  const bytes = Uint8Array.from(await readRange(input, offset, length))
  if (type !== pkcsSignedData)
    return [unreadableSignature(bytes, `It is a WIN_CERTIFICATE of type ${type}, and no PKCS #7 signature.`)]
  return readExistingSignatures(bytes)
}

/** The file's digest by each algorithm that the signatures use. */
async function digestsFor(
  found: readonly FoundSignature[],
  input: InputFile,
  file: PeFile,
  digested: { readonly hashAlgorithm: string; readonly contentDigest: Uint8Array } | undefined,
  { signal, passes, onProgress }: Omit<InspectionRequest, 'hashAlgorithm' | 'append'>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const hashes = new Set(found.flatMap(({ stated }) => stated?.hash ?? []))
  // What a table that stands at no multiple of 8 was signed with: nothing filled the image up.
  const known = new Map<string, Uint8Array>()
  if (digested !== undefined && imagePadding(file) === 0) known.set(digested.hashAlgorithm, digested.contentDigest)
  const missing = [...hashes].filter((hash) => !known.has(hash))
  if (missing.length === 0) return known
  if (passes !== undefined) {
    const digestion = imageDigestion({ file, hashAlgorithms: missing, unpadded: true })
    const order = { input: input.handle.fd, output: undefined, end: file.imageSize, hashed: false, digestion }
    const { digested } = await passes.read(order, { signal, onProgress })
    for (const [hash, digest] of (digested as DigestedImage).digests) known.set(hash, digest)
    return known
  }
  const digests = missing.map((hash) => [hash, startImageDigest(file, hash)] as const)
  for await (const { offset, bytes } of readBlocks(await readAnew(input), file.imageSize, signal))
    for (const [, digest] of digests) digest.update(offset, bytes)
  for (const [hash, digest] of digests) known.set(hash, digest.finishUnpadded())
  return known
}
