import { createHash } from 'node:crypto'
import type { ExistingSignature, HashAlgorithm } from '../../domain/index.ts'
import {
  describeReplaced,
  describeUnreadable,
  type ExistingPlace,
  judgeOnly,
  readStatedDigest,
} from '../authenticode/index.ts'
import type { FileDigester, FileDigestion } from '../file-passes/index.ts'
import type { ForeignTrust, ForeignVerdict } from '../foreign-verifier.ts'
import { SigningError } from '../signing-error.ts'
import type { ScriptKind } from './script-kind.ts'
import { findSignatureBlock, type SignatureBlock } from './signature-block.ts'
import { type Charset, encodeAscii, encodingOf, type TextEncoding, unitSize } from './text-encoding.ts'
import { utf16Pieces } from './utf16-pieces.ts'
import { warningsOf } from './warnings.ts'

/** Which script is digested, and by which algorithm. */
export interface ScriptDigestionRequest {
  readonly kind: ScriptKind
  /** Bytes of the file. */
  readonly size: number
  readonly hashAlgorithm: HashAlgorithm
}

/** What was found in a script as it was read. */
export interface DigestedScript {
  readonly charset: Charset
  /** Where in the file the signature stands that it has already, in bytes. */
  readonly existing: { readonly start: number; readonly end: number } | undefined
  /** Where the new signature goes in the script without that one, in bytes. */
  readonly insertAt: number
  /** What a signature there will hold. */
  readonly digest: Uint8Array
  readonly existingSignatures: readonly ExistingSignature[]
  readonly warnings: readonly string[]
}

/** The order for a thread that reads files to digest a script as well: it gives a {@link DigestedScript}. */
export function scriptDigestion(request: ScriptDigestionRequest): FileDigestion {
  return { module: import.meta.url, parameters: request }
}

/** In that thread: keeps the script, which is bounded, and reads it when it is whole. */
export function startDigestion({ kind, size, hashAlgorithm }: ScriptDigestionRequest): FileDigester<DigestedScript> {
  const script = Buffer.alloc(size)
  return {
    update: (offset, bytes) => void script.set(bytes, offset),
    finish: () => digestScript(script, kind, hashAlgorithm),
  }
}

/**
 * Finds what a script is without its signature, and digests it by the rule of its kind.
 *
 * @throws SigningError `SCRIPT_ENCODING_UNSUPPORTED`, `SCRIPT_TEXT_MALFORMED`, `SCRIPT_SIGNATURE_BLOCK_MALFORMED`, `SCRIPT_JOB_MISSING`
 */
export function digestScript(script: Buffer, kind: ScriptKind, hashAlgorithm: HashAlgorithm): DigestedScript {
  const block = findSignatureBlock(script, encodingOf(script, kind), kind)
  const content = block === undefined ? script : without(script, block)
  // What it is without the signature: in that could be anything.
  const encoding = encodingOf(content, kind)
  const insertAt = placeOfSignature(content, encoding, kind)
  return {
    charset: encoding.charset,
    existing: block && { start: block.start, end: block.end },
    insertAt,
    digest: digestAt(content, insertAt, encoding, kind, hashAlgorithm),
    existingSignatures: block === undefined ? [] : describeBlock(block, content, encoding, kind),
    warnings: warningsOf(content, encoding),
  }
}

/**
 * Judges the signature of a script, whoever made it.
 *
 * @throws SigningError as {@link digestScript}, but that it needs no place for another one
 */
export function judgeScript(script: Buffer, kind: ScriptKind, trust: ForeignTrust): ForeignVerdict {
  const block = findSignatureBlock(script, encodingOf(script, kind), kind)
  if (block === undefined) return { isAccepted: false, signatures: [] }
  const content = without(script, block)
  const encoding = encodingOf(content, kind)
  return judgeOnly(block, signatureBlock, (hash) => digestAt(content, block.start, encoding, kind, hash), trust)
}

function without(script: Buffer, { start, end }: SignatureBlock): Buffer {
  return Buffer.concat([script.subarray(0, start), script.subarray(end)])
}

const signatureBlock: ExistingPlace = { place: 'signature block', statedDigest: readStatedDigest }

function describeBlock(
  { start, encoded, reason }: SignatureBlock,
  content: Buffer,
  encoding: TextEncoding,
  kind: ScriptKind,
): readonly ExistingSignature[] {
  if (encoded === undefined || reason !== undefined)
    return [describeUnreadable(encoded ?? Buffer.alloc(0), reason ?? '', signatureBlock)]
  return describeReplaced(encoded, signatureBlock, (hash) => digestAt(content, start, encoding, kind, hash))
}

function placeOfSignature(content: Buffer, { charset, markSize }: TextEncoding, { standsBefore }: ScriptKind): number {
  if (standsBefore === null) return content.length
  const wanted = encodeAscii(standsBefore, charset)
  let at = content.lastIndexOf(wanted)
  while (at > 0 && (at - markSize) % unitSize(charset) !== 0) at = content.lastIndexOf(wanted, at - 1)
  if (at < markSize)
    throw new SigningError(
      'SCRIPT_JOB_MISSING',
      `The script has no "${standsBefore}", in lower case, before which its signature could stand.`,
    )
  return at
}

/** The digest of a script with its signature at some place. */
function digestAt(
  content: Buffer,
  place: number,
  { charset, markSize }: TextEncoding,
  { digestsMark, digestsPosition }: ScriptKind,
  algorithm: string,
): Buffer {
  const hash = createHash(algorithm)
  let units = 0
  if (digestsMark && markSize > 0) hash.update(Buffer.from('\ufeff', 'utf16le'))
  for (const piece of utf16Pieces(content.subarray(markSize, place), charset)) {
    hash.update(piece)
    units += piece.length / 2
  }
  for (const piece of utf16Pieces(content.subarray(place), charset)) hash.update(piece)
  if (digestsPosition) {
    const position = Buffer.alloc(4)
    position.writeUInt32LE(units)
    hash.update(position)
  }
  return hash.digest()
}
