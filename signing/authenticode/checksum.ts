import { endianness } from 'node:os'

/**
 * The CheckSum of a PE file: the one's complement sum of its 16-bit little-endian words, the field itself counted as
 * zero, plus the file's length (as `CheckSumMappedFile` of imagehlp.dll computes it).
 */
export interface PeChecksum {
  /** Takes bytes at any place of the file; the order does not matter, only where each byte is. */
  add(offset: number, bytes: Uint8Array): void
  /** The sum so far, for another one to go on from. */
  sum(): number
  /** The checksum of a file of `size` bytes. */
  finish(size: number): number
}

/** At most this many 32-bit words are added before folding: four sums of 2^18 words each stay exact in a double. */
const wordsAtOnce = 1 << 20

/** Starts a sum: an empty one, or one that goes on from what another has summed. */
export function startChecksum(from = 0): PeChecksum {
  const littleEndian = endianness() === 'LE'
  // A sum modulo 0xffff in which 0 is only the sum of nothing: 2^16 and 2^32 are both 1 there, so words of 32 bits add
  // up to the same as their halves.
  let sum = from
  return {
    sum: () => sum,
    add(offset, bytes) {
      const aligned = littleEndian && offset % 4 === 0 && bytes.byteOffset % 4 === 0
      const wholeWords = aligned ? Math.floor(bytes.length / 4) : 0
      const words = aligned ? new Uint32Array(bytes.buffer, bytes.byteOffset, wholeWords) : new Uint32Array(0)
      for (let at = 0; at < wholeWords; at += wordsAtOnce)
        sum = fold(sum + sumWords(words, at, Math.min(at + wordsAtOnce, wholeWords)))
      for (let at = wholeWords * 4; at < bytes.length; at++) {
        const octet = bytes[at] ?? 0
        sum = fold(sum + ((offset + at) % 2 === 0 ? octet : octet * 256))
      }
    },
    finish(size) {
      return (sum + size) % 0x100000000
    },
  }
}

function sumWords(words: Uint32Array, start: number, end: number): number {
  let first = 0
  let second = 0
  let third = 0
  let fourth = 0
  let at = start
  for (; at + 8 <= end; at += 8) {
    first += (words[at] as number) + (words[at + 4] as number)
    second += (words[at + 1] as number) + (words[at + 5] as number)
    third += (words[at + 2] as number) + (words[at + 6] as number)
    fourth += (words[at + 3] as number) + (words[at + 7] as number)
  }
  for (; at < end; at++) first += words[at] as number
  return first + second + third + fourth
}

function fold(value: number): number {
  let folded = value
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000)
  return folded
}
