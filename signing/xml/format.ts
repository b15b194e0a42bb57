import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type DirectiveOrder, type ExistingSignature, keyAlgorithms } from '../../domain/index.ts'
import { readCertificateFields } from '../cms/index.ts'
import { onlyDirective } from '../directives.ts'
import { plainSignature } from '../ecdsa-value.ts'
import { existingSigner } from '../existing/index.ts'
import type { DirectiveDefinition, FileParts, SignatureFormat } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { type Splice, spliceFile } from '../splice-file.ts'
import { signatureElement, signedInfo } from './compose-signature.ts'
import type { DocumentFindings, EnvelopedSignature } from './document-thread.ts'
import { integrityOf, readFindings } from './findings.ts'
import { digestMethods } from './identifiers.ts'
import { verifyDocument } from './verify.ts'

const keyInfoChoices = ['none', 'leaf', 'whole-chain', 'exclude-root'] as const

const attributes = z.strictObject({
  'key-info-x509-data': z
    .enum(keyInfoChoices)
    .default('leaf')
    .meta({ title: 'certificates', description: 'Which certificates travel in the signature.' }),
})

const xmlSign: DirectiveDefinition = {
  name: 'xml-sign',
  attributes,
  // The certificates are read back, and more than one choice may give the same.
  untraceable: ['key-info-x509-data'],
  keyAlgorithms,
  timestamps: false,
  embeddedCertificates: (chain, given) => certificatesFor(chain, given),
}

/** What the digest of a document is called in plans. */
const content = 'document'

/**
 * XML documents with an enveloped signature right below their root, the last thing in it (XML Signature 1.1 §3.2; Exclusive XML
 * Canonicalization 1.0; RFC 6931). The element is put into the bytes of the document, which stay as they are.
 */
export const xmlFormat: SignatureFormat<null, undefined> = {
  name: 'xml',
  title: 'XML documents (xml)',
  elements: ['xml-file'],
  directives: [xmlSign],
  detect,
  checkStart: async () => ({ isSigned: false }),
  defaultOrders: () => [{ directive: xmlSign.name, attributes: {} }],
  readLayout: async () => null,
  digestion: () => undefined,

  async plan({ handle, size }, orders, options) {
    const order = onlyDirective(orders)
    const { digest, signatures } = await readFindings(handle, size, options)
    return {
      existingSignatures: signatures.map(existing),
      directives: [{ ...order, contentDigests: [{ content, algorithm: 'sha256', digest }] }],
    }
  },

  async sign({ handle, size }, directives, { key, certificateChain }, options) {
    const directive = onlyDirective(directives)
    const found = await readFindings(handle, size, options)
    const [planned] = directive.contentDigests
    if (planned !== undefined && planned.digest !== found.digest)
      throw new SigningError('XML_DIGEST_MISMATCH', 'The document is another one than the planned.')
    const digest = Buffer.from(found.digest, 'hex')
    const kind = key.algorithm.startsWith('rsa') ? 'rsa' : 'ec'
    const signed = createHash('sha256').update(signedInfo(kind, digest)).digest()
    const signature = await key.sign('sha256', signed)
    const value = plainSignature(key.algorithm, signature, 'XML_SIGNATURE_MALFORMED')
    const certificates = certificatesFor(certificateChain, directive.attributes)
    options.signal?.throwIfAborted()
    await spliceFile(handle, size, splicesFor(found, signatureElement(kind, digest, value, certificates)))
    return undefined
  },

  async verify(handle, expectation, options) {
    const { size } = await handle.stat()
    const [leaf] = expectation.certificateChain
    const found = verifyDocument(await readFindings(handle, size, options, leaf), expectation)
    const { digest } = found
    return [
      {
        directive: xmlSign.name,
        attributes: {},
        contentDigests: [{ content, algorithm: 'sha256', digest }],
        signerCertificate: found.signerCertificate,
        certificates: found.certificates,
        timestamp: undefined,
      },
    ]
  },
}

/** Begins as XML does: with a declaration, a comment, an instruction, a document type or an element. */
async function detect({ readPart }: FileParts) {
  // Of other files no more than that need be at hand.
  if (!/^(?:\s|<|\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)/.test((await readPart(0, 3)).toString('latin1')))
    return 'foreign'
  const start = await readPart(0, 1024)
  const isLittle = start[0] === 0xff && start[1] === 0xfe
  const isBig = start[0] === 0xfe && start[1] === 0xff
  const even = start.subarray(0, start.length & ~1)
  const text = isLittle
    ? even.toString('utf16le')
    : isBig
      ? Buffer.from(even).swap16().toString('utf16le')
      : start.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '')
  const isXml = /^\ufeff?\s*<(?:\?xml\s|!--|\?[A-Za-z_]|!DOCTYPE\s+(?!html)|[A-Za-z_:\u0080-\uffff][^<]*>)/.test(text)
  return isXml || /^\ufeff?\s*<[A-Za-z_:\u0080-\uffff][^<>]*$/.test(text) ? 'recognized' : 'foreign'
}

/** How a signature gets into a document, and those that it had out of it. */
function splicesFor(found: DocumentFindings, element: string): readonly Splice[] {
  const { insertion, rootName, signatureRanges, encoding } = found
  const nothing = new Uint8Array()
  const removed = signatureRanges.map(({ start, end }) => ({ start, end, bytes: nothing }))
  const added =
    insertion.kind === 'emptyRoot'
      ? { start: insertion.start, end: insertion.end, bytes: encoded(`>${element}</${rootName}>`, encoding) }
      : { start: insertion.at, end: insertion.at, bytes: encoded(element, encoding) }
  return [...removed, added]
}

/** @param text of the root's name too, which has a character for each byte or two, as the text of places */
function encoded(text: string, encoding: DocumentFindings['encoding']): Buffer {
  if (encoding === 'latin1') return Buffer.from(text, 'latin1')
  const little = Buffer.from(text, 'utf16le')
  return encoding === 'utf16le' ? little : little.swap16()
}

function certificatesFor(chain: readonly Uint8Array[], given: DirectiveOrder['attributes']): readonly Uint8Array[] {
  switch (attributes.parse(given)['key-info-x509-data']) {
    case 'none':
      return []
    case 'leaf':
      return chain.slice(0, 1)
    case 'whole-chain':
      return chain
    case 'exclude-root':
      return chain.filter((each, index) => index === 0 || !isSelfIssued(each))
  }
}

function isSelfIssued(certificate: Uint8Array): boolean {
  const { issuer, subject } = readCertificateFields(certificate, 'XML_SIGNATURE_MALFORMED')
  return Buffer.compare(issuer, subject) === 0
}

/** A signature that is there already, as plans name it. A second enveloped one would make both invalid, so it is replaced. */
function existing(signature: EnvelopedSignature): ExistingSignature {
  const placed = { outcome: 'replaced', place: 'enveloped signature', depth: 0, sha256: signature.sha256 } as const
  if (signature.kind === 'unreadable') return { ...placed, kind: 'unreadable', reason: signature.reason.slice(0, 300) }
  const { checked } = signature
  const [leaf] = checked.certificates
  return {
    ...placed,
    kind: 'signature',
    ...existingSigner(leaf),
    digestAlgorithm: digestMethods.get(checked.digestMethod) ?? checked.digestMethod.slice(0, 100),
    integrity: integrityOf(checked),
    timestamp: null,
    uncovered: checked.extras.slice(0, 8).map((each) => each.slice(0, 100)),
  }
}
