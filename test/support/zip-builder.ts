import { crc32, deflateRawSync } from 'node:zlib'

/** An entry of a ZIP file of a test, and what is wrong with it. Fields of its records are set as APPNOTE.TXT §4.3 and §4.4 have them. */
export type BuiltEntry = {
  readonly name: string
  /** The bytes of its name, in place of those of `name` in UTF-8. */
  readonly nameBytes?: Uint8Array
  readonly content: string | Uint8Array
  readonly isStored?: boolean
  /** With a data descriptor behind its data, as streaming writers make them: with its signature, or without; of 4-byte sizes, or of 8. */
  readonly descriptor?: 'signed' | 'plain' | 'signed64' | 'plain64'
  /** With its sizes in ZIP64 fields: in both headers, or in one of them; or with such fields beside its sizes. */
  readonly zip64?: 'both' | 'local' | 'directory' | 'needless'
  readonly flags?: number
  readonly method?: number
  readonly extra?: Uint8Array
  readonly comment?: string
  /** Mode of Unix; 0100644 by default. */
  readonly mode?: number
  /** The system that made it; MS-DOS by default. */
  readonly host?: number
  /** Its data in place of those that are made of its content. */
  readonly data?: Uint8Array
  /** What the local header says instead. */
  readonly localName?: string
  readonly localSize?: number
  readonly localCrc32?: number
  readonly localMethod?: number
  readonly localFlags?: number
  readonly localExtra?: Uint8Array
  /** What the directory says instead. */
  readonly crc32?: number
  readonly size?: number
  readonly compressedSize?: number
  readonly offset?: number
  /** Bytes before its local header that belong to nothing. */
  readonly before?: Uint8Array
  /** Bytes behind its data that belong to nothing. */
  readonly behind?: Uint8Array
}

/** A ZIP file as a writer would make it, but for what its entries and options say. */
export function buildZip(
  entries: readonly BuiltEntry[],
  options: {
    readonly comment?: string | Uint8Array
    readonly count?: number
    /** A locator of a ZIP64 record that is not there. */
    readonly zip64?: boolean
    /** A ZIP64 record and its locator. */
    readonly zip64End?: 'all' | 'needless'
    readonly behindEntries?: string
    /** How much offsets are too small, as when bytes were put in front. */
    readonly uncounted?: number
    /** Whether the directory has the entries the other way round. */
    readonly reversed?: boolean
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
    const start = entry.offset ?? offset - (options.uncounted ?? 0)
    const content = Buffer.from(entry.content)
    const data = Buffer.from(entry.data ?? (entry.isStored === true ? content : deflateRawSync(content)))
    const [crc, size] = [entry.crc32 ?? crc32(content), entry.size ?? content.length]
    const compressed = entry.compressedSize ?? data.length
    const isAscii = /^[ -~]*$/.test(entry.name)
    const flags = entry.flags ?? (isAscii ? 0 : 1 << 11) | (entry.descriptor === undefined ? 0 : 1 << 3)
    const method = entry.method ?? (entry.isStored === true ? 0 : 8)
    const fields = (values: Header) => [
      ...[u16(20), u16(values.flags), u16(values.method), u32(0x5b5b4a21), u32(values.crc)],
      ...[u32(values.compressed), u32(values.size), u16(values.name.length), u16(values.extra.length)],
    ]
    const localName = Buffer.from(entry.localName ?? entry.nameBytes ?? entry.name)
    const local = {
      ...(entry.descriptor === undefined ? { crc, compressed, size } : { crc: 0, compressed: 0, size: 0 }),
      ...(entry.localSize !== undefined && { size: entry.localSize }),
      ...(entry.localCrc32 !== undefined && { crc: entry.localCrc32 }),
      ...{ flags: entry.localFlags ?? flags, method: entry.localMethod ?? method, name: localName },
      extra: entry.localExtra ?? entry.extra ?? new Uint8Array(),
    }
    const inLocal = zip64(entry.zip64 === 'directory' ? undefined : entry.zip64, local)
    put(u32(0x04034b50), ...fields(inLocal), localName, inLocal.extra, data)
    if (entry.descriptor?.startsWith('signed') === true) put(u32(0x08074b50))
    const sized = entry.descriptor?.endsWith('64') === true ? u64 : u32
    if (entry.descriptor !== undefined) put(u32(crc), sized(compressed), sized(size))
    put(entry.behind ?? new Uint8Array())
    const name = Buffer.from(entry.nameBytes ?? entry.name)
    const said = { crc, compressed, size, flags, method, name, extra: entry.extra ?? new Uint8Array(), start }
    const inDirectory = zip64(entry.zip64 === 'local' ? undefined : entry.zip64, said)
    const comment = Buffer.from(entry.comment ?? '')
    directory.push(
      Buffer.concat([
        ...[u32(0x02014b50), u16(20 | ((entry.host ?? 0) << 8)), ...fields(inDirectory)],
        ...[u16(comment.length), u16(0), u16(0), u32((entry.mode ?? 0o100644) << 16), u32(inDirectory.start ?? 0)],
        ...[name, inDirectory.extra, comment],
      ]),
    )
  }
  put(Buffer.from(options.behindEntries ?? ''))
  const at = offset - (options.uncounted ?? 0)
  put(...(options.reversed === true ? directory.toReversed() : directory))
  const size = offset - at - (options.uncounted ?? 0)
  if (options.zip64 === true) put(u32(0x07064b50), new Uint8Array(16))
  const count = options.count ?? entries.length
  const comment = Buffer.from(options.comment ?? '')
  if (options.zip64End !== undefined) {
    const recordAt = offset - (options.uncounted ?? 0)
    put(u32(0x06064b50), u64(44), u16(45), u16(45), u32(0), u32(0), u64(count), u64(count), u64(size), u64(at))
    put(u32(0x07064b50), u32(0), u64(recordAt), u32(1))
  }
  const isElsewhere = options.zip64End === 'all'
  put(u32(0x06054b50), u32(0), ...[count, count].map((value) => u16(isElsewhere ? 0xffff : value)))
  put(...[size, at].map((value) => u32(isElsewhere ? 0xffffffff : value)), u16(comment.length), comment)
  return Buffer.concat(parts)
}

