import { open } from 'node:fs/promises'

/** What a made-up PE file looks like. */
export interface PeOptions {
  readonly format: 'PE32' | 'PE32+'
  /** Sizes of the sections' raw data in bytes; the file places them one behind the other. */
  readonly sections?: readonly number[]
  /** Bytes behind the last section. */
  readonly overlay?: number
  /** NumberOfRvaAndSizes. */
  readonly directories?: number
  /** e_lfanew. */
  readonly peOffset?: number
  /** 3 (a console program) unless said otherwise. */
  readonly subsystem?: number
}

/** Where the header fields of a made-up PE file are, for tests that break them. */
export interface PeFields {
  readonly peOffset: number
  readonly optionalHeader: number
  readonly sizeOfHeaders: number
  readonly checksum: number
  readonly directoryCount: number
  readonly certificateEntry: number
  readonly sectionTable: number
}

/** A file with its fields. */
export interface BuiltPe {
  readonly bytes: Buffer
  readonly fields: PeFields
}

const alignment = 512

/** A small but whole PE file: headers, sections with recognisable bytes, and an overlay where one is asked for. */
export function buildPe(options: PeOptions): BuiltPe {
  const { format, sections = [1024, 512], overlay = 0, directories = 16, peOffset = 0x80, subsystem = 3 } = options
  const plus = format === 'PE32+'
  const optionalHeader = peOffset + 24
  const directoryTable = optionalHeader + (plus ? 112 : 96)
  const optionalSize = (plus ? 112 : 96) + directories * 8
  const sectionTable = optionalHeader + optionalSize
  const headersSize = roundUp(sectionTable + sections.length * 40)
  const size = headersSize + sections.reduce((sum, section) => sum + section, 0) + overlay
  const bytes = Buffer.alloc(size)

  bytes.write('MZ', 0, 'latin1')
  bytes.writeUInt32LE(peOffset, 0x3c)
  bytes.write('PE\0\0', peOffset, 'latin1')
  bytes.writeUInt16LE(plus ? 0x8664 : 0x14c, peOffset + 4)
  bytes.writeUInt16LE(sections.length, peOffset + 6)
  bytes.writeUInt16LE(optionalSize, peOffset + 20)
  bytes.writeUInt16LE(plus ? 0x22 : 0x102, peOffset + 22)
  bytes.writeUInt16LE(plus ? 0x20b : 0x10b, optionalHeader)
  bytes.writeUInt32LE(0x1000, optionalHeader + 32)
  bytes.writeUInt32LE(alignment, optionalHeader + 36)
  bytes.writeUInt32LE(0x1000 * (sections.length + 1), optionalHeader + 56)
  bytes.writeUInt32LE(headersSize, optionalHeader + 60)
  bytes.writeUInt16LE(subsystem, optionalHeader + 68)
  bytes.writeUInt32LE(directories, directoryTable - 4)
  let raw = headersSize
  sections.forEach((length, index) => {
    const header = sectionTable + index * 40
    bytes.write(`.s${index}`, header, 'latin1')
    bytes.writeUInt32LE(length, header + 8)
    bytes.writeUInt32LE(0x1000 * (index + 1), header + 12)
    bytes.writeUInt32LE(length, header + 16)
    bytes.writeUInt32LE(raw, header + 20)
    raw += length
  })
  for (let at = headersSize; at < size; at++) bytes[at] = (at * 31 + (at >>> 8)) & 0xff
  return {
    bytes,
    fields: {
      peOffset,
      optionalHeader,
      sizeOfHeaders: optionalHeader + 60,
      checksum: optionalHeader + 64,
      directoryCount: directoryTable - 4,
      certificateEntry: directoryTable + 32,
      sectionTable,
    },
  }
}

/** Writes a PE32+ file of exactly `size` bytes without holding it in memory: a small program with a large overlay. */
export async function writeLargePe(path: string, size: number): Promise<void> {
  const { bytes } = buildPe({ format: 'PE32+' })
  const pattern = Buffer.alloc(4 * 1024 * 1024)
  for (let at = 0; at < pattern.length; at++) pattern[at] = Math.imul(at, 2654435761) >>> 24
  const file = await open(path, 'w')
  try {
    await file.write(bytes)
    for (let at = bytes.length; at < size; at += pattern.length)
      await file.write(pattern, 0, Math.min(pattern.length, size - at))
  } finally {
    await file.close()
  }
}

function roundUp(value: number): number {
  return Math.ceil(value / alignment) * alignment
}
