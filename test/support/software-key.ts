import {
  constants,
  createECDH,
  createHash,
  createPublicKey,
  type KeyObject,
  privateEncrypt,
  randomBytes,
} from 'node:crypto'
import type { HashAlgorithm, KeyAlgorithm, SignableHash } from '../../domain/index.ts'
import type { HashSigningKey, SigningKey } from '../../signing/signing-key.ts'

const digestInfoPrefixes = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
} as const satisfies Record<HashAlgorithm, string>

/** Order of the base point (FIPS 186-5, SP 800-186 §3.2.1). */
const curves = {
  'ec-p256': {
    name: 'prime256v1',
    bits: 256,
    order: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  },
  'ec-p384': {
    name: 'secp384r1',
    bits: 384,
    order: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  },
  'ec-p521': {
    name: 'secp521r1',
    bits: 521,
    order:
      '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
  },
} as const

/** A SigningKey over a private key in memory, for tests: it signs digests, as a token does; hashes by RSASSA-PSS alone. */
export function softwareKey(algorithm: KeyAlgorithm, key: KeyObject): SigningKey & HashSigningKey {
  const signDigest =
    algorithm === 'ec-p256' || algorithm === 'ec-p384' || algorithm === 'ec-p521'
      ? ecdsaSigner(curves[algorithm], key)
      : rsaSigner(key)
  return {
    algorithm,
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }),
    async sign(hash, digest, before) {
      await before?.()
      return signDigest(hash, digest)
    },
    async signHashes(mechanism, digests, { before } = {}) {
      if (mechanism.scheme !== 'pss') throw new Error('A key in memory signs hashes by RSASSA-PSS alone.')
      await before?.()
      return digests.map((digest) => pssSignature(key, mechanism.hash, digest))
    },
  }
}

/** RSASSA-PSS of a digest, its salt as long (RFC 8017 §8.1.1, §9.1.1); the modulus has whole bytes. */
function pssSignature(key: KeyObject, hash: SignableHash, digest: Uint8Array): Uint8Array {
  const length = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8
  const salt = randomBytes(digest.length)
  const final = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest()
  const block = Buffer.concat([Buffer.alloc(length - 2 * digest.length - 2), Buffer.from([1]), salt])
  for (let counter = 0, at = 0; at < block.length; counter += 1) {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(counter)
    for (const octet of createHash(hash).update(final).update(number).digest()) {
      if (at < block.length) block[at] = (block[at] ?? 0) ^ octet
      at += 1
    }
  }
  block[0] = (block[0] ?? 0) & 0x7f
  const encoded = Buffer.concat([block, final, Buffer.from([0xbc])])
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded)
}

function rsaSigner(key: KeyObject) {
  return (hash: HashAlgorithm, digest: Uint8Array): Uint8Array =>
    privateEncrypt(
      { key, padding: constants.RSA_PKCS1_PADDING },
      Buffer.concat([Buffer.from(digestInfoPrefixes[hash], 'hex'), digest]),
    )
}

/** node:crypto signs messages only, so this computes ECDSA on a digest itself (FIPS 186-5 §6.4.1). */
function ecdsaSigner({ name, bits, order }: { name: string; bits: number; order: string }, key: KeyObject) {
  const n = BigInt(`0x${order}`)
  const d = fromBytes(Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url'))
  const size = Math.ceil(bits / 8)
  return (_hash: HashAlgorithm, digest: Uint8Array): Uint8Array => {
    const excess = Math.max(digest.length * 8 - bits, 0)
    const z = fromBytes(digest) >> BigInt(excess)
    const ephemeral = createECDH(name)
    const point = ephemeral.generateKeys()
    const k = fromBytes(ephemeral.getPrivateKey())
    const r = fromBytes(point.subarray(1, 1 + size)) % n
    const s = (inverse(k, n) * ((z + r * d) % n)) % n
    const body = Buffer.concat([derInteger(r), derInteger(s)])
    return Buffer.concat([Buffer.from(body.length < 128 ? [0x30, body.length] : [0x30, 0x81, body.length]), body])
  }
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, t0, t1] = [modulus, value % modulus, 0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1, t0, t1] = [r1, r0 - quotient * r1, t1, t0 - quotient * t1]
  }
  return ((t0 % modulus) + modulus) % modulus
}

function fromBytes(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function derInteger(value: bigint): Buffer {
  let hex = value.toString(16)
  if (hex.length % 2 === 1) hex = `0${hex}`
  if (Number.parseInt(hex.slice(0, 2), 16) >= 0x80) hex = `00${hex}`
  return Buffer.concat([Buffer.from([0x02, hex.length / 2]), Buffer.from(hex, 'hex')])
}