/** What a header says; `start` only in the directory. */
type Header = {
  readonly crc: number
  readonly compressed: number
  readonly size: number
  readonly flags: number
  readonly method: number
  readonly name: Uint8Array
  readonly extra: Uint8Array
  readonly start?: number
}

function zip64(form: BuiltEntry['zip64'], header: Header): Header {
  if (form === undefined) return header
  const values = [header.size, header.compressed, ...(header.start === undefined ? [] : [header.start])]
  const field = Buffer.concat([u16(1), u16(8 * values.length), ...values.map(u64)])
  const extra = Buffer.concat([field, header.extra])
  if (form === 'needless') return { ...header, extra }
  const ones = 0xffffffff
  return { ...header, extra, size: ones, compressed: ones, ...(header.start !== undefined && { start: ones }) }
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

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

/** A ZIP file of so many empty entries with names of seven digits, and the count that its end says. */
export function buildManyEntries(count: number, said = count & 0xffff): Buffer {
  const empty = buildZip([{ name: '0000000', content: '', isStored: true }])
  const [local, record, end] = [empty.subarray(0, 37), empty.subarray(37, -22), Buffer.from(empty.subarray(-22))]
  const zip = Buffer.alloc(count * (local.length + record.length))
  const directory = count * local.length
  for (let index = 0; index < count; index++) {
    const name = String(index).padStart(7, '0')
    const [localAt, recordAt] = [index * local.length, directory + index * record.length]
    local.copy(zip, localAt)
    zip.write(name, localAt + 30)
    record.copy(zip, recordAt)
    zip.write(name, recordAt + 46)
    zip.writeUInt32LE(localAt, recordAt + 42)
  }
  for (const at of [8, 10]) end.writeUInt16LE(said, at)
  end.writeUInt32LE(count * record.length, 12)
  end.writeUInt32LE(directory, 16)
  return Buffer.concat([zip, end])
}
