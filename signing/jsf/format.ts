import type { FileHandle } from 'node:fs/promises'
import { z } from 'zod'
import { type ExistingSignature, type HashAlgorithm, keyAlgorithms } from '../../domain/index.ts'
import { hashAlgorithm, requireRsaPadding, rsaPadding } from '../detached/attributes.ts'
import { signDigest } from '../detached/sign-digest.ts'
import { onlyDirective } from '../directives.ts'
import { requireReadableSize } from '../document-size.ts'
import { plainSignature } from '../ecdsa-value.ts'
import { existingSigner } from '../existing/index.ts'
import type { DirectiveDefinition, FileParts, FileWorkOptions, SignatureFormat } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { spliceFile } from '../splice-file.ts'
import { jsfAlgorithmName, jsfAlgorithms, requireHashOfCurve } from './algorithms.ts'
import {
  type FoundSignature,
  type JsonFindings,
  type JsonReading,
  type UnvaluedSignature,
  withValue,
} from './document-thread.ts'
import { valueHolds, verifyJson } from './verify.ts'

const attributes = z.strictObject({ 'hash-algorithm': hashAlgorithm, 'rsa-padding': rsaPadding })

const jsfSign: DirectiveDefinition = {
  name: 'jsf-sign',
  attributes,
  untraceable: [],
  keyAlgorithms,
  timestamps: false,
  embeddedCertificates: (chain) => chain,
  checkKey(given, keyAlgorithm) {
    requireRsaPadding(given, keyAlgorithm)
    requireHashOfCurve(given, keyAlgorithm)
  },
}

/** What the digest of a document is called in plans. */
const content = 'document'

const module = new URL('./document-thread.ts', import.meta.url).href

/**
 * JSON objects with a signature among their properties (JSON Signature Format, as CycloneDX uses it, over the canonical form of RFC
 * 8785). The property is put into the bytes of the document, which stay as they are.
 */
export const jsonFormat: SignatureFormat<null, undefined> = {
  name: 'json',
  title: 'JSON documents (json)',
  elements: ['json-file'],
  directives: [jsfSign],
  detect,
  checkStart: async () => ({ isSigned: false }),
  // Of RSA keys what most readers know; others pay no heed to it.
  defaultOrders: () => [{ directive: jsfSign.name, attributes: { 'rsa-padding': 'pkcs1' } }],
  readLayout: async () => null,
  digestion: () => undefined,

  async plan({ handle, size }, orders, options) {
    const order = onlyDirective(orders)
    const { 'hash-algorithm': hash } = attributes.parse(order.attributes)
    const { digest, existing } = await findings(handle, { size, hash }, options)
    return {
      existingSignatures: existing === undefined ? [] : [await described(existing)],
      directives: [{ ...order, contentDigests: [{ content, algorithm: hash, digest }] }],
    }
  },

  async sign({ handle, size }, directives, { key, certificateChain }, options) {
    const directive = onlyDirective(directives)
    const { 'hash-algorithm': hash, 'rsa-padding': padding } = attributes.parse(directive.attributes)
    const signature: UnvaluedSignature = {
      algorithm: jsfAlgorithmName(key.algorithm, hash, padding),
      certificatePath: certificateChain.map((each) => Buffer.from(each).toString('base64url')),
    }
    const { digest, toSign } = await findings(handle, { size, hash, signature }, options)
    const [planned] = directive.contentDigests
    if (toSign === undefined || (planned !== undefined && planned.digest !== digest))
      throw new SigningError('JSF_DIGEST_MISMATCH', 'The document is another one than the planned.')
    const made = await signDigest(key, { digest: toSign.digest, hash, padding })
    const value = Buffer.from(plainSignature(key.algorithm, made, 'JSF_MALFORMED')).toString('base64url')
    options.signal?.throwIfAborted()
    await spliceFile(handle, size, withValue(toSign.splices, value))
    return undefined
  },

  async verify(handle, expectation, options) {
    const { size } = await handle.stat()
    const { algorithm, certificates, digest } = await verifyJson(
      await findings(handle, { size, hash: 'sha256' }, options),
      expectation,
    )
    const { hash, curve, padding } = algorithm
    // It has no meaning for EC keys, and does not show.
    const asked = expectation.directives[0]?.attributes['rsa-padding'] ?? null
    return [
      {
        directive: jsfSign.name,
        attributes: { 'hash-algorithm': hash, 'rsa-padding': curve === undefined ? padding : asked },
        contentDigests: [{ content, algorithm: hash, digest }],
        signerCertificate: certificates[0] ?? new Uint8Array(),
        certificates,
        timestamp: undefined,
      },
    ]
  },
}

/** Begins as an object does that has a property, or none. */
async function detect({ readPart, size }: FileParts) {
  // Of other files no more than that need be at hand.
  if (!/^(?:\s|\{|\u00ef\u00bb\u00bf)/.test((await readPart(0, 3)).toString('latin1'))) return 'foreign'
  const start = (await readPart(0, 1024)).toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '')
  return /^\s*\{\s*["}]/.test(start) || (size > 1024 && /^\s*\{\s*$/.test(start)) ? 'recognized' : 'foreign'
}

async function findings(
  handle: FileHandle,
  { size, ...reading }: { readonly size: number; readonly hash: HashAlgorithm; readonly signature?: UnvaluedSignature },
  { passes, signal }: FileWorkOptions,
): Promise<JsonFindings> {
  requireReadableSize(size, { kind: 'JSON', code: 'JSON_TOO_LARGE' })
  const parameters: JsonReading = { input: handle.fd, size, ...reading }
  return (await passes.parse({ module, parameters }, { signal })) as JsonFindings
}

/** A signature that is there already, as plans name it. It is replaced: there is one property of its name. */
async function described(signature: FoundSignature): Promise<ExistingSignature> {
  const placed = { outcome: 'replaced', place: 'property "signature"', depth: 0, sha256: signature.sha256 } as const
  if (signature.kind === 'unreadable') return { ...placed, kind: 'unreadable', reason: signature.reason }
  const { algorithm, certificates } = signature
  const holds = await valueHolds(signature)
  return {
    ...placed,
    kind: 'signature',
    ...existingSigner(certificates[0]),
    digestAlgorithm: jsfAlgorithms.get(algorithm)?.hash ?? algorithm.slice(0, 100),
    // Signature and document have one digest, so which of the two was changed cannot be told.
    integrity: holds === undefined ? 'unchecked' : holds ? 'intact' : 'fileChanged',
    timestamp: null,
    uncovered: [],
  }
}
