import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ArtifactStore, Uploads } from '../artifacts/index.ts'
import {
  canonicalJson,
  checkHashes,
  type HashesToSign,
  type HashPayload,
  hashAlgorithmOids,
  hashDocument,
  hashDocumentName,
  mayBeHashDocument,
  Refusal,
  type Sha256Digest,
} from '../domain/index.ts'
import { detailForms } from './forms.ts'
import { asksForHashes, hashesInDocument } from './hash-document.ts'
import type { SourceKind, UncheckedSource } from './source-kind.ts'
import { promised, read } from './submitted.ts'
import { submittedHashes as form, requireRecordable } from './submitted-hashes.ts'

const byUpload = z.object({ uploadId: z.string() })

/** What this kind of source works with. */
export type HashSourceDependencies = {
  readonly store: Pick<ArtifactStore, 'open'>
  readonly uploads: Pick<Uploads, 'find' | 'submitted'>
}

/** That of as many hashes as there may be, with metadata. */
const largestDocument = 1024 * 1024
const md5 = '1.2.840.113549.2.5'
/** The most characters of what a submitter tells about hashes. */
const longestMetadata = 64 * 1024

/**
 * Hashes that are signed as they are, submitted as {@link SubmittedHashes}, or as `{ uploadId }` of a document in the form of the
 * known service's payload. Their document is made of them, so nothing is fetched.
 *
 * @throws Refusal `SOURCE_MALFORMED`, `HASH_PAYLOAD_MALFORMED`, `HASH_LENGTH_WRONG`, `HASH_ALGORITHM_NOT_ALLOWED`; ArtifactError
 *   `ARTIFACT_STORE_…` when they are retrieved
 */
export function hashPayloadSource({ store, uploads }: HashSourceDependencies): SourceKind<HashPayload> {
  const uploaded = byUpload.safeParse
  return {
    kind: 'hashPayload',
    details: detailForms.hashPayload,
    // Clients of the known service submit the document like any file: which kind it is, the artifact configuration says there.
    async recognise(submitted, { userId }) {
      const upload = submitted.kind === 'uploadedFile' ? uploaded(submitted).data : undefined
      if (upload === undefined) return undefined
      const { sha256, size } = await uploads.find(upload.uploadId, userId)
      if (size > largestDocument || !asksForHashes(await textIn(sha256))) return undefined
      return { kind: 'hashPayload', uploadId: upload.uploadId }
    },
    async check(submitted, { userId }) {
      const upload = uploaded(submitted).data
      const said = upload === undefined ? submitted : await documentIn(await uploads.find(upload.uploadId, userId))
      const details = detailsOf({ ...said, kind: 'hashPayload' })
      checkHashes(details)
      const { sha256, size } = describeDocument(details)
      const fixed = { fileName: hashDocumentName, sha256, size, isAtHand: true, secretsId: null }
      return { kind: 'hashPayload', ...fixed, details }
    },
    async accepted(submitted) {
      const upload = uploaded(submitted).data
      if (upload !== undefined) await uploads.submitted(upload.uploadId)
    },
    async retrieve(source, { put }) {
      const { fileName } = promised(source)
      const stored = await put(bytesOf(source.details))
      return { ...stored, fileName }
    },
    describe: ({ details: { signatureAlgorithm, hashAlgorithm, signatureFormat, hashes, metadata } }) => ({
      'signature algorithm': signatureAlgorithm,
      ...(hashAlgorithm === null ? {} : { 'hash algorithm': hashAlgorithm }),
      ...(signatureFormat === null ? {} : { 'signature format': signatureFormat }),
      hashes: String(hashes.length),
      ...(metadata === null ? {} : { metadata: metadata.slice(0, 4_000) }),
    }),
  }

  async function documentIn({ sha256 }: { readonly sha256: Sha256Digest }): Promise<object> {
    const { size } = await store.open(sha256)
    if (size > largestDocument) throw malformed(`The document has more than ${largestDocument} bytes.`, 'artifact')
    return hashesInDocument(await textIn(sha256))
  }

  /** The text of a file; nothing when it does not begin like an object of JSON. */
  async function textIn(sha256: Sha256Digest): Promise<string> {
    const { read: bytes } = await store.open(sha256)
    const chunks: Uint8Array[] = []
    for await (const chunk of bytes()) {
      if (chunks.length === 0 && !mayBeHashDocument(chunk)) return ''
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }
}

function detailsOf(submitted: UncheckedSource): HashesToSign {
  const { signatureAlgorithm, rsaHashAlgorithm, ecdsaSignatureFormat, hashes, metadata } = read(form, submitted)
  const isEcdsa = signatureAlgorithm === 'Ecdsa'
  return {
    signatureAlgorithm,
    hashAlgorithm: rsaHashAlgorithm == null ? null : hashAlgorithmOf(rsaHashAlgorithm),
    signatureFormat: ecdsaSignatureFormat == null ? (isEcdsa ? 'ieee' : null) : formats[ecdsaSignatureFormat],
    hashes: hashes.map(canonicalHash),
    metadata: metadata == null ? null : canonicalMetadata(metadata),
  }
}

const formats = { Ieee: 'ieee', Asn1: 'asn1' } as const

function hashAlgorithmOf(oid: string) {
  const found = hashAlgorithmOids.get(oid)
  if (found !== undefined) return found
  const known = [...hashAlgorithmOids].map(([each, name]) => `${each} (${name})`).join(', ')
  if (oid === md5)
    throw new Refusal(
      'HASH_ALGORITHM_NOT_ALLOWED',
      `MD5 is broken, and nothing is signed with it. Use one of ${known}.`,
    )
  throw malformed(`RsaHashAlgorithm is one of ${known}; got ${JSON.stringify(oid)}.`, 'RsaHashAlgorithm')
}

/** A hash in the one form that base64 has for it: the same hashes make the same request. */
function canonicalHash(text: string, index: number): string {
  const canonical = Buffer.from(text, 'base64').toString('base64')
  if (canonical === text && text !== '') return canonical
  throw malformed(`Hash ${index + 1} is not base64 (RFC 4648 §4) with padding.`, 'Base64EncodedHash')
}

function canonicalMetadata(text: string): string {
  if (text.length > longestMetadata)
    throw malformed(`Metadata has at most ${longestMetadata} characters; this has ${text.length}.`, 'Metadata')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformed('Metadata is any JSON; this is none.', 'Metadata')
  }
  requireRecordable(value)
  const canonical = canonicalJson(value)
  if (!canonical.isWellFormed() || canonical.includes('\\u0000') || canonical.length > longestMetadata)
    throw malformed('Metadata holds text that is not well-formed, or U+0000, or too much of it.', 'Metadata')
  return canonical
}

function describeDocument(details: HashesToSign): { readonly sha256: Sha256Digest; readonly size: number } {
  const bytes = Buffer.from(hashDocument(details))
  return { sha256: createHash('sha256').update(bytes).digest('hex') as Sha256Digest, size: bytes.length }
}

async function* bytesOf(details: HashesToSign): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(hashDocument(details))
}

function malformed(message: string, field: string): Refusal {
  return new Refusal('HASH_PAYLOAD_MALFORMED', message, { field })
}
