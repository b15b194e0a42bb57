import { OriginError } from '../origin-error.ts'

/** The most bytes at the end of a file that are kept to read its list of entries. */
const mostKept = 32 * 1024 * 1024

/**
 * Passes the bytes of a file on, and at their end refuses a ZIP (PKWARE APPNOTE 6.3.10) with an entry whose name leads out of
 * the folder into which it is extracted. What is no ZIP passes.
 *
 * @throws OriginError `ORIGIN_ARTIFACT_PATH_REFUSED`, `ORIGIN_ARTIFACT_ZIP_MALFORMED`, both for good
 */
export async function* withSafeNames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const kept: Uint8Array[] = []
  let [keptSize, size] = [0, 0]
  let head = Buffer.alloc(0)
  for await (const chunk of bytes) {
    if (head.byteLength < 4) head = Buffer.concat([head, chunk.subarray(0, 4)])
    kept.push(chunk)
    size += chunk.byteLength
    keptSize += chunk.byteLength
    while (kept.length > 1 && keptSize - (kept[0]?.byteLength ?? 0) >= mostKept)
      keptSize -= kept.shift()?.byteLength ?? 0
    yield chunk
  }
  if (!isZip(head)) return
  for (const name of entryNames(Buffer.concat(kept), size))
    if (isLeadingOut(name))
      throw new OriginError(
        'ORIGIN_ARTIFACT_PATH_REFUSED',
        `The artifact is a ZIP with the entry ${JSON.stringify(name.slice(0, 200))}, which leads out of its folder. Build it without.`,
      )
}

/** Whether bytes begin as a ZIP does, be it an empty one. */
export function isZip(head: Uint8Array): boolean {
  const [first, second, third, fourth] = head
  return first === 0x50 && second === 0x4b && ((third === 3 && fourth === 4) || (third === 5 && fourth === 6))
}

/** The names in the central directory at the end of a ZIP of `size` bytes. */
function* entryNames(tail: Buffer, size: number): Generator<string, void, undefined> {
  const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0 || end + 22 > tail.byteLength) throw malformed()
  let [length, offset] = [tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)]
  const zip64 = tail.lastIndexOf(Buffer.from('PK\x06\x06', 'latin1'), end)
  if (length === 0xffffffff || offset === 0xffffffff) {
    if (zip64 < 0 || zip64 + 56 > end) throw malformed()
    length = Number(tail.readBigUInt64LE(zip64 + 40))
    offset = Number(tail.readBigUInt64LE(zip64 + 48))
  }
  let position = offset - (size - tail.byteLength)
  const last = position + length
  if (position < 0 || last > end) throw malformed()
  while (position < last) {
    if (position + 46 > last || tail.readUInt32LE(position) !== 0x02014b50) throw malformed()
    const nameLength = tail.readUInt16LE(position + 28)
    const rest = tail.readUInt16LE(position + 30) + tail.readUInt16LE(position + 32)
    yield tail.toString('latin1', position + 46, position + 46 + nameLength)
    position += 46 + nameLength + rest
  }
}

/** Absolute, with a drive, or up from where it is; Windows takes both slashes. */
function isLeadingOut(name: string): boolean {
  return /^[/\\]|^[a-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)|\0/i.test(name)
}

function malformed(): OriginError {
  return new OriginError(
    'ORIGIN_ARTIFACT_ZIP_MALFORMED',
    'The artifact begins as a ZIP, and its list of entries cannot be read, or is larger than 32 MiB. Build it again.',
  )
}
