import { onlyDirective } from '../directives.ts'
import type { ForeignVerifier } from '../foreign-verifier.ts'
import type { SignatureFormat } from '../signature-format.ts'
import { detectPe } from './detect.ts'
import { authenticodeSign, defaultOrders, foundDirective, wantedBy } from './directive.ts'
import { type DigestedImage, imageDigestion } from './image-digestion.ts'
import { inspectSignatures, judgePeFile } from './inspect.ts'
import { type PeFile, readPeHeaders } from './pe-file.ts'
import { checkPeHeader, namesSignatures } from './pe-header.ts'
import type { SignatureRequest } from './place-signature.ts'
import { readPeMetadata } from './read-metadata.ts'
import { signCopy } from './sign.ts'
import { assertDescribable } from './spc.ts'
import { verifyOpenPeFile } from './verify.ts'

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

  defaultOrders,

  readLayout: readPeHeaders,

  digestion(file, orders) {
    return imageDigestion({ file, hashAlgorithms: [wantedBy(onlyDirective(orders)).hashAlgorithm], unpadded: false })
  },

  async plan({ handle, layout, digested }, orders, options) {
    const order = onlyDirective(orders)
    const { hashAlgorithm, append, program } = wantedBy(order)
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

  readMetadata: ({ handle, size }) => readPeMetadata(handle, size),

  async sign({ handle, layout: file, digested }, directives, { key, certificateChain, timestamps }, { signal }) {
    const { hashAlgorithm, append, program } = wantedBy(onlyDirective(directives))
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
    return signatures.map((signature) => foundDirective(signature, image))
  },
}

/** Judges the signatures of PE files that others made. */
export const peVerifier: ForeignVerifier = {
  directive: 'authenticode-verify',
  formats: [peFormat.name],
  verify: ({ handle, size }, trust, options) => judgePeFile(handle, size, trust, options),
}

function digestBy({ digests }: DigestedImage, algorithm: string): Uint8Array {
  const digest = digests.get(algorithm)
  if (digest === undefined) throw new Error(`The image was not digested by ${algorithm}.`)
  return digest
}
