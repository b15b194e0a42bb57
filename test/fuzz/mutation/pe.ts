import type { SeededRandom } from '../../support/seeded-random.ts'
import { interestingNumbers, mutateBytes, randomBytes } from './bytes.ts'
import { mutateDer } from './der.ts'

/** A signed file in its parts. */
interface SignedParts {
  /** Everything before the certificate table. */
  readonly image: Buffer
  /** The content of the one WIN_CERTIFICATE, without its padding. */
  readonly signature: Buffer
}

/** Changes a program's headers: one to three fields get a value that something could stumble over. */
export function mutateHeaders(input: Buffer, random: SeededRandom): Buffer {
  const output = Buffer.from(input)
  const fields = headerFields(input).filter(({ at, width }) => at + width <= input.length)
  for (let times = 1 + random.below(3); times > 0; times--) {
    const { at, width } = random.oneOf(fields)
    const before = output.readUIntLE(at, width)
    const distance = random.oneOf([1, 2, 4, 8, 0x28, 0x200, 0x1000, 1 + random.below(0x400)])
    const value = random.oneOf([
      random.oneOf(interestingNumbers),
      before + distance,
      before - distance,
      before ^ (1 << random.below(width * 8)),
      random.below(input.length + 0x400),
      input.length - random.oneOf([0, 1, 4, 8, 16]),
    ])
    output.writeUIntLE((value >>> 0) % 2 ** (width * 8), at, width)
  }
  return output
}

/** Changes a signed file in one of the ways in which files lie about their signature. The checksum is mostly set right. */
export function mutateSigned(input: Buffer, random: SeededRandom): Buffer {
  const parts = splitSigned(input)
  const output = random.oneOf([
    () => joinSigned(parts.image, mutateDer(parts.signature, random)),
    () => joinSigned(parts.image, mutateDer(parts.signature, random)),
    () => joinSigned(parts.image, mutateDer(parts.signature, random)),
    () => mutateTable(parts, random),
    () => mutateTable(parts, random),
    () => mutateHeaders(input, random),
    () => mutateBytes(input, random),
    () => joinSigned(parts.image, mutateBytes(parts.signature, random)),
  ])()
  if (random.below(10) > 0) fixChecksum(output)
  return output
}

/** Takes a file with one WIN_CERTIFICATE apart. */
export function splitSigned(bytes: Buffer): SignedParts {
  const table = bytes.readUInt32LE(certificateEntry(bytes))
  // The signature is one DER element; its length has two octets or more.
  const octets = (bytes[table + 9] as number) & 0x7f
  const length = 2 + octets + bytes.readUIntBE(table + 10, octets)
  return { image: bytes.subarray(0, table), signature: bytes.subarray(table + 8, table + 8 + length) }
}

/** Puts a signature behind an image as the format asks; the checksum is still the old one. */
export function joinSigned(image: Buffer, signature: Buffer): Buffer {
  return withTable(image, winCertificate(signature))
}

/** Table and entries: lengths that are too small or too large, padding, bytes behind, further entries, other types. */
function mutateTable({ image, signature }: SignedParts, random: SeededRandom): Buffer {
  const table = winCertificate(signature)
  const other = random.oneOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 24, 64])
  switch (random.below(8)) {
    case 0:
      table.writeUInt32LE(
        random.oneOf([table.length - other, table.length + other, random.oneOf(interestingNumbers)]) >>> 0,
        0,
      )
      return withTable(image, table)
    case 1:
      table.writeUInt32LE(8 + signature.length, 0)
      return withTable(image, table)
    case 2:
      table.writeUInt16LE(random.oneOf([0, 1, 2, 3, 0x100, 0x200, 0x300, random.below(0x10000)]), random.oneOf([4, 6]))
      return withTable(image, table)
    case 3: {
      // Bytes behind the signature, counted in or not.
      const more = random.oneOf([Buffer.alloc(other), randomBytes(other, random)])
      const longer = Buffer.concat([table, more])
      if (random.below(2) === 0) longer.writeUInt32LE(longer.length, 0)
      return withTable(image, longer)
    }
    case 4: {
      // The padding is not zero; where there is none, the last bytes of the signature change.
      table[table.length - 1 - random.below(7)] = random.below(256)
      return withTable(image, table)
    }
    case 5:
      return withTable(
        image,
        Buffer.concat(
          random.oneOf([
            [table, table],
            [winCertificate(randomBytes(other, random)), table],
          ]),
        ),
      )
    case 6: {
      const whole = withTable(image, table)
      whole.writeUInt32LE((image.length + random.oneOf([-8, -4, 4, 8, other])) >>> 0, certificateEntry(whole))
      return whole
    }
    default: {
      const whole = withTable(image, table)
      whole.writeUInt32LE(
        (table.length + random.oneOf([-8, -4, -1, 1, 4, 8, other])) >>> 0,
        certificateEntry(whole) + 4,
      )
      return random.oneOf([whole, Buffer.concat([whole, Buffer.alloc(other)]), whole.subarray(0, -other)])
    }
  }
}

function winCertificate(signature: Buffer): Buffer {
  const table = Buffer.alloc(Math.ceil((8 + signature.length) / 8) * 8)
  table.writeUInt32LE(table.length, 0)
  table.writeUInt32LE(0x0002_0200, 4)
  signature.copy(table, 8)
  return table
}

function withTable(image: Buffer, table: Buffer): Buffer {
  const whole = Buffer.concat([image, table])
  const entry = certificateEntry(whole)
  whole.writeUInt32LE(image.length, entry)
  whole.writeUInt32LE(table.length, entry + 4)
  return whole
}

/** Sets the CheckSum of a file right, where its headers still say where that is. */
export function fixChecksum(bytes: Buffer): void {
  const at = bytes.length < 64 ? bytes.length : bytes.readUInt32LE(0x3c) + 24 + 64
  if (at + 4 > bytes.length || at % 2 !== 0) return
  bytes.writeUInt32LE(0, at)
  let sum = 0
  for (let word = 0; word + 1 < bytes.length; word += 2) sum += bytes.readUInt16LE(word)
  if (bytes.length % 2 === 1) sum += bytes[bytes.length - 1] as number
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  bytes.writeUInt32LE(sum + bytes.length, at)
}

function certificateEntry(bytes: Buffer): number {
  const optional = bytes.readUInt32LE(0x3c) + 24
  return optional + (bytes.readUInt16LE(optional) === 0x10b ? 96 : 112) + 32
}

/** The fields that signing, verifying or loading depend on, the certificate entry more often than the others. */
function headerFields(bytes: Buffer): readonly { readonly at: number; readonly width: 2 | 4 }[] {
  const pe = bytes.readUInt32LE(0x3c)
  const optional = pe + 24
  const directories = certificateEntry(bytes) - 32
  const sections = optional + bytes.readUInt16LE(pe + 20)
  const two = [pe + 4, pe + 6, pe + 20, pe + 22, optional, optional + 68].map((at) => ({ at, width: 2 as const }))
  const four = [
    ...[0x3c, optional + 32, optional + 36, optional + 56, optional + 60, optional + 64, directories - 4],
    ...[directories + 32, directories + 36, directories + 32, directories + 36],
    ...Array.from({ length: bytes.readUInt16LE(pe + 6) }, (_, index) => sections + index * 40).flatMap((at) =>
      [8, 12, 16, 20].map((field) => at + field),
    ),
  ].map((at) => ({ at, width: 4 as const }))
  return [...two, ...four]
}
