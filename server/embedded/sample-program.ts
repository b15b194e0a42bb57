/** Where things are in the sample program's image. */
const headerSize = 0x200
const sectionAlignment = 0x1000
const entryPoint = sectionAlignment

/** x86-64: `xor eax, eax; ret`, a program that does nothing and succeeds. */
const code = Buffer.from([0x31, 0xc0, 0xc3])

/**
 * A Windows program for the first start to sign: PE32+ with one section, after the PE Format specification. Valid,
 * harmless, and the same bytes at each call.
 */
export function sampleProgram(): Buffer {
  const image = Buffer.alloc(headerSize + 0x200)
  image.write('MZ', 0, 'latin1')
  image.writeUInt32LE(0x80, 0x3c)
  image.write('PE\0\0', 0x80, 'latin1')
  writeCoffHeader(image, 0x84)
  writeOptionalHeader(image, 0x98)
  writeSectionHeader(image, 0x98 + 240)
  code.copy(image, headerSize)
  return image
}

function writeCoffHeader(image: Buffer, at: number): void {
  image.writeUInt16LE(0x8664, at) // Machine: x64
  image.writeUInt16LE(1, at + 2) // NumberOfSections
  image.writeUInt16LE(240, at + 16) // SizeOfOptionalHeader
  image.writeUInt16LE(0x22, at + 18) // EXECUTABLE_IMAGE | LARGE_ADDRESS_AWARE
}

function writeOptionalHeader(image: Buffer, at: number): void {
  image.writeUInt16LE(0x20b, at) // PE32+
  image.writeUInt32LE(0x200, at + 4) // SizeOfCode
  image.writeUInt32LE(entryPoint, at + 16)
  image.writeUInt32LE(sectionAlignment, at + 20) // BaseOfCode
  image.writeBigUInt64LE(0x1_4000_0000n, at + 24) // ImageBase
  image.writeUInt32LE(sectionAlignment, at + 32)
  image.writeUInt32LE(0x200, at + 36) // FileAlignment
  image.writeUInt16LE(6, at + 40) // MajorOperatingSystemVersion
  image.writeUInt16LE(6, at + 48) // MajorSubsystemVersion
  image.writeUInt32LE(2 * sectionAlignment, at + 56) // SizeOfImage
  image.writeUInt32LE(headerSize, at + 60)
  image.writeUInt16LE(3, at + 68) // Subsystem: console
  image.writeUInt16LE(0x0100, at + 70) // NX_COMPAT
  for (const [offset, size] of [
    [72, 0x10_0000],
    [80, 0x1000],
    [88, 0x10_0000],
    [96, 0x1000],
  ] as const)
    image.writeBigUInt64LE(BigInt(size), at + offset) // stack and heap, reserved and committed
  image.writeUInt32LE(16, at + 108) // NumberOfRvaAndSizes
}

function writeSectionHeader(image: Buffer, at: number): void {
  image.write('.text\0\0\0', at, 'latin1')
  image.writeUInt32LE(code.length, at + 8) // VirtualSize
  image.writeUInt32LE(sectionAlignment, at + 12)
  image.writeUInt32LE(0x200, at + 16) // SizeOfRawData
  image.writeUInt32LE(headerSize, at + 20) // PointerToRawData
  image.writeUInt32LE(0x6000_0020, at + 36) // code, execute, read
}
