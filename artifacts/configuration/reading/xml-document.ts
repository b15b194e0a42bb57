/** A place in a document: both from 1. Columns count UTF-16 code units, as editors do; a line ends with CR LF, LF or CR. */
export type Position = { readonly line: number; readonly column: number }

/** An element as it is written. Plain data. */
export type XmlElement = {
  readonly kind: 'element'
  /** Without its prefix. */
  readonly name: string
  readonly namespace: string
  /** In the order in which they are written; without those that declare namespaces. */
  readonly attributes: readonly XmlAttribute[]
  readonly children: readonly (XmlElement | XmlComment)[]
  /** Of its `<`. */
  readonly position: Position
}

/** An attribute as it is written, its value without references. */
export type XmlAttribute = {
  readonly name: string
  /** Empty for attributes without a prefix. */
  readonly namespace: string
  readonly value: string
  /** Of its name. */
  readonly position: Position
}

/** A comment; kept for whoever writes the document again. */
export type XmlComment = {
  readonly kind: 'comment'
  readonly text: string
  /** Of its `<`. */
  readonly position: Position
}

/** What stands in a document, with the comments before and behind its root. */
export type XmlDocument = {
  readonly before: readonly XmlComment[]
  readonly root: XmlElement
  readonly after: readonly XmlComment[]
}
