import { createHash } from 'node:crypto'
import type { ContentDigest, HashAlgorithm } from '../../domain/index.ts'
import { DerReader, objectIdentifiers, type ParsedSignedData } from '../cms/index.ts'
import { type DoFileWork, fillBlocking } from '../file-passes/index.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import type { OpenPackage } from './open-package.ts'

type Order = {
  readonly fd: number
  readonly hash: string
  /** Where the signature's entry begins, and the directory. */
  readonly signatureStart: number
  readonly directoryOffset: number
  /** Of the signature's record, the last one of the directory. */
  readonly recordSize: number
  readonly size: number
}

/**
 * Verifies that a package is the one whose digest its signature states. The signature must be the last of the entries and of the directory:
 * so the rest is what it was before, but for the numbers in the record that ends the archive.
 *
 * @returns that digest, without a name
 * @throws SigningError `NUGET_CONTENT_CHANGED`, `NUGET_SIGNATURE_ENTRY_INVALID`, `NUGET_MALFORMED`; as reading files does
 */
export async function verifyContent(
  { archive, signature }: OpenPackage,
  signedData: ParsedSignedData,
  { passes, signal, onProgress }: FileWorkOptions,
): Promise<Omit<ContentDigest, 'content'>> {
  const { hash, digest } = readContent(signedData)
  const { directoryOffset } = archive.directory
  const last = archive.entries.at(-1)
  if (signature === undefined || last !== signature.entry || last.end !== directoryOffset)
    throw new SigningError('NUGET_SIGNATURE_ENTRY_INVALID', 'The signature must be the last entry of the package.')
  const { handle, size } = archive.file
  const parameters: Order = {
    ...{ fd: handle.fd, hash, size, directoryOffset },
    signatureStart: last.start,
    recordSize: last.record.length,
  }
  const found = (await passes.work({ module: import.meta.url, parameters }, { signal, onProgress })) as string
  if (found !== digest)
    throw new SigningError(
      'NUGET_CONTENT_CHANGED',
      `The package is not the one that was signed: its ${hash} digest is ${found}, and the signature says ${digest}.`,
    )
  return { algorithm: hash, digest }
}

/** In a thread: the digest, hexadecimal. */
export const doFileWork: DoFileWork<Order, string> = async (order, { memory, throwIfCancelled, progress }) => {
  const hash = createHash(order.hash)
  for (let at = 0; at < order.signatureStart; at += memory.length) {
    throwIfCancelled()
    const bytes = memory.subarray(0, Math.min(memory.length, order.signatureStart - at))
    fillBlocking(order.fd, { offset: at, bytes })
    hash.update(bytes)
    if (at % (4 * 1024 * 1024) === 0) progress(at, order.signatureStart)
  }
  const tail = Buffer.alloc(order.size - order.directoryOffset)
  fillBlocking(order.fd, { offset: order.directoryOffset, bytes: tail })
  // The record that ends the archive says how long the directory is.
  const end = endRecordIn(tail, tail.length - 22)
  const directorySize = tail.readUInt32LE(end + 12) - order.recordSize
  const count = tail.readUInt16LE(end + 10) - 1
  tail.writeUInt16LE(count, end + 8)
  tail.writeUInt16LE(count, end + 10)
  tail.writeUInt32LE(directorySize, end + 12)
  tail.writeUInt32LE(order.signatureStart, end + 16)
  return hash.update(tail.subarray(0, directorySize)).update(tail.subarray(end)).digest('hex')
}

/** Where the record begins whose directory ends before it; a comment of the archive may be behind it. */
function endRecordIn(tail: Buffer, last: number): number {
  for (let at = last; at >= 0; at--)
    if (tail.readUInt32LE(at) === 0x06054b50 && tail.readUInt16LE(at + 20) === tail.length - at - 22) return at
  throw new SigningError('NUGET_MALFORMED', 'The package has no record that ends its archive.')
}

const hashes: ReadonlyMap<string, HashAlgorithm> = new Map([
  [objectIdentifiers.sha256, 'sha256'],
  [objectIdentifiers.sha384, 'sha384'],
  [objectIdentifiers.sha512, 'sha512'],
])

/** The version of the form, and one digest, line by line. */
function readContent({ contentType, content }: ParsedSignedData) {
  if (contentType !== objectIdentifiers.data || content.tag !== 0x04)
    throw new SigningError('NUGET_MALFORMED', `A package signature signs data, not ${contentType}.`)
  const reader = new DerReader(content.encoded, 'NUGET_MALFORMED')
  const lines = Buffer.from(reader.take(0x04, 'the content').content).toString('latin1').split('\n')
  const [version, empty, stated = '', ...rest] = lines
  const [label = '', encoded = '', ...more] = stated.split(':')
  const hash = hashes.get(label.replace(/-Hash$/, ''))
  const digest = Buffer.from(encoded, 'base64')
  const isForm = version === 'Version:1' && empty === '' && rest.join('|') === '|' && more.length === 0
  if (!isForm || hash === undefined || digest.toString('base64') !== encoded || !label.endsWith('-Hash'))
    throw new SigningError('NUGET_MALFORMED', 'The content of the signature is not version 1 with one digest by SHA-2.')
  return { hash, digest: digest.toString('hex') }
}
