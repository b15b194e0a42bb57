import type { SeededRandom } from '../../support/seeded-random.ts'

/** Values at which code that counts bytes changes its mind. */
export const interestingNumbers: readonly number[] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 40, 63, 64, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x1ff, 0x200],
  ...[0x201, 0x3ff, 0x400, 0xfff, 0x1000, 0x1001, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000],
  ...[0xfffffff7, 0xfffffff8, 0xfffffffc, 0xffffffff],
]

/** Changes bytes without knowing what they mean: bits, values, pieces that are cut, doubled, moved or put in. */
export function mutateBytes(input: Buffer, random: SeededRandom): Buffer {
  const at = random.below(input.length + 1)
  const length = random.oneOf([1, 2, 4, 8, 1 + random.below(32), 1 + random.below(Math.max(input.length, 1))])
  const piece = input.subarray(at, at + length)
  switch (random.below(7)) {
    case 0:
      return changed(input, at, (byte) => byte ^ (1 << random.below(8)))
    case 1:
      return changed(input, at, () => random.below(256))
    case 2:
      return changed(input, at, () => random.oneOf([0, 0x1f, 0x30, 0x31, 0x7f, 0x80, 0x84, 0xa0, 0xff]))
    case 3:
      return Buffer.concat([input.subarray(0, at), input.subarray(at + length)])
    case 4:
      return Buffer.concat([input.subarray(0, at), piece, input.subarray(at)])
    case 5:
      return Buffer.concat([input.subarray(0, at), randomBytes(1 + random.below(16), random), input.subarray(at)])
    default: {
      const moved = Buffer.from(input)
      piece.copy(moved, random.below(input.length + 1))
      return moved
    }
  }
}

/** So many bytes of any value. */
export function randomBytes(length: number, random: SeededRandom): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)))
}

function changed(input: Buffer, at: number, change: (byte: number) => number): Buffer {
  const output = Buffer.from(input)
  const place = Math.min(at, output.length - 1)
  if (place >= 0) output[place] = change(output[place] as number)
  return output
}
