import { createHash } from 'node:crypto'
import { type HashAlgorithm, hashAlgorithms } from '../../domain/index.ts'
import type { DoFileWork } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import { type ManifestSection, type ReadManifest, readManifest } from './manifest-reader.ts'

/** The files that say what is covered. */
export interface CoveringFiles {
  readonly manifest: Uint8Array
  /** Of the signature that was made. */
  readonly signatureFile: Uint8Array
  /** Of those that were there before. */
  readonly kept: readonly { readonly name: string; readonly bytes: Uint8Array }[]
}

/** What they say, once they were found to fit each other. */
export interface Coverage {
  readonly manifestHash: HashAlgorithm
  /** Digest of the manifest by it, hexadecimal. */
  readonly manifestDigest: string
  /** For each section of the manifest its name, and its digests of content, base64, by hash. */
  readonly sections: readonly (readonly [name: string, digests: readonly (readonly [hash: string, digest: string])[]])[]
}

const mismatch = 'JAR_SIGNATURE_FILE_MISMATCH'

/**
 * In a thread: verifies that the new signature file names the whole manifest, its main section and every other section, each by one
 * hash and in the manifest's order, and nothing else; and that those that were kept still fit the sections that they name.
 *
 * @throws SigningError `JAR_MANIFEST_MALFORMED`, `JAR_SIGNATURE_FILE_MISMATCH`, `JAR_KEPT_SIGNATURE_CHANGED`
 */
export const doFileWork: DoFileWork<CoveringFiles, Coverage> = async ({ manifest, signatureFile, kept }) => {
  const bytes = asBuffer(manifest)
  const read = readManifest(bytes, 'The manifest')
  const own = readManifest(asBuffer(signatureFile), 'The signature file')
  const manifestHash = hashOfSignatureFile(own)
  assertCovers(own, { bytes, read }, manifestHash)
  for (const each of kept) assertStillFits(each, { bytes, read })
  return {
    manifestHash,
    manifestDigest: createHash(manifestHash).update(bytes).digest('hex'),
    sections: read.sections.map(({ name, attributes }) => [
      name,
      attributes.flatMap((attribute) => {
        const [, label = ''] = /^(.+)-Digest$/i.exec(attribute.name) ?? []
        const hash = knownHash(label)
        return hash === undefined ? [] : [[hash, attribute.value] as const]
      }),
    ]),
  }
}

interface ManifestBytes {
  readonly bytes: Buffer
  readonly read: ReadManifest
}

/** The hash is the one by which it names the whole manifest. */
function hashOfSignatureFile({ main }: ReadManifest): HashAlgorithm {
  const found = hashAlgorithms.filter((hash) => valueIn(main, `${label(hash)}-Digest-Manifest`) !== undefined)
  const [hash, another] = found
  if (hash === undefined || another !== undefined)
    throw new SigningError(mismatch, 'The signature file must have the digest of the manifest by one hash of SHA-2.')
  return hash
}

function assertCovers(own: ReadManifest, { bytes, read }: ManifestBytes, hash: HashAlgorithm): void {
  const digest = (start: number, end: number) => createHash(hash).update(bytes.subarray(start, end)).digest('base64')
  const expectedMain = new Map([
    ['Signature-Version', '1.0'],
    [`${label(hash)}-Digest-Manifest-Main-Attributes`, digest(read.main.start, read.main.end)],
    [`${label(hash)}-Digest-Manifest`, digest(0, bytes.length)],
    ['Created-By', undefined],
  ])
  for (const { name, value } of own.main.attributes) {
    if (!expectedMain.has(name))
      throw new SigningError(mismatch, `The signature file has the attribute ${name}, which does not belong there.`)
    const expected = expectedMain.get(name)
    if (expected !== undefined && value !== expected)
      throw new SigningError(mismatch, `${name} of the signature file is not that of the manifest.`)
    expectedMain.delete(name)
  }
  expectedMain.delete('Created-By')
  const [missing] = expectedMain.keys()
  if (missing !== undefined) throw new SigningError(mismatch, `The signature file lacks the attribute ${missing}.`)
  if (own.sections.length !== read.sections.length)
    throw new SigningError(
      mismatch,
      `The signature file names ${own.sections.length} sections; the manifest has ${read.sections.length}.`,
    )
  for (const [index, section] of read.sections.entries()) {
    const stated = own.sections[index]
    const [, digested, more] = stated?.attributes ?? []
    const isRight =
      stated?.name === section.name &&
      more === undefined &&
      digested?.name === `${label(hash)}-Digest` &&
      digested.value === digest(section.start, section.end)
    if (!isRight)
      throw new SigningError(mismatch, `The signature file does not name the section ${section.name} as it is.`)
  }
}

/** As Java verifies it: all of the manifest, or the main section, where it has a digest of that, and each section that it names. */
function assertStillFits({ name, bytes: file }: CoveringFiles['kept'][number], { bytes, read }: ManifestBytes): void {
  const { main, sections } = readManifest(asBuffer(file), name)
  const isDigest = (section: ManifestSection, suffix: string, part: Uint8Array) => {
    const stated = section.attributes.flatMap((attribute) => {
      if (!attribute.name.toLowerCase().endsWith(suffix.toLowerCase())) return []
      const hash = knownHash(attribute.name.slice(0, -suffix.length))
      return hash === undefined ? [] : [createHash(hash).update(part).digest('base64') === attribute.value]
    })
    return stated.length === 0 ? undefined : stated.every((each) => each)
  }
  if (isDigest(main, '-Digest-Manifest', bytes) === true) return
  const byName = new Map(read.sections.map((section) => [section.name, section]))
  const fits =
    isDigest(main, '-Digest-Manifest-Main-Attributes', bytes.subarray(0, read.main.end)) !== false &&
    sections.every((stated) => {
      const section = byName.get(stated.name)
      if (section === undefined) return false
      const whole = bytes.subarray(section.start, section.end)
      const withoutEmptyLine = bytes.subarray(section.start, section.bodyEnd)
      return isDigest(stated, '-Digest', whole) === true || isDigest(stated, '-Digest', withoutEmptyLine) === true
    })
  if (!fits)
    throw new SigningError(
      'JAR_KEPT_SIGNATURE_CHANGED',
      `${name}, which was there before, does not fit the manifest any more.`,
    )
}

function valueIn({ attributes }: ManifestSection, name: string): string | undefined {
  return attributes.find((attribute) => attribute.name === name)?.value
}

function label(hash: HashAlgorithm): string {
  return hash.replace('sha', 'SHA-')
}

/** The hash that a name stands for, as OpenSSL calls it. */
function knownHash(name: string): string | undefined {
  const folded = name.toLowerCase()
  if (folded === 'md5' || /^sha3-(?:256|384|512)$/.test(folded)) return folded
  const [, bits] = /^sha-?(1|224|256|384|512)?$/.exec(folded) ?? []
  return bits !== undefined ? `sha${bits}` : folded === 'sha' ? 'sha1' : undefined
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
