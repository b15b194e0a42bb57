import { der, objectIdentifiers } from '../cms/index.ts'

/** How scripts of a language are signed. Plain data: it goes to the threads that read files. */
export interface ScriptKind {
  /** In lower case, without the dot. */
  readonly extensions: readonly string[]
  /** The whole line before the signature, and the whole line behind it. */
  readonly begin: string
  readonly end: string
  /** What stands before and behind the base64 of each line of the signature. */
  readonly before: string
  readonly after: string
  /** SpcSipInfo: its version, and the identifier of what verifies such files in Windows, 16 bytes in hexadecimal. */
  readonly sip: { readonly version: number; readonly identifier: string }
  /**
   * What a text without a byte order mark is to Windows: `windows-1252` whatever it holds; or UTF-8, and Windows-1252 when it is
   * not well-formed UTF-8.
   */
  readonly unmarked: 'utf-8' | 'windows-1252'
  /** Whether the byte order mark is a part of what is digested. */
  readonly digestsMark: boolean
  /** Whether the place of the signature, in UTF-16 units from the beginning of the text, is digested behind it (32 bits, little endian). */
  readonly digestsPosition: boolean
  /** The text before whose last occurrence the signature stands; `null`: it stands at the end. */
  readonly standsBefore: string | null
}

/** Bytes of the largest script that is signed: it is read whole, and no script that people write has more. */
export const scriptSizeLimit = 32 * 1024 * 1024

/** The kind of a file by its name, for a script is to Windows what its name says; `undefined` for other names. */
export function kindByName(kinds: readonly ScriptKind[], fileName: string): ScriptKind | undefined {
  const extension = /\.([^.]+)$/.exec(fileName)?.[1]?.toLowerCase()
  return kinds.find(({ extensions }) => extension !== undefined && extensions.includes(extension))
}

/** SpcSipInfo of a kind, a whole element. */
export function encodeSipInfo({ sip }: ScriptKind): Uint8Array {
  const reserved = Array.from({ length: 5 }, () => der.integer(0))
  return der.sequence(der.integer(sip.version), der.octetString(Buffer.from(sip.identifier, 'hex')), ...reserved)
}

/** What a signature of such a file is about, as SpcIndirectDataContent has it. */
export function encodeSipSubject(kind: ScriptKind): Uint8Array {
  return der.sequence(der.objectIdentifier(objectIdentifiers.spcSipInfo), encodeSipInfo(kind))
}
