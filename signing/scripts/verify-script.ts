import { hash as digestOnce } from 'node:crypto'
import {
  readIndirectData,
  readOnlySignature,
  type SignatureTrust,
  type VerifiedSignature,
  verifySignature,
} from '../authenticode/index.ts'
import { objectIdentifiers } from '../cms/index.ts'
import { type DoFileWork, fillBlocking } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import { encodeSipInfo, type ScriptKind } from './script-kind.ts'
import { encodingOf, windows1252 } from './text-encoding.ts'

/** What a thread verifies. */
export interface ScriptToVerify {
  /** File descriptor, open for reading. */
  readonly input: number
  /** Bytes of the file. */
  readonly size: number
  readonly kind: ScriptKind
  readonly trust: SignatureTrust
}

/** In a thread that reads what others made: reads a script and verifies it. */
export const doFileWork: DoFileWork<ScriptToVerify, VerifiedSignature> = async ({ input, size, kind, trust }) => {
  const script = Buffer.alloc(size)
  fillBlocking(input, { offset: 0, bytes: script })
  return verifyScript(script, kind, trust)
}

/**
 * Verifies the signature of a script strictly, sharing nothing with the code that signs it but how a text is encoded: it stands where
 * signatures of its kind stand, in lines as long as they are written and with CRLF behind each, there is no other one, it is about a script of this kind,
 * and its digest is that of everything else in the file.
 *
 * @throws SigningError with an `AUTHENTICODE_…` or `SCRIPT_…` code
 */
export function verifyScript(script: Buffer, kind: ScriptKind, trust: SignatureTrust): VerifiedSignature {
  const { text, isMarked } = decode(script, kind)
  const { before, encoded, behind } = takeSignature(text, kind)
  const subject = {
    type: objectIdentifiers.spcSipInfo,
    name: `.${kind.extensions.join(', .')} files`,
    value: encodeSipInfo(kind),
  }
  const signature = readOnlySignature(encoded, (signedData) => readIndirectData(signedData, subject))
  const parts = [Buffer.from(before + behind, 'utf16le')]
  if (kind.digestsMark && isMarked) parts.unshift(Buffer.from([0xff, 0xfe]))
  if (kind.digestsPosition) {
    const position = Buffer.alloc(4)
    position.writeUInt32LE(before.length)
    parts.push(position)
  }
  const digest = digestOnce(signature.contentHash, Buffer.concat(parts), 'buffer')
  if (!digest.equals(signature.contentDigest))
    throw new SigningError(
      'AUTHENTICODE_DIGEST_MISMATCH',
      `The script's ${signature.contentHash} digest is not the one that was signed: it was changed after signing.`,
    )
  return verifySignature(signature, trust)
}

/** The whole text without its byte order mark. */
function decode(script: Buffer, kind: ScriptKind): { readonly text: string; readonly isMarked: boolean } {
  const { charset, markSize } = encodingOf(script, kind)
  const isMarked = markSize > 0
  if (charset === 'utf-8') return { text: script.subarray(markSize).toString('utf8'), isMarked }
  if (charset === 'windows-1252') {
    const text = script
      .toString('latin1')
      .replace(/[\x80-\x9f]/g, (each) => String.fromCharCode(windows1252[each.charCodeAt(0) - 0x80] ?? 0))
    return { text, isMarked }
  }
  const units = Buffer.from(script.subarray(markSize))
  return { text: (charset === 'utf-16be' ? units.swap16() : units).toString('utf16le'), isMarked }
}

/** Cuts a text into what stands before its signature, the signature, and what stands behind it. */
function takeSignature(text: string, kind: ScriptKind) {
  const begin = `\r\n${kind.begin}\r\n`
  const end = `${kind.end}\r\n`
  const start = text.indexOf(begin)
  if (start === -1)
    throw new SigningError('AUTHENTICODE_NOT_SIGNED', `The script has no line "${kind.begin}" that CRLF stands around.`)
  const limit = kind.standsBefore === null ? text.length : text.lastIndexOf(kind.standsBefore)
  const endsAt = limit - end.length
  if (endsAt < start + begin.length || text.slice(endsAt, limit) !== end || text[endsAt - 1] !== '\n')
    throw misplaced(
      kind.standsBefore === null
        ? `"${kind.end}" and CRLF are not its end`
        : `"${kind.end}" and CRLF do not stand before its last "${kind.standsBefore}"`,
    )
  const before = text.slice(0, start)
  const behind = text.slice(limit)
  const hasLine = (line: string) => isLineOf(before, line) || isLineOf(behind, line)
  if (hasLine(kind.begin) || hasLine(kind.end)) throw misplaced('it has lines of another one')
  return { before, encoded: readLines(text.slice(start + begin.length, endsAt), kind), behind }
}

function isLineOf(text: string, line: string): boolean {
  for (let at = text.indexOf(line); at !== -1; at = text.indexOf(line, at + 1)) {
    const [before, behind] = [text[at - 1] ?? '\n', text[at + line.length] ?? '\n']
    if ('\r\n'.includes(before) && '\r\n'.includes(behind)) return true
  }
  return false
}

/** Base64 that is written in one way only. */
function readLines(text: string, { before, after }: ScriptKind): Buffer {
  const lines = text.split('\r\n').slice(0, -1)
  const base64 = lines.map((line, index) => {
    const inside = line.slice(before.length, line.length - after.length)
    const fits = index === lines.length - 1 ? inside.length > 0 && inside.length <= 64 : inside.length === 64
    if (line !== `${before}${inside}${after}` || !fits)
      throw misplaced(`its line ${index + 1} is not one of a signature`)
    return inside
  })
  const encoded = Buffer.from(base64.join(''), 'base64')
  if (encoded.toString('base64') !== base64.join('')) throw misplaced('its lines are not base64')
  return encoded
}

function misplaced(why: string): SigningError {
  return new SigningError(
    'AUTHENTICODE_UNSIGNED_CONTENT',
    `The signature of the script is not where and how signatures of its kind stand: ${why}.`,
  )
}
