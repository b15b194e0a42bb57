import { crc32, inflateRawSync } from 'node:zlib'
import { endOfDirectory, inZip64, lengths, storedEntry, withLocalOffset } from '../../archives/index.ts'
import { editNuspec, type PackageRepository } from './edit-nuspec.ts'
import { packageError } from './package-error.ts'
import { foldedName, type PackageBytes, type PackageEntry, readPackage } from './read-package.ts'

/** What is written into a NuGet package about its build. */
export type PackageBuildData = {
  readonly repository: PackageRepository
  /** A file of the package's root that tells the settings of the build. */
  readonly settings: { readonly name: string; readonly content: Uint8Array }
  /** Whether two addresses mean the same repository. */
  readonly isSameUrl: (one: string, other: string) => boolean
}

/** The most bytes of a nuspec. NuGet's own gallery takes far less. */
const largestNuspec = 4 * 1024 * 1024
const chunkSize = 1024 * 1024
/** The name of the signature of a package (NuGet package signatures, technical details). */
const signatureName = '.signature.p7s'

/**
 * A NuGet package with the data of its build: repository and commit in its nuspec, and a file in its root. Every other entry has
 * the bytes that it had, in the order in which it had them, and its record in the directory. The same input always gives the same bytes.
 *
 * Everything is checked before the first byte is given out.
 *
 * @param fileName of the package, for errors
 * @throws ArtifactError as `readPackage` and `editNuspec`; `NUGET_PACKAGE_SIGNED`, `NUGET_SETTINGS_PRESENT`,
 *   `NUGET_NUSPEC_COUNT`, `NUGET_PACKAGE_TOO_LARGE`
 */
export async function addBuildData(
  bytes: PackageBytes,
  fileName: string,
  data: PackageBuildData,
): Promise<AsyncIterable<Uint8Array>> {
  const entries = await readPackage(bytes, fileName)
  const nuspec = nuspecOf(entries, data, fileName)
  const original = await contentOf(bytes, nuspec, fileName)
  const edited = editNuspec(original, data.repository, { fileName, entry: nuspec.name, isSameUrl: data.isSameUrl })

  const { name, content } = data.settings
  const added = lengths.localHeader + lengths.directoryHeader + 2 * Buffer.byteLength(name) + content.length
  const grown = bytes.size + added + lengths.localHeader + nuspec.nameBytes.length + edited.length
  if (grown >= inZip64 || entries.length + 1 >= 0xffff)
    throw packageError(
      'NUGET_PACKAGE_TOO_LARGE',
      'With the data of its build the package would have more than a ZIP file can hold: 65,534 entries and 4 GiB. Make it smaller.',
      fileName,
    )
  return composed(bytes, entries, nuspec, edited, data.settings)
}

async function* composed(
  bytes: PackageBytes,
  entries: readonly PackageEntry[],
  nuspec: PackageEntry,
  edited: Buffer,
  settings: PackageBuildData['settings'],
): AsyncGenerator<Uint8Array, void, undefined> {
  const records = new Map<PackageEntry, Buffer>()
  let offset = 0
  for (const entry of entries) {
    const isEdited = entry === nuspec
    if (isEdited) {
      const { modified, nameBytes } = nuspec
      const made = storedEntry({ nameBytes, content: edited, crc32: crc32(edited), modified, localOffset: offset })
      records.set(entry, made.directory)
      yield made.local
      yield edited
      offset += made.local.length + edited.length
    } else {
      records.set(entry, withLocalOffset(entry, offset))
      for (let position = entry.start; position < entry.end; position += chunkSize)
        yield await bytes.read(position, Math.min(chunkSize, entry.end - position))
      offset += entry.end - entry.start
    }
  }
  const { content, name } = settings
  const last = storedEntry({
    nameBytes: Buffer.from(name),
    content,
    crc32: crc32(content),
    modified: nuspec.modified,
    localOffset: offset,
  })
  yield last.local
  yield content
  offset += last.local.length + content.length
  const directory = Buffer.concat([...entries.flatMap((entry) => records.get(entry) ?? []), last.directory])
  yield directory
  yield endOfDirectory(entries.length + 1, directory.length, offset)
}

function nuspecOf(entries: readonly PackageEntry[], { settings }: PackageBuildData, fileName: string): PackageEntry {
  const inRoot = (name: string) => entries.find((entry) => foldedName(entry.name) === name.toLowerCase())
  if (inRoot(signatureName) !== undefined)
    throw packageError(
      'NUGET_PACKAGE_SIGNED',
      'The package is signed already, and what is added to it would break that signature. Submit the unsigned package.',
      fileName,
      signatureName,
    )
  if (inRoot(settings.name) !== undefined)
    throw packageError(
      'NUGET_SETTINGS_PRESENT',
      `The package has a file ${settings.name} in its root, which only this service writes. Leave it out of the package.`,
      fileName,
      settings.name,
    )
  const [nuspec, ...others] = entries.filter((entry) => /^[^/]+\.nuspec$/.test(foldedName(entry.name) ?? ''))
  if (nuspec === undefined || others.length > 0)
    throw packageError(
      'NUGET_NUSPEC_COUNT',
      `A NuGet package has one nuspec in its root; this one has ${nuspec === undefined ? 'none' : others.length + 1}. Pack it again.`,
      fileName,
      others[0]?.name,
    )
  return nuspec
}

async function contentOf(bytes: PackageBytes, entry: PackageEntry, fileName: string): Promise<Buffer> {
  const refused = (why: string) =>
    packageError(
      'NUGET_NUSPEC_MALFORMED',
      `The package's nuspec cannot be read: ${why} Pack it again.`,
      fileName,
      entry.name,
    )
  if (entry.size > largestNuspec || entry.compressedSize > largestNuspec)
    throw refused(`it has more than ${largestNuspec} bytes.`)
  const stored = await bytes.read(entry.dataStart, entry.compressedSize)
  let content = stored
  if (entry.method === 8) {
    try {
      content = inflateRawSync(stored, { maxOutputLength: largestNuspec })
    } catch {
      throw refused('its data are damaged.')
    }
  }
  if (content.length !== entry.size || crc32(content) !== entry.crc32)
    throw refused('its data are not those of its checksum.')
  return content
}
