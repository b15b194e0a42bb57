/** Where the fields that a signature leaves out are (Microsoft PE/COFF specification), read without the product's help. */
export function layoutOf(bytes: Buffer) {
  const optional = bytes.readUInt32LE(0x3c) + 24
  const directories = optional + (bytes.readUInt16LE(optional) === 0x20b ? 112 : 96)
  const entry = directories + 4 * 8
  return {
    checksum: optional + 64,
    entry,
    table: bytes.readUInt32LE(entry),
    headersEnd: bytes.readUInt32LE(optional + 60),
  }
}

/** A copy with bits of one byte flipped. @param bit a mask of them */
export function withFlip(bytes: Buffer, offset: number, bit = 1): Buffer {
  const flipped = Buffer.from(bytes)
  flipped.writeUInt8(flipped.readUInt8(offset) ^ bit, offset)
  return flipped
}
