import type { FileHandle } from 'node:fs/promises'
import {
  encodeIndirectData,
  makeSignature,
  readRange,
  type SignatureMeans,
  truncate,
  writeFully,
} from '../authenticode/index.ts'
import { objectIdentifiers } from '../cms/index.ts'
import type { DigestedScript } from './script-digestion.ts'
import { encodeSipSubject, type ScriptKind } from './script-kind.ts'
import { encodeAscii } from './text-encoding.ts'

/** Characters of base64 in a line, as SignTool and PowerShell write it. */
const lineLength = 64

/**
 * Signs a copy of a script in its place: the signature that it had gives way to the new one, and all else stays byte for byte. Its lines,
 * and the line end before them, end in CRLF in every file, because Windows sees no other signature.
 *
 * @throws SigningError with a `CMS_…` or `TIMESTAMP_…` code; whatever the key throws; the signal's reason
 */
export async function signScript(
  { handle, size }: { readonly handle: FileHandle; readonly size: number },
  kind: ScriptKind,
  { charset, existing, insertAt, digest }: DigestedScript,
  means: SignatureMeans,
): Promise<void> {
  const content = encodeIndirectData(encodeSipSubject(kind), means.hashAlgorithm, digest)
  const signature = await makeSignature({ contentType: objectIdentifiers.spcIndirectData, content }, means)
  means.signal?.throwIfAborted()
  const script = Buffer.from(await readRange({ handle, size, start: Buffer.alloc(0) }, 0, size))
  const unsigned =
    existing === undefined ? script : Buffer.concat([script.subarray(0, existing.start), script.subarray(existing.end)])
  const block = encodeAscii(signatureLines(signature, kind), charset)
  await writeFully(handle, 0, unsigned.subarray(0, insertAt), block, unsigned.subarray(insertAt))
  if (unsigned.length + block.length < size) await truncate(handle, unsigned.length + block.length)
}

function signatureLines(signature: Uint8Array, { begin, end, before, after }: ScriptKind): string {
  const base64 = Buffer.from(signature).toString('base64')
  const lines: string[] = []
  for (let at = 0; at < base64.length; at += lineLength)
    lines.push(`${before}${base64.slice(at, at + lineLength)}${after}`)
  return ['', begin, ...lines, end, ''].join('\r\n')
}
