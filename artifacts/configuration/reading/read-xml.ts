import { SaxesParser, type SaxesTagNS } from 'saxes'
import { largestConfiguration } from '../../../domain/artifact-configuration/events.ts'
import type { Findings } from './findings.ts'
import { type LineIndex, lineIndex } from './line-index.ts'
import type { XmlAttribute, XmlComment, XmlDocument, XmlElement } from './xml-document.ts'

/** The deepest nesting of its elements: containers are nested far less deep. */
export const deepestNesting = 64
/** The most elements, of all kinds. */
export const mostElements = 20_000

/** Ends the reading of a document of which nothing more can be said. */
class Unreadable extends Error {}

type Growing = { element: Omit<XmlElement, 'children'>; children: (XmlElement | XmlComment)[] }

/**
 * Reads a document as XML 1.0 with namespaces. What makes documents dangerous or ambiguous is refused before it has a meaning: document
 * types, and with them all entities but the five of XML itself; processing instructions; encodings other than UTF-8; characters that
 * nobody sees.
 *
 * @returns `undefined` when it cannot be read; the errors say why
 */
export function readXml(document: string | Uint8Array, findings: Findings): XmlDocument | undefined {
  const text = decode(document, findings)
  return text === undefined ? undefined : readText(text, findings)
}

