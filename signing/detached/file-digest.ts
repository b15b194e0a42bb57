import { createHash } from 'node:crypto'
import type { HashAlgorithm, SigningDirective } from '../../domain/index.ts'
import type { OpenFile } from '../detached-signature.ts'
import type { FileDigester } from '../file-passes/index.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'

/** A digest of a file's bytes, with others before and behind them. */
export interface FileDigestRequest {
  readonly algorithm: HashAlgorithm
  readonly before?: Uint8Array
  readonly behind?: Uint8Array
}

/**
 * Digests a file in one pass, by each of the requests.
 *
 * @returns in their order
 * @throws SigningError `FILE_…`; the signal's reason
 */
export async function digestFile(
  { handle, size }: OpenFile,
  requests: readonly FileDigestRequest[],
  { passes, ...following }: FileWorkOptions,
): Promise<readonly Buffer[]> {
  const digestion = { module: import.meta.url, parameters: requests }
  const order = { input: handle.fd, output: undefined, end: size, hashed: false, digestion }
  const digests = (await passes.read(order, following)).digested as readonly string[]
  return digests.map((digest) => Buffer.from(digest, 'hex'))
}

/** The digest of a file's bytes alone. @throws SigningError `FILE_…`; the signal's reason */
export async function digestOfFile(
  file: OpenFile,
  algorithm: HashAlgorithm,
  options: FileWorkOptions,
): Promise<Buffer> {
  const [digest = Buffer.alloc(0)] = await digestFile(file, [{ algorithm }], options)
  return digest
}

/** In the thread that reads the file: all digests of it, hexadecimal. */
export function startDigestion(requests: readonly FileDigestRequest[]): FileDigester<readonly string[]> {
  const hashes = requests.map(({ algorithm, before }) => createHash(algorithm).update(before ?? new Uint8Array()))
  return {
    update: (_, bytes) => {
      for (const hash of hashes) hash.update(bytes)
    },
    finish: () => hashes.map((hash, index) => hash.update(requests[index]?.behind ?? new Uint8Array()).digest('hex')),
  }
}

/** The digest that a plan names for what a detached signature covers. */
export function plannedDigest({ directive, contentDigests }: SigningDirective): Buffer {
  const [only, ...others] = contentDigests
  if (only === undefined || others.length > 0)
    throw new SigningError('PLAN_NOT_SUPPORTED', `A plan must name one digest for ${directive}.`)
  return Buffer.from(only.digest, 'hex')
}

/**
 * Reads a signature's file, whole.
 *
 * @param limit bytes that a signature of its kind can have at the most
 * @throws SigningError `DETACHED_MALFORMED` when it has more
 */
export async function readSignature({ handle, size, name }: OpenFile, limit: number): Promise<Buffer> {
  if (size > limit)
    throw new SigningError(
      'DETACHED_MALFORMED',
      `The signature ${name} has ${size} bytes; at most ${limit} are possible.`,
    )
  const bytes = Buffer.alloc(size)
  for (let read = 0; read < size; ) {
    const { bytesRead } = await handle.read(bytes, read, size - read, read)
    if (bytesRead === 0) throw new SigningError('FILE_TRUNCATED', `The file ended at byte ${read} while it was read.`)
    read += bytesRead
  }
  return bytes
}
