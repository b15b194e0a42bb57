import type { FileHandle } from 'node:fs/promises'
import { openZip, usualArchiveLimits, type ZipArchive, type ZipEntry } from '../../archives/index.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'

/** The name of a package's signature, exactly. */
export const signaturePath = '.signature.p7s'

/** A NuGet package, open for reading. */
export interface OpenPackage {
  readonly archive: ZipArchive
  readonly signature: { readonly entry: ZipEntry; readonly bytes: Buffer } | undefined
}

/** A signature with its certificates and time-stamps has a few kilobytes; those of hostile packages must not fill the memory. */
const largestSignature = 1024 * 1024

/**
 * Opens a NuGet package as its signatures look at it.
 *
 * @throws SigningError `NUGET_BYTES_BEFORE`, `NUGET_ZIP64`, `NUGET_NUSPEC_MISSING`, `NUGET_SIGNATURE_ENTRY_INVALID`; those of archives
 */
export async function openPackage(
  file: { readonly handle: FileHandle; readonly size: number },
  { passes, signal }: FileWorkOptions,
): Promise<OpenPackage> {
  const archive = await openZip(file, { limits: usualArchiveLimits, passes, signal })
  const { directory, entries } = archive
  if (directory.prefixSize > 0)
    throw new SigningError(
      'NUGET_BYTES_BEFORE',
      `${directory.prefixSize} bytes stand before the first entry of the package, which no signature covers. Pack it again.`,
    )
  if (directory.zip64.length > 0)
    throw new SigningError(
      'NUGET_ZIP64',
      'The package is a ZIP64 archive, which NuGet takes no signatures of. Make it smaller: 65,534 files and 4 GiB at most.',
    )
  if (!entries.some(({ name }) => /^[^/\\]+\.nuspec$/i.test(name)))
    throw new SigningError(
      'NUGET_NUSPEC_MISSING',
      'There is no nuspec in the root of the archive, so it is no NuGet package. Pack it with NuGet.',
    )
  const [entry, other] = entries.filter(({ path }) => path.toLowerCase() === signaturePath)
  if (entry === undefined) return { archive, signature: undefined }
  if (other !== undefined || entry.name !== signaturePath)
    throw invalidEntry(`is there twice, or is called ${JSON.stringify((other ?? entry).name)}`)
  assertEntryForm(entry)
  const blocks: Buffer[] = []
  for await (const block of archive.read(entry, { signal })) blocks.push(block)
  return { archive, signature: { entry, bytes: Buffer.concat(blocks) } }
}

const localHeaderSize = 30

/**
 * NuGet takes a signature only when its entry is stored as it is, without extra fields, comment and descriptor ("NuGet Package Signatures
 * Technical Specification").
 */
function assertEntryForm(entry: ZipEntry): void {
  if (entry.size > largestSignature) throw invalidEntry(`has ${entry.size} bytes; at most ${largestSignature} are read`)
  if (entry.method !== 0) throw invalidEntry('is compressed')
  const isPlain =
    (entry.flags & ~utf8Flag) === 0 &&
    entry.extra.length === 0 &&
    entry.comment.length === 0 &&
    entry.dataStart === entry.start + localHeaderSize + entry.nameBytes.length &&
    entry.end === entry.dataStart + entry.compressedSize
  if (!isPlain) throw invalidEntry('has extra fields, a comment, a data descriptor or unknown flags')
}

const utf8Flag = 1 << 11

function invalidEntry(why: string): SigningError {
  return new SigningError(
    'NUGET_SIGNATURE_ENTRY_INVALID',
    `The entry ${signaturePath} of the package ${why}, so NuGet takes no signature from it. Pack the package again, and sign it then.`,
  )
}
