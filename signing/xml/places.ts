import { SigningError } from '../signing-error.ts'

/** From where to where something stands in a text. */
export type TextRange = { readonly start: number; readonly end: number }

/** Where things stand in the text of a document. */
export type DocumentPlaces = {
  /**
   * Where a last child of the root begins: before its end tag; or, where the root is an empty-element tag, the `/` and `>` that its
   * end tag takes the place of.
   */
  readonly insertion:
    | { readonly kind: 'beforeEndTag'; readonly at: number }
    | ({ readonly kind: 'emptyRoot' } & TextRange)
  /** The root's name as it is written, prefix and all. */
  readonly rootName: string
  /** The elements right below the root, in their order. */
  readonly children: readonly TextRange[]
}

/**
 * Finds where the elements of a document stand in its text. The document is well-formed, which another parser has said: this one
 * steps over tags, and knows no more than where they end.
 *
 * @param text a character for each byte, or for each two bytes of UTF-16: only ASCII characters are looked at
 * @throws SigningError `XML_DOCUMENT_MALFORMED` when it cannot find its way; `XML_DTD_UNSUPPORTED`, `XML_NAMESPACE_UNSUPPORTED` when the canonical form
 *   would be in doubt
 */
export function findPlaces(text: string): DocumentPlaces {
  let at = 0
  let depth = 0
  let rootName = ''
  let childStart = 0
  const children: TextRange[] = []

  function endOf(mark: string, from: number): number {
    const found = text.indexOf(mark, from)
    if (found === -1) throw lost(from)
    return found + mark.length
  }

  for (;;) {
    const open = text.indexOf('<', at)
    if (open === -1) throw lost(at)
    if (text.startsWith('<!--', open)) at = endOf('-->', open + 4)
    else if (text.startsWith('<?', open)) at = endOf('?>', open + 2)
    else if (text.startsWith('<![CDATA[', open)) at = endOf(']]>', open + 9)
    else if (text.startsWith('<!', open)) {
      at = endOfDeclaration(text, open)
      checkDoctype(text.slice(open, at))
    } else if (text.startsWith('</', open)) {
      depth -= 1
      at = endOf('>', open)
      if (depth === 1) children.push({ start: childStart, end: at })
      if (depth === 0) return { insertion: { kind: 'beforeEndTag', at: open }, rootName, children }
    } else {
      at = endOfTag(text, open)
      const tag = text.slice(open, at)
      checkNamespaces(tag)
      const isEmpty = tag.endsWith('/>')
      if (depth === 0) {
        rootName = /^<([^\s/>]+)/.exec(tag)?.[1] ?? ''
        if (isEmpty) return { insertion: { kind: 'emptyRoot', start: at - 2, end: at }, rootName, children }
      }
      if (depth === 1) {
        if (isEmpty) children.push({ start: open, end: at })
        childStart = open
      }
      if (!isEmpty) depth += 1
    }
  }
}

/** Behind the `>` of a tag, whose attributes may hold one. */
function endOfTag(text: string, open: number): number {
  let quote = ''
  for (let at = open; at < text.length; at += 1) {
    const character = text[at]
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '>') return at + 1
  }
  throw lost(open)
}

/** Behind a document type declaration, with all that stands between its brackets. */
function endOfDeclaration(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at += 1) {
    if (text.startsWith('<!--', at)) at = indexAfter(text, '-->', at + 4) - 1
    else if (text.startsWith('<?', at)) at = indexAfter(text, '?>', at + 2) - 1
    else if (text[at] === '"' || text[at] === "'") at = indexAfter(text, text[at] ?? '', at + 1) - 1
    else if (text[at] === '<') depth += 1
    else if (text[at] === '>') {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  throw lost(open)
}

function indexAfter(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from)
  if (found === -1) throw lost(from)
  return found + mark.length
}

/**
 * What a verifier may or may not fetch, or put in, must not decide what is signed: xmlsec1 expands no entities and completes no
 * attributes, others do.
 */
function checkDoctype(declaration: string): void {
  const plain = declaration.replaceAll(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g, ' ')
  const outside = plain.replaceAll(/"[^"]*"|'[^']*'/g, '""')
  const found =
    (/\s(?:SYSTEM|PUBLIC)\s/.test(outside) && 'names something outside of the document (SYSTEM or PUBLIC)') ||
    (/<!ENTITY\s|%\s*[^\s;"]+;/.test(outside) && 'declares or uses entities') ||
    (/<!ATTLIST\s[^>]*""/.test(outside) && 'gives attributes default values')
  if (found !== false)
    throw new SigningError(
      'XML_DTD_UNSUPPORTED',
      `The document type declaration ${found}: some verifiers read these and others do not, so they see different documents. Put into the document itself what is needed.`,
    )
  if (/xmlns/.test(plain)) throw namespaceUnsupported('The document type declaration declares namespaces')
}

/** A `&` in the name of a namespace is written in three ways by as many libraries. */
function checkNamespaces(tag: string): void {
  if (tag.includes('&') && /\sxmlns(?::[^\s=]+)?\s*=\s*(?:"[^"&]*&|'[^'&]*&)/.test(tag))
    throw namespaceUnsupported('The name of a namespace has an ampersand or a reference in it')
}

function namespaceUnsupported(what: string): SigningError {
  return new SigningError(
    'XML_NAMESPACE_UNSUPPORTED',
    `${what}: verifiers make different canonical forms of that. Use a namespace without it.`,
  )
}

function lost(at: number): SigningError {
  return new SigningError('XML_DOCUMENT_MALFORMED', `What begins at offset ${at} of the document does not end.`)
}
