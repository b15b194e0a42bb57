/** RFC 2268 §2: a permutation of 0 to 255 that comes from the digits of π. */
const permutation = Buffer.from(
  [
    'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2',
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82',
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626',
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7',
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec',
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731',
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9',
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  ].join(''),
  'hex',
)

/** By how many bits each of the four words of a block is rotated. */
const rotations = [1, 2, 3, 5] as const

/** Mixing rounds between the mashing rounds (RFC 2268 §4). */
const mixings = [5, 6, 5] as const

/**
 * Decrypts RC2 in CBC mode (RFC 2268) and takes the padding off (RFC 8018 §6.1.1). Node has it in OpenSSL's legacy provider
 * only, which is not loaded; old programs protect the certificates of PKCS #12 files with it.
 *
 * @param key whose whole length is effective
 * @returns `undefined` when it does not end in a padding: the key is another one
 */
export function decryptRc2(key: Uint8Array, iv: Uint8Array, encrypted: Uint8Array): Buffer | undefined {
  if (encrypted.length === 0 || encrypted.length % 8 !== 0) return undefined
  const words = expandKey(key)
  const input = Buffer.from(encrypted)
  const output = Buffer.alloc(input.length)
  let before = Buffer.from(iv)
  for (let at = 0; at < input.length; at += 8) {
    const block = input.subarray(at, at + 8)
    decryptBlock(words, block, output.subarray(at, at + 8))
    for (let index = 0; index < 8; index++) output[at + index] = (output[at + index] ?? 0) ^ (before[index] ?? 0)
    before = block
  }
  const padding = output.at(-1) ?? 0
  const isPadded = padding >= 1 && padding <= 8 && output.subarray(-padding).every((octet) => octet === padding)
  return isPadded ? output.subarray(0, -padding) : undefined
}

/** RFC 2268 §2. */
function expandKey(key: Uint8Array): Uint16Array {
  const bytes = Buffer.alloc(128)
  bytes.set(key)
  const permuted = (index: number) => permutation[index & 0xff] ?? 0
  for (let at = key.length; at < 128; at++) bytes[at] = permuted((bytes[at - 1] ?? 0) + (bytes[at - key.length] ?? 0))
  bytes[128 - key.length] = permuted(bytes[128 - key.length] ?? 0)
  for (let at = 127 - key.length; at >= 0; at--)
    bytes[at] = permuted((bytes[at + 1] ?? 0) ^ (bytes[at + key.length] ?? 0))
  return Uint16Array.from({ length: 64 }, (_, index) => bytes.readUInt16LE(2 * index))
}

/** RFC 2268 §4. */
function decryptBlock(key: Uint16Array, block: Buffer, output: Buffer): void {
  const words = Uint16Array.from({ length: 4 }, (_, index) => block.readUInt16LE(2 * index))
  const word = (index: number) => words[(index + 4) & 3] ?? 0
  let next = 63
  mixings.forEach((rounds, index) => {
    if (index > 0) for (let at = 3; at >= 0; at--) words[at] = word(at) - (key[word(at - 1) & 63] ?? 0)
    for (let round = 0; round < rounds; round++)
      for (let at = 3; at >= 0; at--) {
        const by = rotations[at] ?? 0
        const rotated = (word(at) >> by) | (word(at) << (16 - by))
        const [a, b, c] = [word(at - 1), word(at - 2), word(at - 3)]
        words[at] = rotated - (key[next--] ?? 0) - (a & b) - (~a & c)
      }
  })
  for (const [index, value] of words.entries()) output.writeUInt16LE(value, 2 * index)
}
