import { ParseOption, type XmlAttribute, XmlC14NMode, XmlDocument, type XmlElement, XmlParseError } from 'libxml2-wasm'
import { SigningError } from '../signing-error.ts'
import { type CanonicalForm, signatureNamespace } from './identifiers.ts'

/** How the characters of a document are written. */
export type DocumentEncoding = {
  /** As Node calls it: of ASCII-compatible encodings each byte is a character. */
  readonly name: 'latin1' | 'utf16le' | 'utf16be'
}

/** Nothing is fetched, from anywhere. */
const options =
  ParseOption.XML_PARSE_NONET |
  ParseOption.XML_PARSE_NO_XXE |
  ParseOption.XML_PARSE_NO_SYS_CATALOG |
  ParseOption.XML_PARSE_BIG_LINES

/**
 * Reads a document (XML 1.0, fifth edition; Namespaces in XML 1.0) by libxml2. Any complaint of the parser is an error: what two
 * parsers read differently must not be signed. Elements may be 256 deep.
 *
 * @returns to be disposed by the caller
 * @throws SigningError `XML_DOCUMENT_MALFORMED`, `XML_ENCODING_UNSUPPORTED`
 */
export function readDocument(bytes: Uint8Array): {
  readonly document: XmlDocument
  readonly encoding: DocumentEncoding
} {
  const document = parsed(bytes)
  try {
    const [complaint] = document.warnings
    if (complaint !== undefined) throw malformed(complaint)
    if (document.version !== '1.0')
      throw malformed({ message: `it is XML ${document.version}, not 1.0`, line: 1, col: 0 })
    return { document, encoding: encodingOf(bytes, document.encoding) }
  } catch (error) {
    document.dispose()
    throw error
  }
}

function parsed(bytes: Uint8Array): XmlDocument {
  try {
    return XmlDocument.fromBuffer(bytes, { option: options as ParseOption })
  } catch (error) {
    if (!(error instanceof XmlParseError)) throw error
    throw malformed(error.details[0] ?? { message: error.message, line: 1, col: 0 })
  }
}

function malformed({ message, line, col }: { readonly message: string; readonly line: number; readonly col: number }) {
  const said = message.trim().replaceAll(/\s+/g, ' ').slice(0, 300)
  return new SigningError(
    'XML_DOCUMENT_MALFORMED',
    `The document is not well-formed XML: line ${line}, column ${col}: ${said}.`,
  )
}

function encodingOf(bytes: Uint8Array, declared: string | null): DocumentEncoding {
  const name = (declared ?? 'utf-8').toLowerCase()
  const [first, second] = bytes
  const isLittle = first === 0xff && second === 0xfe
  const isBig = first === 0xfe && second === 0xff
  const isUtf16 = isLittle || isBig
  if (isUtf16 && /^utf-?16/.test(name)) return { name: isLittle ? 'utf16le' : 'utf16be' }
  if (!isUtf16 && ['utf-8', 'utf8', 'us-ascii', 'ascii', 'iso-8859-1', 'latin1'].includes(name))
    return { name: 'latin1' }
  throw new SigningError(
    'XML_ENCODING_UNSUPPORTED',
    `The document is written in ${name}${isUtf16 ? ', and begins with the mark of UTF-16' : ''}. UTF-8, US-ASCII, ISO-8859-1, and UTF-16 with its mark are signed.`,
  )
}

/** The signatures of a document that stand right below its root, with their places among the root's elements. */
export function envelopedSignatures(
  document: XmlDocument,
): readonly { readonly element: XmlElement; readonly index: number }[] {
  return (document.root.find('ds:Signature', { ds: signatureNamespace }) as XmlElement[]).map((element) => ({
    element,
    index: numberOf(element, 'count(preceding-sibling::*)'),
  }))
}

/** How many elements are right below one. */
export function countElements(parent: XmlElement): number {
  return numberOf(parent, 'count(*)')
}

/** The elements right below one, in their order. */
export function childElements(parent: XmlElement): readonly XmlElement[] {
  return parent.find('*') as XmlElement[]
}

/** A number that an XPath expression gives. The library's own steps from node to node know no processing instructions. */
export function numberOf(element: XmlElement, expression: string): number {
  return element.eval(expression) as number
}

/** Whether an element has this name of XML Signature. */
export function isNamed(element: XmlElement, name: string): boolean {
  return element.name === name && element.namespaceUri === signatureNamespace
}

/** An attribute's value when it is of no namespace. */
export function attributeOf(element: XmlElement, name: string): string | undefined {
  return element.attrs.find((each: XmlAttribute) => each.name === name && each.namespacePrefix === '')?.value
}

const modes = {
  inclusive: XmlC14NMode.XML_C14N_1_0,
  inclusive11: XmlC14NMode.XML_C14N_1_1,
  exclusive: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0,
}

/**
 * The canonical form of a whole document, or of an element of it.
 *
 * @param prefixes of an exclusive form those that are treated as in an inclusive one
 * @throws SigningError `XML_DOCUMENT_MALFORMED` when there is none, as for relative names of namespaces
 */
export function canonicalForm(
  node: XmlDocument | XmlElement,
  { kind, withComments }: CanonicalForm,
  prefixes: readonly string[] = [],
): string {
  try {
    return node.canonicalizeToString({
      mode: modes[kind],
      withComments,
      ...(prefixes.length > 0 && { inclusiveNamespacePrefixes: [...prefixes] }),
    })
  } catch (error) {
    throw new SigningError(
      'XML_DOCUMENT_MALFORMED',
      `The document has no canonical form: ${error instanceof Error ? error.message.trim() : 'it cannot be written'}`,
    )
  }
}
