import type { FileHandle } from 'node:fs/promises'
import { openZip, usualArchiveLimits, type ZipArchive, type ZipEntry } from '../../archives/index.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { type FileRole, roleOf } from './file-names.ts'

/** A file of an archive by the name that Java knows it by. */
export interface JarFile {
  readonly name: string
  readonly entry: ZipEntry
}

/** The files of one signature, by the name that they have in common; one of them may be missing. */
export interface JarSignatureFiles {
  /** In capitals. */
  readonly base: string
  readonly signatureFile: (JarFile & { readonly bytes: Buffer }) | undefined
  readonly block: (JarFile & { readonly bytes: Buffer }) | undefined
}

/** An archive as signatures of JAR files look at it. */
export interface OpenJar {
  readonly archive: ZipArchive
  readonly manifest: (JarFile & { readonly bytes: Buffer }) | undefined
  /** What is digested, in the order of the directory: everything but folders, the manifest and files of signatures. */
  readonly files: readonly JarFile[]
  readonly signatures: readonly JarSignatureFiles[]
  /** Files that belong to signatures by their names alone. */
  readonly otherSignatureFiles: readonly JarFile[]
}

const largestManifest = 64 * 1024 * 1024
/** Java's own limit for what it reads of a signature. */
const largestSignature = 16_000_000

/**
 * Opens a JAR file, or another ZIP archive that is signed as one.
 *
 * @throws SigningError `JAR_BYTES_BEFORE`, `JAR_ENTRY_NAME_UNSUITABLE`, `JAR_MANIFEST_DUPLICATE`, `JAR_MANIFEST_TOO_LARGE`,
 *   `JAR_SIGNATURE_FILE_DUPLICATE`, `JAR_SIGNATURE_FILE_TOO_LARGE`; those of archives
 */
export async function openJar(
  file: { readonly handle: FileHandle; readonly size: number },
  { passes, signal }: FileWorkOptions,
): Promise<OpenJar> {
  const archive = await openZip(file, { limits: usualArchiveLimits, passes, signal })
  if (archive.directory.prefixSize > 0)
    throw new SigningError(
      'JAR_BYTES_BEFORE',
      `${archive.directory.prefixSize} bytes stand before the first entry of the archive, which no signature of a JAR file covers. Sign the archive without them.`,
    )
  const files: JarFile[] = []
  const otherSignatureFiles: JarFile[] = []
  const signatures = new Map<string, { signatureFile?: Read; block?: Read }>()
  let manifest: Read | undefined
  const read = (each: JarFile, limit: number, code: string) => readWhole(archive, each, { limit, code, signal })
  for (const entry of archive.entries) {
    const each = { name: nameOf(entry), entry }
    const role = roleOf(each.name)
    if (isFolder(each)) continue
    if (role.kind === 'content') files.push(each)
    else if (role.kind === 'otherSignature') otherSignatureFiles.push(each)
    else if (role.kind === 'manifest') {
      if (manifest !== undefined)
        throw new SigningError(
          'JAR_MANIFEST_DUPLICATE',
          `The archive has two manifests, ${manifest.name} and ${each.name}, of which Java reads one. Pack it with one.`,
        )
      manifest = await read(each, largestManifest, 'JAR_MANIFEST_TOO_LARGE')
    } else {
      const own = signatures.get(role.base) ?? {}
      signatures.set(role.base, own)
      requireOnly(own, role, each)
      own[partOf(role.kind)] = await read(each, largestSignature, 'JAR_SIGNATURE_FILE_TOO_LARGE')
    }
  }
  return {
    archive,
    manifest,
    files,
    otherSignatureFiles,
    signatures: [...signatures].map(([base, { signatureFile, block }]) => ({ base, signatureFile, block })),
  }
}

type Read = JarFile & { readonly bytes: Buffer }
type SignatureRole = Extract<FileRole, { readonly base: string }>

function partOf(kind: SignatureRole['kind']): 'signatureFile' | 'block' {
  return kind === 'signatureFile' ? 'signatureFile' : 'block'
}

/** Of two blocks beside one signature file, such as `A.RSA` and `A.EC`, readers take either. */
function requireOnly(
  own: { readonly signatureFile?: Read; readonly block?: Read },
  { kind }: SignatureRole,
  { name }: JarFile,
): void {
  const before = own[partOf(kind)]
  if (before === undefined) return
  throw new SigningError(
    'JAR_SIGNATURE_FILE_DUPLICATE',
    `The archive has ${before.name} and ${name}, which are the same part of one signature. Pack it without one of them.`,
  )
}

/** Whether Java takes an entry for a folder. One with content is a file to us: what it holds must be covered. */
function isFolder({ name, entry }: JarFile): boolean {
  return name.endsWith('/') && entry.size === 0
}

/** Java reads every name as UTF-8, whatever the entry says. */
function nameOf(entry: ZipEntry): string {
  const refused = (why: string) =>
    new SigningError(
      'JAR_ENTRY_NAME_UNSUITABLE',
      `The entry «${JSON.stringify(entry.name).slice(1, 201)}» has a name ${why}, which cannot stand in a manifest. Pack it under another name.`,
    )
  let name: string
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(entry.nameBytes)
  } catch {
    throw refused('that is not UTF-8')
  }
  if (/[\r\n\0]/.test(name)) throw refused('with a line break or a zero')
  return name
}

async function readWhole(
  archive: ZipArchive,
  file: JarFile,
  { limit, code, signal }: { readonly limit: number; readonly code: string; readonly signal?: AbortSignal | undefined },
): Promise<Read> {
  if (file.entry.size > limit)
    throw new SigningError(code, `${file.name} has ${file.entry.size} bytes; at most ${limit} are read. Pack it again.`)
  const blocks: Buffer[] = []
  for await (const block of archive.read(file.entry, { signal })) blocks.push(block)
  return { ...file, bytes: Buffer.concat(blocks) }
}
