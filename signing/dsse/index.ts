import { createPublicKey } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson, keyAlgorithms } from '../../domain/index.ts'
import { readCertificateFields } from '../cms/index.ts'
import { hashAlgorithm, outputFileName, requireRsaPadding, rsaPadding } from '../detached/attributes.ts'
import { digestFile, plannedDigest, readSignature } from '../detached/file-digest.ts'
import { signDigest } from '../detached/sign-digest.ts'
import type { DetachedSignature, OpenFile } from '../detached-signature.ts'
import { writeFully } from '../output-file.ts'
import { SigningError } from '../signing-error.ts'
import { beforePayload, type Envelope } from './envelope.ts'
import { keyIdOf } from './key-id.ts'
import type { EnvelopeCheck, FoundEnvelope } from './verify.ts'

const attributes = z.strictObject({
  'output-file-name': outputFileName,
  'payload-type': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'must be a media type or URI: 1 to 200 visible characters of ASCII')
    .meta({ title: 'payload type', description: 'What the file is, as its signature says it: a media type or a URI.' }),
  'hash-algorithm': hashAlgorithm,
  'rsa-padding': rsaPadding,
})

/** Whoever reads an envelope holds all of it in memory, and what it holds beside. */
const largestPayload = 16 * 1024 * 1024
/** The payload in base64, its type and a signature. */
const largestEnvelope = 24 * 1024 * 1024

/** What plans call what is signed. */
const content = 'DSSE encoding of the file'

/**
 * `dsse-sign`: a DSSE v1.0 envelope that holds the file, and one signature over its pre-authentication encoding. ECDSA signatures are DER
 * (RFC 3279 §2.2.3), as in all envelopes of this service: the specification leaves the form open.
 */
export const dsseSignature: DetachedSignature = {
  definition: {
    name: 'dsse-sign',
    attributes,
    untraceable: [],
    keyAlgorithms,
    timestamps: false,
    embeddedCertificates: () => [],
    checkKey: requireRsaPadding,
  },

  async plan(file, order, options) {
    if (file.size > largestPayload)
      throw new SigningError(
        'DSSE_PAYLOAD_TOO_LARGE',
        `The file has ${file.size} bytes; an envelope, which holds it, takes at most ${largestPayload}.`,
      )
    const { 'hash-algorithm': algorithm, 'payload-type': type } = attributes.parse(order.attributes)
    const before = beforePayload(type, file.size)
    const [digest = Buffer.alloc(0)] = await digestFile(file, [{ algorithm, before }], options)
    return { ...order, contentDigests: [{ content, algorithm, digest: digest.toString('hex') }] }
  },

  async make(file, directive, { key }, output) {
    const asked = attributes.parse(directive.attributes)
    const { 'hash-algorithm': hash, 'rsa-padding': padding, 'payload-type': payloadType } = asked
    const signature = await signDigest(key, { digest: plannedDigest(directive), hash, padding })
    const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
    const envelope: Envelope = {
      payload: (await readSignature(file, largestPayload)).toString('base64'),
      payloadType,
      signatures: [{ keyid: keyIdOf(publicKey), sig: Buffer.from(signature).toString('base64') }],
    }
    await writeFully(output, 0, Buffer.from(canonicalJson(envelope), 'utf8'))
  },

  async verify(file, signature, { directive, certificateChain: [leaf = new Uint8Array()] }, options) {
    const asked = attributes.parse(directive.attributes)
    const { passes, ...following } = options
    const parameters: EnvelopeCheck = {
      envelope: part(signature, largestEnvelope),
      file: part(file, largestPayload),
      publicKey: readCertificateFields(leaf, 'DETACHED_MALFORMED').publicKey,
      hash: asked['hash-algorithm'],
      padding: asked['rsa-padding'],
    }
    const module = new URL('./verify.ts', import.meta.url).href
    const { payloadType, digest } = (await passes.parse({ module, parameters }, following)) as FoundEnvelope
    return {
      directive: dsseSignature.definition.name,
      attributes: {
        // Hash and padding an envelope does not say: it holds for these.
        ...asked,
        'output-file-name': signature.name,
        'payload-type': payloadType,
      },
      contentDigests: [{ content, algorithm: asked['hash-algorithm'], digest }],
      signerCertificate: leaf,
      certificates: [],
      timestamp: undefined,
    }
  },
}

function part({ handle, size, name }: OpenFile, limit: number): EnvelopeCheck['file'] {
  if (size > limit)
    throw new SigningError('DETACHED_MALFORMED', `${name} has ${size} bytes; at most ${limit} are possible.`)
  return { descriptor: handle.fd, size }
}
