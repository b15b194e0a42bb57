import { createHash } from 'node:crypto'

/**
 * The SHA-256 digest that firmware computes of a signed EFI image: as `HashPeImage` of EDK II's DxeImageVerificationLib
 * does it, step by step, section by section. Nothing of it is shared with the service.
 */
export function firmwareDigest(image: Buffer): Buffer {
  const hash = createHash('sha256')
  const header = image.readUInt32LE(0x3c)
  const optional = header + 24
  const isPe32 = image.readUInt16LE(optional) === 0x10b
  const checkSum = optional + 64
  const security = optional + (isPe32 ? 96 : 112) + 4 * 8
  const sizeOfHeaders = image.readUInt32LE(optional + 60)
  const certificateSize = image.readUInt32LE(security + 4)
  hash.update(image.subarray(0, checkSum))
  hash.update(image.subarray(checkSum + 4, security))
  hash.update(image.subarray(security + 8, sizeOfHeaders))
  let sumOfBytesHashed = sizeOfHeaders
  const table = optional + image.readUInt16LE(header + 20)
  const sections = Array.from({ length: image.readUInt16LE(header + 6) }, (_, index) => table + index * 40)
    .map((at) => ({ size: image.readUInt32LE(at + 16), start: image.readUInt32LE(at + 20) }))
    .toSorted((one, other) => one.start - other.start)
  for (const { size, start } of sections) {
    if (size === 0) continue
    hash.update(image.subarray(start, start + size))
    sumOfBytesHashed += size
  }
  hash.update(image.subarray(sumOfBytesHashed, image.length - certificateSize))
  return hash.digest()
}
