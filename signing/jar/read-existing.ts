import { createHash } from 'node:crypto'
import { readForeignSignedData } from '../cms/index.ts'
import { type DescribedSigner, describeSigner } from '../existing/index.ts'
import type { DoFileWork } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import { digestSuffixes, hashOfAttribute, isWeakHash } from './digest-names.ts'
import { type ManifestSection, type ReadManifest, readManifest } from './manifest-reader.ts'

/** What an archive has of manifest and signatures. */
export interface ExistingFiles {
  readonly manifest: Uint8Array | undefined
  readonly signatures: readonly {
    /** What it is called in plans: the path of its block, or of its signature file where that has none. */
    readonly place: string
    readonly signatureFile: Uint8Array | undefined
    readonly block: Uint8Array | undefined
  }[]
}

/** What was read of them. */
export interface ReadExisting {
  readonly manifest: ReadManifest | undefined
  readonly signatures: readonly ReadJarSignature[]
}

/** A signature, as far as it can be judged without the content of files. */
export type ReadJarSignature = { readonly place: string; readonly sha256: string } & (
  | { readonly kind: 'unreadable'; readonly reason: string }
  | {
      readonly kind: 'signature'
      readonly signer: Omit<DescribedSigner, 'certificate'>
      /** Whether signature file and manifest agree: about all of the manifest, or about each section that the signature file names. */
      readonly fitsManifest: boolean
      /** Names of the sections that it covers. */
      readonly covered: readonly string[]
      /** Weak hashes that it rests on. */
      readonly weakHashes: readonly string[]
    }
)

const code = 'JAR_SIGNATURE_FILE_MALFORMED'

/** SHA-256 of a signature, hexadecimal: of its block and its signature file, each behind its length. */
export function signatureIdentity(block: Uint8Array | undefined, signatureFile: Uint8Array | undefined): string {
  const hash = createHash('sha256')
  for (const part of [block, signatureFile]) {
    const length = Buffer.alloc(8)
    length.writeBigUInt64BE(BigInt(part?.length ?? 0))
    hash.update(length).update(part ?? new Uint8Array())
  }
  return hash.digest('hex')
}

/**
 * In a thread: reads what is there, whoever made it. A signature that cannot be read is named as such; a manifest that cannot is refused.
 *
 * @throws SigningError `JAR_MANIFEST_MALFORMED`
 */
export const doFileWork: DoFileWork<ExistingFiles, ReadExisting> = async (files) => {
  const bytes = files.manifest === undefined ? undefined : bufferOf(files.manifest)
  const manifest = bytes === undefined ? undefined : readManifest(bytes, 'The manifest')
  return {
    manifest,
    signatures: files.signatures.map(({ place, signatureFile, block }) => {
      const identity = { place, sha256: signatureIdentity(block, signatureFile) }
      try {
        if (signatureFile === undefined || block === undefined)
          throw new SigningError(code, `Its ${block === undefined ? 'block' : 'signature file'} is missing.`)
        if (bytes === undefined || manifest === undefined) throw new SigningError(code, 'There is no manifest.')
        return { ...identity, kind: 'signature', ...judge(bufferOf(signatureFile), block, { bytes, read: manifest }) }
      } catch (error) {
        if (!(error instanceof SigningError)) throw error
        return { ...identity, kind: 'unreadable', reason: error.message }
      }
    }),
  }
}

type Judged = Omit<Extract<ReadJarSignature, { readonly kind: 'signature' }>, 'place' | 'sha256' | 'kind'>

function judge(
  signatureFile: Buffer,
  block: Uint8Array,
  manifest: { readonly bytes: Buffer; readonly read: ReadManifest },
): Judged {
  const signedData = readForeignSignedData(block, code, signatureFile)
  const { certificate: _, ...signer } = describeSigner({
    signedData,
    signer: signedData.signer,
    octets: signatureFile,
    contentType: signedData.contentType,
  })
  const { main, sections } = readManifest(signatureFile, 'The signature file')
  const weak = new Set<string>()
  const note = (hash: string) => {
    if (isWeakHash(hash)) weak.add(hash)
  }
  const isWhole = agrees(main, digestSuffixes.manifest, [manifest.bytes], note)
  const mainBytes = manifest.bytes.subarray(0, manifest.read.main.end)
  const fitsMain = agrees(main, digestSuffixes.mainAttributes, [mainBytes], note) ?? true
  const own = new Map(manifest.read.sections.map((section) => [section.name, section]))
  const fitsSections = () =>
    sections.every((stated) => {
      const section = own.get(stated.name)
      if (section === undefined) return false
      const { bytes } = manifest
      // Without its empty line as well: so Java reads what old signers wrote.
      const forms = [bytes.subarray(section.start, section.end), bytes.subarray(section.start, section.bodyEnd)]
      return agrees(stated, digestSuffixes.entry, forms, note) === true
    })
  const fitsManifest = isWhole === true || (fitsMain && fitsSections())
  return { signer, fitsManifest, covered: sections.map(({ name }) => name), weakHashes: [...weak] }
}

/**
 * Whether a section's digests are those of some bytes, in one of the forms that these may have: every known one must be.
 *
 * @returns `undefined` when it has none
 */
function agrees(
  { attributes }: ManifestSection,
  suffix: string,
  forms: readonly Uint8Array[],
  note: (hash: string) => void,
): boolean | undefined {
  const stated = attributes.flatMap(({ name, value }) => {
    const hash = hashOfAttribute(name, suffix)
    return hash === undefined ? [] : [{ hash, value }]
  })
  if (stated.length === 0) return undefined
  if (stated.every(({ hash }) => isWeakHash(hash))) for (const { hash } of stated) note(hash)
  return forms.some((bytes) => stated.every(({ hash, value }) => value === digestOf(hash, bytes)))
}

function digestOf(hash: string, bytes: Uint8Array): string {
  return createHash(hash).update(bytes).digest('base64')
}

/** Bytes that came from another thread. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
