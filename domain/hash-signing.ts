import type { HashAlgorithm, KeyAlgorithm } from './algorithms.ts'
import { Refusal } from './refusal.ts'
import type { SigningPolicySettings } from './signing-policy/events.ts'
import type { HashPayload, Source } from './signing-request/source.ts'

/** How hashes are to be signed, and which: what the log says of a source of the kind `hashPayload`. */
export type HashesToSign = HashPayload['details']

/** The hashes that a source brings to be signed; `undefined` of one that brings a file. */
export function hashesOf({ kind, details }: Source): HashesToSign | undefined {
  return kind === 'hashPayload' ? (details as HashesToSign) : undefined
}

/** Whether a file that begins so may be a document that asks for signatures of hashes: an object of JSON. Nothing may be one. */
export function mayBeHashDocument(firstBytes: Uint8Array): boolean {
  return /^\uFEFF?\s*(?:\{|$)/.test(new TextDecoder('utf-8', { ignoreBOM: true }).decode(firstBytes.subarray(0, 100)))
}

/** A hash algorithm that a signature of a hash can name. SHA-1 only here, where it is asked for by name. */
export type SignableHash = HashAlgorithm | 'sha1'

/** The most hashes that one request signs. */
export const maximumHashes = 4_096

/** Output lengths in bytes (FIPS 180-4). */
const hashLengths: Readonly<Record<SignableHash, number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 }

/** Hash algorithms by their object identifiers, as payloads name them. */
export const hashAlgorithmOids: ReadonlyMap<string, SignableHash> = new Map([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])

/** The object identifier of a hash algorithm. */
export function oidOfHash(hash: SignableHash): string {
  for (const [oid, name] of hashAlgorithmOids) if (name === hash) return oid
  throw new Error(`The hash algorithm ${hash} has no object identifier.`)
}

/** ECDSA names no hash algorithm: a hash may have the length of one that is strong, and counts with its leftmost bits. */
const ecdsaLengths: readonly number[] = [32, 48, 64]

/**
 * What every request to sign hashes must be, before anything is asked of a token: RSA names its hash algorithm and each hash
 * has its length; ECDSA names none.
 *
 * @throws Refusal `HASH_PAYLOAD_MALFORMED`, `HASH_LENGTH_WRONG`
 */
export function checkHashes({ signatureAlgorithm, hashAlgorithm, signatureFormat, hashes }: HashesToSign): void {
  const isEcdsa = signatureAlgorithm === 'Ecdsa'
  if (isEcdsa && hashAlgorithm !== null)
    throw malformed('ECDSA names no hash algorithm: leave RsaHashAlgorithm out.', 'RsaHashAlgorithm')
  if (isEcdsa && signatureFormat === null)
    throw malformed('ECDSA needs a signature format: Ieee or Asn1.', 'EcdsaSignatureFormat')
  if (!isEcdsa && signatureFormat !== null)
    throw malformed('RSA signatures have one form: leave EcdsaSignatureFormat out.', 'EcdsaSignatureFormat')
  if (!isEcdsa && hashAlgorithm === null)
    throw malformed(
      `${signatureAlgorithm} needs the hash algorithm by its OID: name RsaHashAlgorithm.`,
      'RsaHashAlgorithm',
    )
  if (hashes.length < 1 || hashes.length > maximumHashes)
    throw malformed(`A request signs 1 to ${maximumHashes} hashes; this one has ${hashes.length}.`, 'Base64EncodedHash')
  const allowed = hashAlgorithm === null ? ecdsaLengths : [hashLengths[hashAlgorithm]]
  for (const [index, hash] of hashes.entries()) {
    if (!canonicalBase64.test(hash))
      throw malformed(`Hash ${index + 1} of ${hashes.length} is not base64 in its one form.`, 'Base64EncodedHash')
    const length = lengthOf(hash)
    if (allowed.includes(length)) continue
    const which = hashes.length === 1 ? 'The hash' : `Hash ${index + 1} of ${hashes.length}`
    const wanted =
      hashAlgorithm === null ? 'ECDSA signs hashes of 32, 48 or 64' : `${hashAlgorithm} gives ${allowed[0]}`
    throw new Refusal(
      'HASH_LENGTH_WRONG',
      `${which} has ${length} bytes; ${wanted}. Send the hash itself, in base64.`,
      {
        field: 'Base64EncodedHash',
        index,
        length,
        allowed: allowed.map(String),
      },
    )
  }
}

