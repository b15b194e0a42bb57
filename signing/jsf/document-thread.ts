import { createHash } from 'node:crypto'
import { canonicalJson, type HashAlgorithm } from '../../domain/index.ts'
import { type DoFileWork, fillBlocking } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import type { Splice } from '../splice-file.ts'
import { jsfAlgorithms } from './algorithms.ts'
import { placeSignature, signatureName } from './place-signature.ts'
import { type JsonDocument, readJsonDocument } from './read-document.ts'

/** What a thread reads of a document. */
export type JsonReading = {
  /** File descriptor and bytes. */
  readonly input: number
  readonly size: number
  /** What the document is digested by. */
  readonly hash: HashAlgorithm
  /** A signature without its value, which is to be put into the document. */
  readonly signature?: UnvaluedSignature
}

/** A signature before it is made. */
export type UnvaluedSignature = { readonly algorithm: string; readonly certificatePath: readonly string[] }

/** A signature that is in the document. */
export type FoundSignature = {
  /** Of its bytes as they stand in the file; hexadecimal. */
  readonly sha256: string
} & (
  | {
      readonly kind: 'signature'
      readonly algorithm: string
      /** DER, leaf first. */
      readonly certificates: readonly Uint8Array[]
      readonly value: Uint8Array
      /** Names of what else stands in it. */
      readonly others: readonly string[]
      /** The digest that the value is of, by the algorithm's hash; `undefined` for algorithms that are not known. */
      readonly signedDigest: Uint8Array | undefined
      /** The digest of the document without its signature, by the algorithm's hash; hexadecimal. */
      readonly documentDigest: string | undefined
    }
  | { readonly kind: 'unreadable'; readonly reason: string }
)

/** What was read of a document. */
export type JsonFindings = {
  /** The digest of the canonical form without signature, hexadecimal. */
  readonly digest: string
  readonly existing: FoundSignature | undefined
  /** Where a signature was given: the digest to sign, and how it gets into the file, its value apart. */
  readonly toSign: { readonly digest: Uint8Array; readonly splices: readonly Splice[] } | undefined
}

/** Reads a document of a file. */
export const doFileWork: DoFileWork<JsonReading, JsonFindings> = async ({ input, size, hash, signature }) => {
  const bytes = Buffer.alloc(size)
  fillBlocking(input, { offset: 0, bytes })
  return readFindings(readJsonDocument(bytes), hash, signature)
}

/** As {@link doFileWork}, of a document that was read. @throws SigningError */
export function readFindings(
  document: JsonDocument,
  hash: HashAlgorithm,
  signature: UnvaluedSignature | undefined,
): JsonFindings {
  const { [signatureName]: present, ...plain } = document.value
  const member = document.members.find(({ name }) => name === signatureName)
  const digestOf = (value: Readonly<Record<string, unknown>>, algorithm: HashAlgorithm) =>
    createHash(algorithm).update(canonicalJson(value), 'utf8').digest()
  return {
    digest: digestOf(plain, hash).toString('hex'),
    existing: member && {
      ...described(present, plain, digestOf),
      sha256: createHash('sha256').update(document.text.slice(member.valueStart, member.end), 'utf8').digest('hex'),
    },
    toSign: signature && {
      digest: digestOf({ ...plain, [signatureName]: signature }, hash),
      splices: splicesFor(document, signature),
    },
  }
}

/** What ends the signature as long as it has no value: that stands last in it. */
const unvalued = '"}'

/** Splices of which the one that holds the signature gets its value. */
export function withValue(splices: readonly Splice[], value: string): readonly Splice[] {
  return splices.map((splice) => {
    if (splice.bytes.length === 0) return splice
    const open = splice.bytes.subarray(0, -unvalued.length)
    return { ...splice, bytes: Buffer.concat([open, Buffer.from(`${value}${unvalued}`)]) }
  })
}

function splicesFor(document: JsonDocument, signature: UnvaluedSignature): readonly Splice[] {
  const { text } = document
  const place = (at: number) => Buffer.byteLength(text.slice(0, at), 'utf8')
  return placeSignature(document, JSON.stringify({ ...signature, value: '' })).map(({ start, end, text: put }) => ({
    start: place(start),
    end: place(end),
    bytes: Buffer.from(put, 'utf8'),
  }))
}

function described(
  present: unknown,
  plain: Readonly<Record<string, unknown>>,
  digestOf: (value: Readonly<Record<string, unknown>>, hash: HashAlgorithm) => Buffer,
) {
  if (present === null || typeof present !== 'object' || Array.isArray(present))
    throw new SigningError(
      'JSF_PROPERTY_TAKEN',
      'The document has a property "signature" that is no signature, so that none can be put in: give it another name.',
    )
  const { value, ...unvalued } = present as Readonly<Record<string, unknown>>
  const { algorithm, certificatePath = [], ...others } = unvalued
  if (typeof value !== 'string' || typeof algorithm !== 'string' || !Array.isArray(certificatePath))
    return { kind: 'unreadable', reason: 'It is not one signature with algorithm and value.' } as const
  const [bytes, ...certificates] = [value, ...certificatePath].map(base64url)
  if (bytes === undefined || certificates.some((each) => each === undefined))
    return { kind: 'unreadable', reason: 'A value or certificate in it is not base64url.' } as const
  const hash = jsfAlgorithms.get(algorithm)?.hash
  // What is excluded would have to be left out of the signed form.
  const isWhole = !Object.hasOwn(others, 'excludes')
  return {
    kind: 'signature',
    algorithm,
    certificates: certificates as Buffer[],
    value: bytes,
    others: Object.keys(others),
    signedDigest: hash && isWhole ? digestOf({ ...plain, [signatureName]: unvalued }, hash) : undefined,
    documentDigest: hash && digestOf(plain, hash).toString('hex'),
  } as const
}

function base64url(text: unknown): Buffer | undefined {
  if (typeof text !== 'string' || text === '') return undefined
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