function decode(document: string | Uint8Array, findings: Findings): string | undefined {
  const start = { line: 1, column: 1 }
  const size = typeof document === 'string' ? Buffer.byteLength(document) : document.length
  if (size > largestConfiguration) {
    findings.error(
      'ARTIFACT_CONFIGURATION_TOO_LARGE',
      start,
      `The document has ${size} bytes; it may have ${largestConfiguration}.`,
    )
    return undefined
  }
  const text = typeof document === 'string' ? document : decodeUtf8(document)
  if (text?.isWellFormed() === true) return text.replace(/^\ufeff/, '')
  findings.error('ARTIFACT_CONFIGURATION_ENCODING', start, 'The document is not UTF-8. Save it as UTF-8.')
  return undefined
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function readText(text: string, findings: Findings): XmlDocument | undefined {
  const at = lineIndex(text)
  const hidden = hiddenCharacter(text)
  if (hidden !== undefined) {
    const message = `The document has ${hidden.name}, which nobody sees and which can make it look like another one. Remove it.`
    findings.error('ARTIFACT_CONFIGURATION_INVISIBLE', at(hidden.offset), message)
    return undefined
  }
  const note = (code: string, offset: number, message: string) => findings.error(code, at(offset), message)
  try {
    return parse(text, at, {
      note,
      refuse(code, offset, message) {
        note(code, offset, message)
        throw new Unreadable()
      },
    })
  } catch (error) {
    if (error instanceof Unreadable) return undefined
    throw error
  }
}

/** Controls of direction, and what is displayed as nothing. */
function hiddenCharacter(text: string): { readonly offset: number; readonly name: string } | undefined {
  const hidden = /[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/u
  if (!hidden.test(text)) return undefined
  // Emoji are joined and coloured by such characters, and are seen.
  const found = hidden.exec(text.replaceAll(/\p{RGI_Emoji}/gv, (emoji) => ' '.repeat(emoji.length)))
  if (found === null) return undefined
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return { offset: found.index, name: `U+${code}` }
}

function parse(
  text: string,
  at: LineIndex,
  {
    note,
    refuse,
  }: {
    /** Takes down an error behind which reading goes on. */
    readonly note: (code: string, offset: number, message: string) => void
    readonly refuse: (code: string, offset: number, message: string) => never
  },
): XmlDocument {
  const parser = new SaxesParser({ xmlns: true })
  const outside: { before: XmlComment[]; after: XmlComment[] } = { before: [], after: [] }
  const open: Growing[] = []
  let root: XmlElement | undefined
  let count = 0
  /** Where the last piece of markup ended: text begins there. */
  let end = 0
  const startOf = (opening: string) => text.lastIndexOf(opening, parser.position - 1)
  const noText = (content: string) => {
    if (content.trim() === '') return
    const offset = end + text.slice(end).search(/\S/)
    note('ARTIFACT_CONFIGURATION_TEXT', offset, `Text has no meaning here: ${quoted(content.trim())}. Remove it.`)
  }

  parser.on('error', ({ message }) => {
    const what = message.replace(/^(?:undefined:)?\d+:\d+: /, '').replace(/\.$/, '')
    const offset = Math.min(Math.max(parser.position - 1, 0), text.length)
    refuse('ARTIFACT_CONFIGURATION_MALFORMED', offset, `The document is not well-formed XML: ${what}.`)
  })
  parser.on('xmldecl', ({ version, encoding }) => {
    if (version !== undefined && version !== '1.0')
      refuse('ARTIFACT_CONFIGURATION_MALFORMED', 0, `The document is XML ${version}; it must be XML 1.0.`)
    if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8')
      refuse(
        'ARTIFACT_CONFIGURATION_ENCODING',
        0,
        `The document says that it is ${quoted(encoding)}; it must be UTF-8, and say so.`,
      )
  })
  parser.on('doctype', () =>
    refuse(
      'ARTIFACT_CONFIGURATION_DOCUMENT_TYPE',
      startOf('<!DOCTYPE'),
      'A document type definition is not allowed. Remove it.',
    ),
  )
  parser.on('processinginstruction', ({ target }) =>
    refuse(
      'ARTIFACT_CONFIGURATION_INSTRUCTION',
      startOf('<?'),
      `The processing instruction ${quoted(target)} has no meaning here. Remove it.`,
    ),
  )
  parser.on('text', noText)
  parser.on('cdata', (content) => {
    refuse(
      'ARTIFACT_CONFIGURATION_TEXT',
      startOf('<![CDATA['),
      `Text has no meaning here: ${quoted(content)}. Remove it.`,
    )
  })
  parser.on('comment', (content) => {
    const comment: XmlComment = { kind: 'comment', text: content, position: at(startOf('<!--')) }
    end = parser.position
    const parent = open.at(-1)
    if (parent !== undefined) parent.children.push(comment)
    else outside[root === undefined ? 'before' : 'after'].push(comment)
  })
  parser.on('opentagstart', () => {
    const offset = startOf('<')
    count += 1
    if (open.length >= deepestNesting)
      refuse('ARTIFACT_CONFIGURATION_TOO_DEEP', offset, `Elements are nested more than ${deepestNesting} deep.`)
    if (count > mostElements)
      refuse('ARTIFACT_CONFIGURATION_TOO_MANY', offset, `The document has more than ${mostElements} elements.`)
  })
  parser.on('opentag', (tag) => {
    const offset = startOf('<')
    end = parser.position
    const { local: name, uri: namespace } = tag
    const attributes = attributesOf(tag, text.slice(offset, end), (within) => at(offset + within))
    open.push({ element: { kind: 'element', name, namespace, attributes, position: at(offset) }, children: [] })
  })
  parser.on('closetag', () => {
    end = parser.position
    const closed = open.pop()
    if (closed === undefined) return
    const element: XmlElement = { ...closed.element, children: closed.children }
    const parent = open.at(-1)
    if (parent === undefined) root = element
    else parent.children.push(element)
  })
  parser.write(text).close()
  return root === undefined
    ? refuse('ARTIFACT_CONFIGURATION_MALFORMED', text.length, 'The document has no element.')
    : { ...outside, root }
}

/** The attributes with their places, which are found in the tag once more: it is known to be well-formed. */
function attributesOf(tag: SaxesTagNS, source: string, at: LineIndex): XmlAttribute[] {
  const written = source.matchAll(/\s([^\s=<>"'/]+)\s*=\s*(?:"[^"]*"|'[^']*')/g)
  return [...written].flatMap((match) => {
    const attribute = tag.attributes[match[1] ?? '']
    if (attribute === undefined || attribute.prefix === 'xmlns' || attribute.name === 'xmlns') return []
    const { local: name, uri: namespace, value } = attribute
    return [{ name, namespace, value, position: at(match.index + 1) }]
  })
}

/** Somebody's text in a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
