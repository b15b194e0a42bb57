import { inflateRawSync } from 'node:zlib'
import { ArtifactError } from '../../../artifacts/index.ts'
import { editNuspec } from '../../../artifacts/nuget/edit-nuspec.ts'
import { addBuildData, type PackageBytes } from '../../../artifacts/nuget/index.ts'
import { type PackageEntry, readPackage } from '../../../artifacts/nuget/read-package.ts'
import { buildZip } from '../../support/zip-builder.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

const repository = { type: 'git', url: 'https://github.com/example/library', commit: '5f'.repeat(20) }
const settings = { name: 'AppVeyorSettings.json', content: Buffer.from('{}') }
const isSameUrl = (one: string, other: string) => one === other
const nuspec = Buffer.from(
  '\ufeff<?xml version="1.0" encoding="utf-8"?>\r\n<package xmlns="urn:nuspec">\r\n  <metadata minClientVersion="2.12">\r\n    <id>a</id><!-- <metadata> --><repository type="git" branch="main" />\r\n    <description><![CDATA[</metadata>]]> &amp; more</description>\r\n  </metadata>\r\n</package>',
)

/**
 * NuGet packages to which the data of their build are added: damaged archives, and archives with damaged nuspecs. What is accepted can be
 * read again, has every other entry as it was, and a nuspec that only grew at one place, and says all of it then.
 */
export const target: FuzzTarget = {
  name: 'nuget-package',
  run: (request) =>
    fuzzInputs(request, async (random, seed) => {
      const isArchive = random.below(2) === 0
      const whole = buildZip([
        { name: '_rels/.rels', content: '<Relationships/>', descriptor: random.below(2) === 0 ? 'signed' : 'plain' },
        {
          name: 'a.nuspec',
          content: isArchive ? nuspec : mutateBytes(nuspec, random),
          isStored: random.below(2) === 0,
        },
        { name: 'lib/a.dll', content: 'MZ'.repeat(100) },
      ])
      const input = isArchive ? mutateBytes(whole, random) : whole
      try {
        return await outcomeOf(input, seed)
      } catch (cause) {
        if (cause instanceof ArtifactError && cause.code.startsWith('NUGET_') && !cause.transient) return cause.code
        throw cause instanceof FuzzFailure ? cause : new FuzzFailure(seed, input, 'adding to it fails', { cause })
      }
    }),
}

async function outcomeOf(input: Buffer, seed: number): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of await addBuildData(bytesOf(input), 'a.nupkg', { repository, settings, isSameUrl }))
    parts.push(part)
  const output = Buffer.concat(parts)
  const [before, after] = [await readPackage(bytesOf(input), 'a'), await readPackage(bytesOf(output), 'a')]
  const wrong = (what: string, cause?: unknown) => new FuzzFailure(seed, input, what, { cause })
  if (after.at(-1)?.name !== settings.name || after.length !== before.length + 1) throw wrong('an entry is gone')
  for (const [index, entry] of before.entries()) {
    const made = after[index]
    if (made === undefined) throw wrong('an entry is gone')
    const isNuspec = /\.nuspec$/i.test(entry.name) && !entry.name.includes('/')
    const isSame = input.subarray(entry.start, entry.end).equals(output.subarray(made.start, made.end))
    if (!isNuspec && !isSame) throw wrong('another entry has changed')
    if (isNuspec) requireGrown(contentOf(input, entry), contentOf(output, made), wrong)
  }
  return 'accepted'
}

/** One piece was put in, and the same once more puts in nothing. */
function requireGrown(original: Buffer, edited: Buffer, wrong: (what: string, cause?: unknown) => FuzzFailure): void {
  let start = 0
  while (start < original.length && original[start] === edited[start]) start += 1
  let end = 0
  while (end < original.length - start && original.at(-1 - end) === edited.at(-1 - end)) end += 1
  if (start + end < original.length) throw wrong('the nuspec has lost something')
  const again = editNuspec(edited, repository, { fileName: 'a.nupkg', entry: 'a.nuspec', isSameUrl })
  if (!again.equals(edited)) throw wrong('the nuspec does not say what was put in')
}

function contentOf(zip: Buffer, { dataStart, compressedSize, method }: PackageEntry): Buffer {
  const stored = zip.subarray(dataStart, dataStart + compressedSize)
  return method === 8 ? inflateRawSync(stored) : stored
}

function bytesOf(zip: Buffer): PackageBytes {
  return {
    size: zip.length,
    read: async (position, length) => {
      if (position < 0 || length < 0 || position + length > zip.length) throw new Error('Read behind the end.')
      return zip.subarray(position, position + length)
    },
  }
}
