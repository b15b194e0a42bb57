import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { ContentDigest } from '../../domain/index.ts'
import type { ForeignVerifier } from '../foreign-verifier.ts'
import type { FileWorkOptions, SignatureFormat } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { detectPe } from './detect.ts'
import { authenticodeSignProgram, defaultOrders, foundDirective, wantedBy } from './directive.ts'
import { type DigestedImage, imageDigestion } from './image-digestion.ts'
import { inspectSignatures, judgePeFile } from './inspect.ts'
import { pageHashing } from './page-hashes.ts'
import { readPageLayout } from './page-layout.ts'
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
  directives: [authenticodeSignProgram],
  detect: detectPe,

  async checkStart(start, size) {
    await checkPeHeader(start, size)
    return { isSigned: namesSignatures(start) }
  },

  defaultOrders,

  readLayout: readPeHeaders,

  digestion(file, orders) {
    const hashAlgorithms = [...new Set(orders.map((order) => wantedBy(order).hashAlgorithm))]
    return imageDigestion({ file, hashAlgorithms, unpadded: false })
  },

  async plan({ handle, layout, digested }, orders, options) {
    const [first, ...others] = orders.map(wantedBy)
    if (first === undefined || others.some(({ append }) => !append))
      throw new SigningError(
        'DIRECTIVE_INVALID',
        `There are ${orders.length} directives for the file; each but the first must append its signature (append="true"), or it would remove those before it.`,
      )
    for (const { program } of [first, ...others]) assertDescribable(program)
    const { hashAlgorithm, append } = first
    const inspection = { ...options, hashAlgorithm, append, adding: orders.length }
    const existingSignatures = await inspectSignatures(handle, layout, digestBy(digested, hashAlgorithm), inspection)
    const withPages = [first, ...others].some(({ pageHashes }) => pageHashes)
    const hashes = withPages ? [pagesDigest(await hashPages(handle, layout, options))] : []
    const directives = orders.map((order) => {
      const { hashAlgorithm: algorithm, pageHashes } = wantedBy(order)
      const digest = Buffer.from(digestBy(digested, algorithm)).toString('hex')
      return { ...order, contentDigests: [{ content: image, algorithm, digest }, ...(pageHashes ? hashes : [])] }
    })
    return { existingSignatures, directives }
  },

  readMetadata: ({ handle, size }) => readPeMetadata(handle, size),

  async sign({ handle, layout, digested }, directives, { key, certificateChain, timestamps }, options) {
    const { signal } = options
    let file = layout
    for (const directive of directives) {
      const { hashAlgorithm, append, program, pageHashes } = wantedBy(directive)
      const request: SignatureRequest = {
        key,
        certificateChain,
        hashAlgorithm,
        append,
        ...program,
        ...(timestamps !== undefined && { timestamp: timestamps }),
        ...(pageHashes && { pageHashes: await hashPages(handle, file, options) }),
        ...(signal !== undefined && { signal }),
      }
      // The zeros that a first signature fills the image up with are in its digest and add nothing to its sum.
      const copy = { handle, file, imageDigest: digestBy(digested, hashAlgorithm), sum: digested.sum }
      const { size } = await signCopy(copy, request)
      file = await readPeHeaders(handle, size)
    }
    return undefined
  },

  async verify(
    handle,
    { kept, directives, certificateChain, trustedTimestampCertificates, at },
    { passes, signal, onProgress },
  ) {
    const signatures = await verifyOpenPeFile(handle, {
      kept,
      // A signature that nobody asked for is found to be one by whoever compares.
      added: Math.max(directives.length, 1),
      at,
      passes,
      // Where the configured chain ends, trust does: an authority's own certificate need not travel along.
      trustedCertificates: certificateChain.slice(-1),
      ...(trustedTimestampCertificates !== undefined && { trustedTimestampCertificates }),
      ...(signal !== undefined && { signal }),
      ...(onProgress !== undefined && { onProgress }),
    })
    return signatures.map((signature, index) => {
      const found = foundDirective(signature, image)
      const { pageHashes } = signature
      const hasPages = pageHashes !== undefined
      const isNamed = hasPages || directives[index]?.attributes['page-hashes'] !== undefined
      return {
        ...found,
        attributes: { ...found.attributes, ...(isNamed && { 'page-hashes': hasPages }) },
        contentDigests: [...found.contentDigests, ...(hasPages ? [pagesDigest(pageHashes)] : [])],
      }
    })
  },
}

async function hashPages(
  handle: FileHandle,
  { size, imageSize }: PeFile,
  { passes, signal }: FileWorkOptions,
): Promise<Uint8Array> {
  const layout = await readPageLayout({ handle, size, start: Buffer.alloc(0) }, imageSize)
  return (await passes.work(pageHashing({ input: handle.fd, layout }), { signal })) as Uint8Array
}

/** Of the digests of pages themselves, as plans name them. */
function pagesDigest(hashes: Uint8Array): ContentDigest {
  return { content: 'pages', algorithm: 'sha256', digest: createHash('sha256').update(hashes).digest('hex') }
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