/**
 * What a policy must allow before hashes are signed by it. Asked at submission, and by the signer of the log.
 *
 * @throws Refusal `HASH_SIGNING_NOT_ALLOWED`, `HASH_ALGORITHM_NOT_ALLOWED`
 */
export function requireHashSigning(
  { hashAlgorithm }: Pick<HashesToSign, 'hashAlgorithm'>,
  { name, hashSigningAllowed, release }: Pick<SigningPolicySettings, 'name' | 'hashSigningAllowed' | 'release'>,
): void {
  if (hashSigningAllowed !== true)
    throw new Refusal(
      'HASH_SIGNING_NOT_ALLOWED',
      `The signing policy ${name} signs files only, since the signature of a hash can be made into one of anything. A project administrator can allow it (hashSigningAllowed).`,
    )
  if (hashAlgorithm === 'sha1' && release)
    throw new Refusal(
      'HASH_ALGORITHM_NOT_ALLOWED',
      `The signing policy ${name} is for releases, which are not signed with SHA-1. Use SHA-256, SHA-384 or SHA-512.`,
    )
}

/**
 * The key must be of the type that the signature algorithm needs.
 *
 * @throws Refusal `KEY_ALGORITHM_UNSUITABLE`
 */
export function requireKeyForHashes(
  { signatureAlgorithm }: Pick<HashesToSign, 'signatureAlgorithm'>,
  keyAlgorithm: KeyAlgorithm,
): void {
  const isEcdsa = signatureAlgorithm === 'Ecdsa'
  if (keyAlgorithm.startsWith('ec-') === isEcdsa) return
  throw new Refusal(
    'KEY_ALGORITHM_UNSUITABLE',
    `${signatureAlgorithm} signatures cannot be made with the policy's key, which is of the type ${keyAlgorithm}: ask for ${isEcdsa ? 'RsaPkcs1 or RsaPss' : 'Ecdsa'}.`,
    { signatureAlgorithm, keyAlgorithm },
  )
}

/** The file name of the document that holds hashes, and their signatures once there are some. */
export const hashDocumentName = 'hashes.json'

/**
 * The document that stands for a request to sign hashes: JSON in the form of the known service's payload, and with
 * signatures that of its answer. The same hashes give the same text.
 *
 * @param signatures base64, one for each hash, in their order
 */
export function hashDocument(payload: HashesToSign, signatures?: readonly string[]): string {
  const { signatureAlgorithm, hashAlgorithm, signatureFormat, hashes, metadata } = payload
  const isOne = hashes.length === 1
  return `${JSON.stringify({
    SignatureAlgorithm: signatureAlgorithm,
    ...(hashAlgorithm === null ? {} : { RsaHashAlgorithm: oidOfHash(hashAlgorithm) }),
    ...(signatureFormat === null ? {} : { EcdsaSignatureFormat: signatureFormat === 'ieee' ? 'Ieee' : 'Asn1' }),
    ...(isOne ? { Base64EncodedHash: hashes[0] } : { Base64EncodedHashes: hashes }),
    ...(metadata === null ? {} : { Metadata: JSON.parse(metadata) }),
    ...(signatures === undefined ? {} : isOne ? { Signature: signatures[0] } : { Signatures: signatures }),
  })}\n`
}

/**
 * The signatures in a document, in base64, in the order of its hashes. None in a document that was not signed, or is none.
 */
export function signaturesInDocument(text: string): readonly string[] {
  const document: unknown = JSON.parse(text)
  if (typeof document !== 'object' || document === null) return []
  const { Signature, Signatures } = document as { Signature?: unknown; Signatures?: unknown }
  const found = Array.isArray(Signatures) ? Signatures : [Signature]
  return found.every((each): each is string => typeof each === 'string') ? found : []
}

/** Base64 in the one form that each value has (RFC 4648 §3.5): whole groups, and no bits behind the last byte. */
const canonicalBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/

/** Bytes that canonical base64 stands for. */
function lengthOf(base64: string): number {
  return (base64.length / 4) * 3 - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0)
}

function malformed(message: string, field: string): Refusal {
  return new Refusal('HASH_PAYLOAD_MALFORMED', message, { field })
}
