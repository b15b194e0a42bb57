import { crc32, deflateRawSync } from 'node:zlib'

/** An entry of a ZIP file of a test, and what is wrong with it. Fields of its records are set as APPNOTE.TXT §4.3 and §4.4 have them. */
export type BuiltEntry = {
  readonly name: string
  readonly content: string | Uint8Array
  readonly isStored?: boolean
  /** With a data descriptor behind its data, as streaming writers make them: with its signature, or without. */
  readonly descriptor?: 'signed' | 'plain'
  readonly flags?: number
  readonly method?: number
  readonly extra?: Uint8Array
  /** What the local header says instead. */
  readonly localName?: string
  readonly localSize?: number
  /** What the directory says instead. */
  readonly crc32?: number
  readonly size?: number
  /** Bytes before its local header that belong to nothing. */
  readonly before?: Uint8Array
}

/** A ZIP file as a writer would make it, but for what its entries and options say. */
export function buildZip(
  entries: readonly BuiltEntry[],
  options: {
    readonly comment?: string
    readonly count?: number
    readonly zip64?: boolean
    readonly behindEntries?: string
  } = {},
): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  const put = (...bytes: readonly Uint8Array[]) => {
    for (const each of bytes) {
      parts.push(Buffer.from(each))
      offset += each.length
    }
  }
  for (const entry of entries) {
    put(entry.before ?? new Uint8Array())
    const start = offset
    const content = Buffer.from(entry.content)
    const data = entry.isStored === true ? content : deflateRawSync(content)
    const [crc, size] = [entry.crc32 ?? crc32(content), entry.size ?? content.length]
    const extra = entry.extra ?? new Uint8Array()
    const isAscii = /^[ -~]*$/.test(entry.name)
    const flags = entry.flags ?? (isAscii ? 0 : 1 << 11) | (entry.descriptor === undefined ? 0 : 1 << 3)
    const method = entry.method ?? (entry.isStored === true ? 0 : 8)
    const fields = (values: { crc: number; compressed: number; size: number; name: Uint8Array }) => [
      u16(20),
      u16(flags),
      u16(method),
      u32(0x5b5b4a21),
      u32(values.crc),
      u32(values.compressed),
      u32(values.size),
      u16(values.name.length),
      u16(extra.length),
    ]
    const localName = Buffer.from(entry.localName ?? entry.name)
    const local =
      entry.descriptor === undefined ? { crc, compressed: data.length, size } : { crc: 0, compressed: 0, size: 0 }
    put(
      u32(0x04034b50),
      ...fields({ ...local, ...(entry.localSize !== undefined && { size: entry.localSize }), name: localName }),
    )
    put(localName, extra, data)
    if (entry.descriptor === 'signed') put(u32(0x08074b50))
    if (entry.descriptor !== undefined) put(u32(crc), u32(data.length), u32(size))
    const name = Buffer.from(entry.name)
    directory.push(
      Buffer.concat([
        ...[u32(0x02014b50), u16(20), ...fields({ crc, compressed: data.length, size, name })],
        ...[u16(0), u16(0), u16(0), u32(0o100644 << 16), u32(start), name, extra],
      ]),
    )
  }
  put(Buffer.from(options.behindEntries ?? ''))
  const at = offset
  put(...directory)
  const size = offset - at
  if (options.zip64 === true) put(u32(0x07064b50), new Uint8Array(16))
  const count = options.count ?? entries.length
  const comment = Buffer.from(options.comment ?? '')
  put(u32(0x06054b50), u32(0), u16(count), u16(count), u32(size), u32(at), u16(comment.length), comment)
  return Buffer.concat(parts)
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}
