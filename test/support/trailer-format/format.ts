import { createHash, X509Certificate } from 'node:crypto'
import { z } from 'zod'
import {
  type DirectiveOrder,
  type ExistingSignature,
  type HashAlgorithm,
  hashAlgorithms,
} from '../../../domain/index.ts'
import { onlyDirective } from '../../../signing/directives.ts'
import type { SignatureFormat } from '../../../signing/signature-format.ts'
import { contentDigestion } from './content-digestion.ts'
import { encodeTrailer, fileMagic, readTrailer, statement, type Trailer, type TrailerLayout } from './trailer.ts'
import { identityOf, isSignature, verifyTrailer } from './verify.ts'

const attributes = z.strictObject({
  'hash-algorithm': z.enum(hashAlgorithms).default('sha256').meta({ title: 'hash' }),
  comment: z.string().min(1).nullable().default(null).meta({ title: 'comment' }),
})

/**
 * A format of our own for tests: files that begin with a magic, and whose signature stands behind their content. It is for
 * one type of key, and its signatures carry no time-stamp.
 */
export const trailerFormat: SignatureFormat<TrailerLayout, Uint8Array> = {
  name: 'trailer-test',
  title: 'files with a trailer (tst)',
  directives: [
    {
      name: 'trailer-sign',
      attributes,
      untraceable: [],
      keyAlgorithms: ['ec-p256'],
      timestamps: false,
      embeddedCertificates: (chain) => chain.slice(0, 1),
    },
  ],

  elements: ['trailer-file'],

  async detect({ readPart }) {
    return (await readPart(0, fileMagic.length)).equals(fileMagic) ? 'recognized' : 'foreign'
  },

  checkStart: async () => ({ isSigned: false }),

  defaultOrders: ({ program }) => [{ directive: 'trailer-sign', attributes: { comment: program.description } }],

  readLayout: readTrailer,

  digestion: ({ contentSize }, orders) =>
    contentDigestion({ contentSize, hashAlgorithm: wanted(orders).hashAlgorithm }),

  async plan({ layout: { trailer }, digested }, orders) {
    const { order, hashAlgorithm } = wanted(orders)
    const digest = Buffer.from(digested).toString('hex')
    return {
      existingSignatures: trailer === undefined ? [] : [existing(trailer, digested)],
      directives: [{ ...order, contentDigests: [{ content: 'content', algorithm: hashAlgorithm, digest }] }],
    }
  },

  async sign({ handle, layout: { contentSize }, digested }, directives, { key, certificateChain }) {
    const { hashAlgorithm, comment: text } = wanted(directives)
    const comment = Buffer.from(text ?? '', 'utf8')
    const digest = createHash(hashAlgorithm).update(statement(comment, digested)).digest()
    const signature = Buffer.from(await key.sign(hashAlgorithm, digest))
    const certificate = Buffer.from(certificateChain[0] ?? [])
    await handle.truncate(contentSize)
    const trailer = encodeTrailer({ certificate, signature, comment, hash: hashAlgorithms.indexOf(hashAlgorithm) })
    await handle.write(trailer, 0, trailer.length, contentSize)
    return undefined
  },

  verify: (handle, expectation, { passes }) => verifyTrailer(handle, expectation, passes),
}

function wanted(orders: readonly DirectiveOrder[]) {
  const order = onlyDirective(orders)
  const { 'hash-algorithm': hashAlgorithm, comment } = attributes.parse(order.attributes)
  return { order, hashAlgorithm: hashAlgorithm as HashAlgorithm, comment }
}

function existing(trailer: Trailer, contentDigest: Uint8Array): ExistingSignature {
  const { subject, issuer, serialNumber } = new X509Certificate(trailer.certificate)
  return {
    kind: 'signature',
    outcome: 'replaced',
    place: 'trailer',
    depth: 0,
    sha256: identityOf(trailer),
    signer: subject,
    issuer,
    serialNumber,
    digestAlgorithm: hashAlgorithms[trailer.hash] ?? 'unknown',
    integrity: isSignature(trailer, contentDigest) ? 'intact' : 'fileChanged',
    timestamp: null,
    uncovered: [],
  }
}
