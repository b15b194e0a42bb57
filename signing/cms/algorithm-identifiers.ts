import type { HashAlgorithm, KeyAlgorithm } from '../../domain/index.ts'
import type { DerReader } from './der-reader.ts'
import * as der from './der-writer.ts'
import { objectIdentifiers } from './object-identifiers.ts'

/** What a signature algorithm identifier says: the kind of key, and the hash where the identifier names one. */
export interface SignatureScheme {
  readonly keyType: 'rsa' | 'ec'
  readonly hash?: HashAlgorithm
  /** RSASSA-PSS, with the same hash in MGF1 and a salt as long as the hash; RSASSA-PKCS1-v1_5 when it is left out. */
  readonly padding?: 'pss'
}

const ecdsa = {
  sha256: objectIdentifiers.ecdsaWithSha256,
  sha384: objectIdentifiers.ecdsaWithSha384,
  sha512: objectIdentifiers.ecdsaWithSha512,
} as const satisfies Record<HashAlgorithm, string>

const hashes: ReadonlyMap<string, HashAlgorithm> = new Map([
  [objectIdentifiers.sha256, 'sha256'],
  [objectIdentifiers.sha384, 'sha384'],
  [objectIdentifiers.sha512, 'sha512'],
])

const schemes: ReadonlyMap<string, SignatureScheme> = new Map([
  [objectIdentifiers.rsaEncryption, { keyType: 'rsa' }],
  [objectIdentifiers.sha256WithRsa, { keyType: 'rsa', hash: 'sha256' }],
  [objectIdentifiers.sha384WithRsa, { keyType: 'rsa', hash: 'sha384' }],
  [objectIdentifiers.sha512WithRsa, { keyType: 'rsa', hash: 'sha512' }],
  [objectIdentifiers.ecPublicKey, { keyType: 'ec' }],
  [objectIdentifiers.ecdsaWithSha256, { keyType: 'ec', hash: 'sha256' }],
  [objectIdentifiers.ecdsaWithSha384, { keyType: 'ec', hash: 'sha384' }],
  [objectIdentifiers.ecdsaWithSha512, { keyType: 'ec', hash: 'sha512' }],
])

/** Length of a hash's output in bytes (FIPS 180-4). */
export const hashLengths = { sha256: 32, sha384: 48, sha512: 64 } as const satisfies Record<HashAlgorithm, number>

/**
 * AlgorithmIdentifier of a hash, with NULL parameters: RFC 5754 §2 lets them be absent, but Windows and every signer
 * of Authenticode write them.
 */
export function encodeDigestAlgorithm(hash: HashAlgorithm): Uint8Array {
  return der.sequence(der.objectIdentifier(objectIdentifiers[hash]), der.nullValue())
}

/**
 * AlgorithmIdentifier of a signature: `rsaEncryption` with NULL for RSASSA-PKCS1-v1_5 (RFC 5652 §10.1.2, as Windows
 * writes it), `ecdsa-with-SHA…` without parameters for ECDSA (RFC 5754 §3.3). Of RSASSA-PSS hash, mask and length of the salt
 * are all written, since what is left out means SHA-1 and 20 bytes (RFC 4055 §3.1).
 */
export function encodeSignatureAlgorithm(key: KeyAlgorithm, hash: HashAlgorithm, padding?: 'pss'): Uint8Array {
  if (padding === 'pss') {
    const digest = encodeDigestAlgorithm(hash)
    const mask = der.sequence(der.objectIdentifier(objectIdentifiers.maskGeneration1), digest)
    const salt = der.integer(hashLengths[hash])
    const parameters = der.sequence(der.context(0, digest), der.context(1, mask), der.context(2, salt))
    return der.sequence(der.objectIdentifier(objectIdentifiers.rsaPss), parameters)
  }
  return key.startsWith('rsa-')
    ? der.sequence(der.objectIdentifier(objectIdentifiers.rsaEncryption), der.nullValue())
    : der.sequence(der.objectIdentifier(ecdsa[hash]))
}

/** Takes the AlgorithmIdentifier of a SHA-2 hash; `undefined` when it names another algorithm. */
export function takeDigestAlgorithm(reader: DerReader, what: string): HashAlgorithm | undefined {
  return hashes.get(takeAlgorithm(reader, what))
}

/** Takes the AlgorithmIdentifier of a signature; `undefined` when it is neither RSASSA-PKCS1-v1_5 nor ECDSA with SHA-2. */
export function takeSignatureAlgorithm(reader: DerReader, what: string): SignatureScheme | undefined {
  return schemes.get(takeAlgorithm(reader, what))
}

/**
 * Takes the AlgorithmIdentifier of a signature as {@link takeSignatureAlgorithm} does, or of RSASSA-PSS when hash, mask and a salt as long
 * as the hash are all stated (RFC 4055 §3.1).
 */
export function takeSignatureAlgorithmOrPss(reader: DerReader, what: string): SignatureScheme | undefined {
  const element = reader.take(0x30, what)
  const algorithm = reader.inside(element)
  if (algorithm.objectIdentifier(what) !== objectIdentifiers.rsaPss)
    return takeSignatureAlgorithm(reader.around(element), what)
  const parameters = algorithm.enter(0x30, `parameters of ${what}`)
  algorithm.end(what)
  const stated = parameters.enter(0xa0, `the hash of ${what}`)
  const hash = takeDigestAlgorithm(stated, `the hash of ${what}`)
  stated.end(`the hash of ${what}`)
  const generation = parameters.enter(0xa1, `the mask of ${what}`)
  const mask = generation.enter(0x30, `the mask of ${what}`)
  generation.end(`the mask of ${what}`)
  const isMgf1 = mask.objectIdentifier(`the mask of ${what}`) === objectIdentifiers.maskGeneration1
  const maskHash = takeDigestAlgorithm(mask, `the hash of the mask of ${what}`)
  mask.end(`the mask of ${what}`)
  const saltLength = parameters.enter(0xa2, `the salt of ${what}`)
  const salt = saltLength.smallInteger(`the salt of ${what}`)
  saltLength.end(`the salt of ${what}`)
  parameters.end(`parameters of ${what}`)
  if (hash === undefined || !isMgf1 || maskHash !== hash || salt !== hashLengths[hash]) return undefined
  return { keyType: 'rsa', hash, padding: 'pss' }
}

/** Of the algorithms that this project takes none has parameters but NULL, so anything else names a foreign one. */
function takeAlgorithm(reader: DerReader, what: string): string {
  const algorithm = reader.enter(0x30, what)
  const identifier = algorithm.objectIdentifier(`algorithm of ${what}`)
  if (algorithm.nextIs(0x05)) {
    const parameters = algorithm.take(0x05, `parameters of ${what}`)
    if (parameters.content.length > 0) throw algorithm.fault(`NULL parameters of ${what} must be empty`)
  } else if (algorithm.hasMore()) {
    return `${identifier} with parameters`
  }
  algorithm.end(what)
  return identifier
}
