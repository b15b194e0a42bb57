import type { HashAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { digestSuffixes, hashOfAttribute, isDigestAttribute, isWeakHash } from './digest-names.ts'
import { attributeLines } from './manifest-lines.ts'
import type { ManifestSection, ReadManifest } from './manifest-reader.ts'

/** Digests of a file's content, base64, by hash. */
export type EntryDigests = ReadonlyMap<string, string>

/** The manifest that a signature file is made for. */
export interface ComposedManifest {
  readonly bytes: Buffer
  /** Where the main section ends. */
  readonly mainEnd: number
  /** In their order; a section's bytes reach to the next one or the end. */
  readonly sections: readonly { readonly name: string; readonly start: number; readonly end: number }[]
}

/** A manifest as it is in an archive. */
export interface ManifestAtHand {
  readonly bytes: Buffer
  readonly read: ReadManifest
}

/** What attributes call the hashes that we write. */
export const hashNames: Readonly<Record<HashAlgorithm, string>> = {
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
}

const usualLineEnd = '\r\n'

/**
 * The manifest of an archive that is signed anew: every file has a section with its digest by one hash. The main section, and what
 * sections say besides digests, stay as they are; sections that held nothing but digests of files that are gone, go.
 *
 * @param files by their names, in the order in which sections that are missing are added
 */
export function composeManifest(
  existing: ManifestAtHand | undefined,
  files: ReadonlyMap<string, EntryDigests>,
  hash: HashAlgorithm,
): ComposedManifest {
  const digestLine = (digests: EntryDigests, lineEnd: string) =>
    attributeLines(`${hashNames[hash]}${digestSuffixes.entry}`, digestOf(digests, hash), lineEnd)
  const writer = new SectionWriter(existing === undefined ? newMain() : keptMain(existing))
  for (const section of existing?.read.sections ?? []) {
    const digests = files.get(section.name)
    const others = section.attributes.slice(1).filter(({ name }) => !isDigestAttribute(name))
    if (digests === undefined && others.length === 0) continue
    const lineEnd = section.lineEnd === '' ? usualLineEnd : section.lineEnd
    const raw = (attribute: ManifestSection['attributes'][number] | undefined) =>
      attribute === undefined ? Buffer.alloc(0) : terminated(existing, attribute.start, attribute.end, lineEnd)
    writer.add(section.name, [
      raw(section.attributes[0]),
      ...(digests === undefined ? [] : [digestLine(digests, lineEnd)]),
      ...others.map(raw),
      Buffer.from(lineEnd),
    ])
  }
  const present = new Set(existing?.read.sections.map(({ name }) => name))
  for (const [name, digests] of files)
    if (!present.has(name))
      writer.add(name, [
        attributeLines('Name', name, usualLineEnd),
        digestLine(digests, usualLineEnd),
        Buffer.from(usualLineEnd),
      ])
  return writer.done()
}

/**
 * The manifest of an archive whose signatures stay: its bytes are as they were, and sections of files that have none are added behind them.
 *
 * @throws SigningError `JAR_EXISTING_SIGNATURE_UNSUPPORTED` when a section would have to change
 */
export function extendManifest(
  { bytes, read }: ManifestAtHand,
  files: ReadonlyMap<string, EntryDigests>,
  hash: HashAlgorithm,
): ComposedManifest {
  const writer = new SectionWriter(bytes.subarray(0, read.sections[0]?.start ?? bytes.length), read.main.end)
  const sections = new Map(read.sections.map((section) => [section.name, section]))
  for (const [index, section] of read.sections.entries())
    writer.add(
      section.name,
      [bytes.subarray(section.start, read.sections[index + 1]?.start ?? bytes.length)],
      section.end,
    )
  const missing = [...files].filter(([name]) => !sections.has(name))
  for (const [name] of files) {
    const section = sections.get(name)
    if (section !== undefined && !hasStrongDigest(section))
      throw unsupported(`their manifest has no digest of ${name} by SHA-256 or better, and adding one would break them`)
  }
  const last = read.sections.at(-1) ?? read.main
  if (missing.length > 0 && last.end === last.bodyEnd)
    throw unsupported('their manifest does not end with an empty line, so that nothing can be added to it')
  for (const [name, digests] of missing)
    writer.add(name, [
      attributeLines('Name', name, usualLineEnd),
      attributeLines(`${hashNames[hash]}${digestSuffixes.entry}`, digestOf(digests, hash), usualLineEnd),
      Buffer.from(usualLineEnd),
    ])
  return writer.done()
}

function hasStrongDigest({ attributes }: ManifestSection): boolean {
  return attributes.some(({ name }) => {
    const hash = hashOfAttribute(name, digestSuffixes.entry)
    return hash !== undefined && !isWeakHash(hash)
  })
}

function newMain(): Buffer {
  return Buffer.from('Manifest-Version: 1.0\r\nCreated-By: Countersign\r\n\r\n')
}

/** The main section, with what it lacks at its end. */
function keptMain(existing: ManifestAtHand): Buffer {
  const { main } = existing.read
  if (main.attributes.length === 0) return newMain()
  const lineEnd = main.lineEnd === '' ? usualLineEnd : main.lineEnd
  if (main.end > main.bodyEnd) return existing.bytes.subarray(main.start, main.end)
  return Buffer.concat([terminated(existing, main.start, main.bodyEnd, lineEnd), Buffer.from(lineEnd)])
}

/** A range of whole lines, the last of which may lack its end because the file ends there. */
function terminated(manifest: ManifestAtHand | undefined, start: number, end: number, lineEnd: string): Buffer {
  const lines = manifest?.bytes.subarray(start, end) ?? Buffer.alloc(0)
  const last = lines.at(-1)
  return last === 0x0a || last === 0x0d ? lines : Buffer.concat([lines, Buffer.from(lineEnd)])
}

function digestOf(digests: EntryDigests, hash: HashAlgorithm): string {
  const digest = digests.get(hash)
  if (digest === undefined) throw new Error(`A file was not digested by ${hash}.`)
  return digest
}

class SectionWriter {
  readonly #parts: Buffer[]
  readonly #mainEnd: number
  readonly #sections: { name: string; start: number; end: number }[] = []
  #size: number

  /** @param mainEnd where the main section ends, when empty lines are behind it */
  constructor(main: Buffer, mainEnd = main.length) {
    this.#parts = [main]
    this.#mainEnd = mainEnd
    this.#size = main.length
  }

  /** @param end where the section ends in the whole, when what is added goes on behind it */
  add(name: string, lines: readonly Buffer[], end?: number): void {
    const start = this.#size
    for (const line of lines) {
      this.#parts.push(line)
      this.#size += line.length
    }
    this.#sections.push({ name, start, end: end ?? this.#size })
  }

  done(): ComposedManifest {
    return { bytes: Buffer.concat(this.#parts), mainEnd: this.#mainEnd, sections: this.#sections }
  }
}

function unsupported(why: string): SigningError {
  return new SigningError(
    'JAR_EXISTING_SIGNATURE_UNSUPPORTED',
    `A signature cannot be added to those of this archive, only take their place: ${why}.`,
  )
}
