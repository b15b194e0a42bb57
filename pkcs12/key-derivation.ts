import { hash as digestOf, pbkdf2 } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Pkcs12Error } from './pkcs12-error.ts'

/** A hash function, as node:crypto names it. */
export type HashName = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'

/** Output length, and length of the blocks that are hashed, in bytes (FIPS 180-4). */
const sizes: Readonly<Record<HashName, { readonly digest: number; readonly block: number }>> = {
  sha1: { digest: 20, block: 64 },
  sha224: { digest: 28, block: 64 },
  sha256: { digest: 32, block: 64 },
  sha384: { digest: 48, block: 128 },
  sha512: { digest: 64, block: 128 },
}

/** What a key is derived for (RFC 7292 appendix B.3). */
export type Purpose = 'encryption' | 'iv' | 'mac'

const diversifiers: Readonly<Record<Purpose, number>> = { encryption: 1, iv: 2, mac: 3 }

/**
 * How much work a file may ask for in all: the file names the iterations, and would otherwise decide how long it takes.
 * PBKDF2 takes about 0.4 µs for each, and the older function about 1 µs.
 */
const mostIterations = 10_000_000

/** Keys from one password. Counts the iterations that a file asks for. */
export class KeyDerivation {
  readonly #password: string
  #iterations = 0

  constructor(password: string) {
    this.#password = password
  }

  /**
   * PBKDF2 (RFC 8018 §5.2) with HMAC; the password as UTF-8.
   *
   * @throws Pkcs12Error `PFX_ITERATIONS_EXCEEDED`
   */
  async pbkdf2(salt: Uint8Array, iterations: number, length: number, hash: HashName): Promise<Buffer> {
    this.#count(iterations)
    const password = Buffer.from(this.#password, 'utf8')
    try {
      return await promisify(pbkdf2)(password, salt, iterations, length, hash)
    } finally {
      password.fill(0)
    }
  }

  /**
   * The key derivation of PKCS #12 (RFC 7292 appendix B.2), with the password as BMPString with two zero octets behind it.
   *
   * @throws Pkcs12Error `PFX_ITERATIONS_EXCEEDED`
   */
  async pkcs12(
    salt: Uint8Array,
    iterations: number,
    { length, hash, purpose }: { length: number; hash: HashName; purpose: Purpose },
  ): Promise<Buffer> {
    const { digest, block } = sizes[hash]
    const rounds = Math.ceil(length / digest)
    this.#count(iterations * rounds)
    const text = bmpString(this.#password)
    const input = Buffer.concat([filled(salt, block), filled(text, block)])
    const first = Buffer.alloc(block, diversifiers[purpose])
    const derived = Buffer.alloc(rounds * digest)
    for (let round = 0; round < rounds; round++) {
      let hashed = digestOf(hash, Buffer.concat([first, input]), 'buffer')
      for (let iteration = 1; iteration < iterations; iteration++) {
        hashed = digestOf(hash, hashed, 'buffer')
        if (iteration % 20_000 === 0) await setImmediate()
      }
      hashed.copy(derived, round * digest)
      const increment = filled(hashed, block)
      for (let at = 0; at < input.length; at += block) addPlusOne(input.subarray(at, at + block), increment)
    }
    text.fill(0)
    input.fill(0)
    return derived.subarray(0, length)
  }

  #count(iterations: number): void {
    this.#iterations += iterations
    if (iterations < 1 || this.#iterations > mostIterations)
      throw new Pkcs12Error(
        'PFX_ITERATIONS_EXCEEDED',
        `The PKCS #12 file asks for ${this.#iterations} iterations to derive its keys; from 1 to ${mostIterations} are made. Export it again with fewer.`,
      )
  }
}

/** So many whole blocks of repetitions as the text takes; none for an empty text. */
function filled(text: Uint8Array, block: number): Buffer {
  return Buffer.alloc(Math.ceil(text.length / block) * block, text.length === 0 ? 0 : text)
}

/** Adds another number of the same length and one, modulo its size, most significant octet first. */
function addPlusOne(number: Buffer, other: Buffer): void {
  let carry = 1
  for (let at = number.length - 1; at >= 0; at--) {
    const sum = (number[at] ?? 0) + (other[at] ?? 0) + carry
    number[at] = sum & 0xff
    carry = sum >> 8
  }
}

/** UTF-16, most significant octet first, with two zero octets behind it (RFC 7292 appendix B.1). */
function bmpString(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le').swap16()
}
