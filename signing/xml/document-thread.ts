import { createHash } from 'node:crypto'
import { type DoFileWork, fillBlocking } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import { type CheckedSignature, checkEnveloped, documentDigest } from './check-enveloped.ts'
import { countElements, type DocumentEncoding, envelopedSignatures, numberOf, readDocument } from './document.ts'
import { type DocumentPlaces, findPlaces, type TextRange } from './places.ts'

/** What a thread reads of a document. */
export type DocumentReading = {
  /** File descriptor and bytes. */
  readonly input: number
  readonly size: number
  /** DER: of the key that signed where a signature names none. */
  readonly certificate: Uint8Array | undefined
}

/** A signature right below the root. */
export type EnvelopedSignature = {
  /** Whether nothing but the root's end tag stands behind it. */
  readonly isLast: boolean
  /** Of its bytes as they stand in the file; hexadecimal. */
  readonly sha256: string
} & (
  | { readonly kind: 'signature'; readonly checked: CheckedSignature }
  | { readonly kind: 'unreadable'; readonly reason: string }
)

/** What was read of a document. */
export type DocumentFindings = {
  readonly encoding: DocumentEncoding['name']
  readonly rootName: string
  readonly root: { readonly name: string; readonly namespace: string }
  /** In bytes of the file. */
  readonly insertion: DocumentPlaces['insertion']
  /** Where the signatures stand, in bytes of the file. */
  readonly signatureRanges: readonly TextRange[]
  /** SHA-256 of the canonical form without them, hexadecimal. */
  readonly digest: string
  readonly signatures: readonly EnvelopedSignature[]
}

/** Each of them is checked by reading the document once more. */
const mostChecked = 8

/** Reads a document of a file: what a signature will cover, where it goes, and the signatures that are there. */
export const doFileWork: DoFileWork<DocumentReading, DocumentFindings> = async ({ input, size, certificate }) => {
  const bytes = Buffer.alloc(size)
  fillBlocking(input, { offset: 0, bytes })
  return readFindings(bytes, certificate)
}

/** As {@link doFileWork}, of bytes in memory. @throws SigningError */
export function readFindings(bytes: Buffer, certificate: Uint8Array | undefined): DocumentFindings {
  using read = opened(bytes)
  const { document, encoding } = read
  const text = textOf(bytes, encoding.name)
  const places = findPlaces(text)
  const found = envelopedSignatures(document)
  if (found.length > mostChecked)
    throw new SigningError(
      'XML_SIGNATURE_MALFORMED',
      `The document has ${found.length} signatures below its root; at most ${mostChecked} are read.`,
    )
  // Two readers must find the same elements, or what is taken out would be another one.
  if (places.children.length !== countElements(document.root))
    throw new SigningError('XML_DOCUMENT_MALFORMED', 'The elements of the document have no certain place in its text.')
  const width = encoding.name === 'latin1' ? 1 : 2
  const inBytes = <Place extends TextRange>(range: Place): Place => ({
    ...range,
    start: range.start * width,
    end: range.end * width,
  })
  const signatureRanges = found.map(({ index }) => inBytes(places.children[index] ?? { start: 0, end: 0 }))
  const { name, namespaceUri: namespace } = document.root
  const signatures = found.map(({ index }, position) => {
    const { start = 0, end = 0 } = signatureRanges[position] ?? {}
    const sha256 = createHash('sha256').update(bytes.subarray(start, end)).digest('hex')
    return { ...check(bytes, index, certificate), sha256 }
  })
  for (const { element } of found) element.remove()
  const { insertion } = places
  return {
    encoding: encoding.name,
    rootName: places.rootName,
    root: { name, namespace },
    insertion: insertion.kind === 'emptyRoot' ? inBytes(insertion) : { ...insertion, at: insertion.at * width },
    signatureRanges,
    digest: documentDigest(document),
    signatures,
  }
}

/** Checks a signature in a tree of its own, since checking it takes it out. */
function check(bytes: Buffer, index: number, certificate: Uint8Array | undefined) {
  using read = opened(bytes)
  const { document } = read
  const element = envelopedSignatures(document).find((each) => each.index === index)?.element
  if (element === undefined) throw new Error('The document was read twice and has other elements.')
  const isLast = numberOf(element, 'count(following-sibling::node())') === 0
  try {
    return { kind: 'signature', isLast, checked: checkEnveloped(document, element, certificate) } as const
  } catch (error) {
    if (!(error instanceof SigningError)) throw error
    return { kind: 'unreadable', isLast, reason: error.message } as const
  }
}

function opened(bytes: Buffer) {
  const read = readDocument(bytes)
  return { ...read, [Symbol.dispose]: () => read.document.dispose() }
}

/** A character for each byte, or for each two of UTF-16. */
function textOf(bytes: Buffer, encoding: DocumentEncoding['name']): string {
  if (encoding !== 'utf16be') return bytes.toString(encoding)
  return Buffer.from(bytes.subarray(0, bytes.length & ~1))
    .swap16()
    .toString('utf16le')
}
