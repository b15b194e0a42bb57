import { z } from 'zod'
import { type DirectiveOrder, hashAlgorithms, keyAlgorithms } from '../../domain/index.ts'
import { onlyDirective } from '../directives.ts'
import type { DirectiveDefinition, FoundDirective, SignatureFormat } from '../signature-format.ts'
import { detectPe } from './detect.ts'
import { type DigestedImage, imageDigestion } from './image-digestion.ts'
import { inspectSignatures } from './inspect.ts'
import { type PeFile, readPeHeaders } from './pe-file.ts'
import { checkPeHeader, namesSignatures } from './pe-header.ts'
import type { SignatureRequest } from './place-signature.ts'
import { signCopy } from './sign.ts'
import { assertDescribable, type ProgramDescription } from './spc.ts'
import { verifyOpenPeFile } from './verify.ts'
import type { VerifiedSignature } from './verify-signature.ts'

const attributes = z.strictObject({
  'hash-algorithm': z.enum(hashAlgorithms).default('sha256').meta({ title: 'digest algorithm' }),
  append: z
    .boolean()
    .default(false)
    .meta({ title: 'append', description: 'Whether signatures that the file has already are kept.' }),
  description: z
    .string()
    .nullable()
    .default(null)
    .meta({ title: 'description', description: 'Name of the program, which Windows shows before it runs it.' }),
  'description-url': z
    .string()
    .nullable()
    .default(null)
    .meta({ title: 'URL', description: 'Where people find more about the program.' }),
})

const authenticodeSign: DirectiveDefinition = {
  name: 'authenticode-sign',
  attributes,
  // Kept signatures are in the file; that they were to be kept is not.
  untraceable: ['append'],
  keyAlgorithms,
  timestamps: true,
  embeddedCertificates: (chain) => chain,
}

/** What a digest of a PE image is called in plans. */
const image = 'image'

/** PE32 and PE32+ files with "Windows Authenticode Portable Executable Signature Format", EFI images among them. */
export const peFormat: SignatureFormat<PeFile, DigestedImage> = {
  name: 'pe',
  title: 'Windows programs and libraries (PE: exe, dll, sys, efi …)',
  elements: ['pe-file'],
  directives: [authenticodeSign],
  detect: detectPe,

  async checkStart(start, size) {
    await checkPeHeader(start, size)
    return { isSigned: namesSignatures(start) }
  },

  defaultOrders({ existingSignatures, program: { description, descriptionUrl } }) {
    // What a signature cannot carry is found now, and not after people have approved it.
    assertDescribable(described(description, descriptionUrl))
    const append = existingSignatures === 'append'
    return [
      { directive: authenticodeSign.name, attributes: { append, description, 'description-url': descriptionUrl } },
    ]
  },

  readLayout: readPeHeaders,

  digestion(file, orders) {
    return imageDigestion({ file, hashAlgorithms: [wanted(onlyDirective(orders)).hashAlgorithm], unpadded: false })
  },

  async plan({ handle, layout, digested }, orders, options) {
    const order = onlyDirective(orders)
    const { hashAlgorithm, append, program } = wanted(order)
    assertDescribable(program)
    const imageDigest = digestBy(digested, hashAlgorithm)
    const inspection = { ...options, hashAlgorithm, append }
    const existingSignatures = await inspectSignatures(handle, layout, imageDigest, inspection)
    const digest = Buffer.from(imageDigest).toString('hex')
    return {
      existingSignatures,
      directives: [{ ...order, contentDigests: [{ content: image, algorithm: hashAlgorithm, digest }] }],
    }
  },

  async sign({ handle, layout: file, digested }, directives, { key, certificateChain, timestamps }, { signal }) {
    const { hashAlgorithm, append, program } = wanted(onlyDirective(directives))
    const request: SignatureRequest = {
      key,
      certificateChain,
      hashAlgorithm,
      append,
      ...program,
      ...(timestamps !== undefined && { timestamp: timestamps }),
      ...(signal !== undefined && { signal }),
    }
    await signCopy({ handle, file, imageDigest: digestBy(digested, hashAlgorithm), sum: digested.sum }, request)
    return undefined
  },

  async verify(handle, { kept, certificateChain, trustedTimestampCertificates, at }, { passes, signal, onProgress }) {
    const signatures = await verifyOpenPeFile(handle, {
      kept,
      at,
      passes,
      // Where the configured chain ends, trust does: an authority's own certificate need not travel along.
      trustedCertificates: certificateChain.slice(-1),
      ...(trustedTimestampCertificates !== undefined && { trustedTimestampCertificates }),
      ...(signal !== undefined && { signal }),
      ...(onProgress !== undefined && { onProgress }),
    })
    return signatures.map(found)
  },
}

function wanted(order: DirectiveOrder) {
  const { append, description, ...given } = attributes.parse(order.attributes)
  const program = described(description, given['description-url'])
  return { hashAlgorithm: given['hash-algorithm'], append, program }
}

function described(description: string | null, descriptionUrl: string | null): ProgramDescription {
  return { ...(description !== null && { description }), ...(descriptionUrl !== null && { descriptionUrl }) }
}

function digestBy({ digests }: DigestedImage, algorithm: string): Uint8Array {
  const digest = digests.get(algorithm)
  if (digest === undefined) throw new Error(`The image was not digested by ${algorithm}.`)
  return digest
}

function found(signature: VerifiedSignature): FoundDirective {
  const { signerCertificate, certificates, digestAlgorithm, imageDigest, timestamp } = signature
  return {
    directive: authenticodeSign.name,
    attributes: {
      'hash-algorithm': digestAlgorithm,
      description: signature.description ?? null,
      'description-url': signature.descriptionUrl ?? null,
    },
    contentDigests: [{ content: image, algorithm: digestAlgorithm, digest: Buffer.from(imageDigest).toString('hex') }],
    signerCertificate,
    certificates,
    timestamp,
  }
}
