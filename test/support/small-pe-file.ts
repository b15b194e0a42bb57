/**
 * A small, well-formed PE32+ program (Microsoft PE/COFF specification): headers and one section, nothing that runs.
 *
 * @param content what the section holds
 */
export function smallPeFile(content: Uint8Array): Buffer {
  const headers = Buffer.alloc(0x400)
  const sectionSize = Math.ceil(Math.max(content.length, 1) / 0x200) * 0x200
  headers.write('MZ', 0, 'latin1')
  headers.writeUInt32LE(peOffset, 0x3c)
  headers.write('PE\0\0', peOffset, 'latin1')
  headers.writeUInt16LE(0x8664, peOffset + 4)
  headers.writeUInt16LE(1, peOffset + 6)
  headers.writeUInt16LE(optionalSize, peOffset + 20)
  headers.writeUInt16LE(0x22, peOffset + 22)
  const optional = peOffset + 24
  headers.writeUInt16LE(0x20b, optional)
  headers.writeUInt32LE(sectionSize, optional + 4)
  headers.writeUInt32LE(0x1000, optional + 16)
  headers.writeUInt32LE(0x1000, optional + 20)
  headers.writeBigUInt64LE(0x140000000n, optional + 24)
  headers.writeUInt32LE(0x1000, optional + 32)
  headers.writeUInt32LE(0x200, optional + 36)
  headers.writeUInt16LE(6, optional + 48)
  headers.writeUInt32LE(0x1000 + Math.ceil(sectionSize / 0x1000) * 0x1000, optional + 56)
  headers.writeUInt32LE(headers.length, optional + 60)
  headers.writeUInt16LE(3, optional + 68)
  headers.writeUInt32LE(16, optional + 108)
  const section = optional + optionalSize
  headers.write('.text', section, 'latin1')
  headers.writeUInt32LE(sectionSize, section + 8)
  headers.writeUInt32LE(0x1000, section + 12)
  headers.writeUInt32LE(sectionSize, section + 16)
  headers.writeUInt32LE(headers.length, section + 20)
  headers.writeUInt32LE(0x60000020, section + 36)
  const body = Buffer.alloc(sectionSize)
  body.set(content)
  return Buffer.concat([headers, body])
}

const peOffset = 0x80
const optionalSize = 240
