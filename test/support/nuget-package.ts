import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './temporary-folder.ts'
import type { BuiltEntry } from './zip-builder.ts'

/** What the metadata of {@link nuspec} hold by default. */
export const metadata = `<id>Example</id>
    <version>1.0.3</version>
    <description>A «library» &amp; more</description>`

/** A nuspec as `nuget pack` writes it. */
export const nuspec = (inner = metadata) =>
  `<?xml version="1.0" encoding="utf-8"?>\r\n<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">\r\n  <metadata>\r\n    ${inner}\r\n  </metadata>\r\n</package>`

/** The entries that `nuget pack` and `dotnet pack` write, in their order. */
export const packed = (nuspecText: string | Uint8Array = nuspec()): BuiltEntry[] => [
  { name: '_rels/.rels', content: '<Relationships/>', descriptor: 'signed' },
  { name: 'Example.nuspec', content: nuspecText },
  { name: 'lib/netstandard2.0/Example.dll', content: Buffer.alloc(300_000, 'MZ'), descriptor: 'plain' },
  { name: 'content/gr%C3%BC%C3%9Fe%20an.txt', content: 'stored', isStored: true },
  { name: 'docs/ä.txt', content: 'ä', extra: Buffer.from([0x55, 0x54, 1, 0, 7]) },
  { name: '[Content_Types].xml', content: '<Types/>' },
  { name: 'package/services/metadata/core-properties/0c3f.psmdcp', content: '<coreProperties/>' },
]

/** What another program reads in a file of the archive, and that it finds the archive whole. */
const readByPython = `import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
print(json.dumps([[entry.filename, archive.read(entry).decode('latin-1')] for entry in archive.infolist()]))`

/** What Python's `zipfile` reads of an archive: its entries in their order, bytes as Latin-1. */
export function readByAnother(zip: Buffer): Map<string, string> {
  const path = join(temporaryFolder(), 'package.zip')
  writeFileSync(path, zip)
  const said = execFileSync('python3', ['-c', readByPython, path], { encoding: 'utf8', maxBuffer: 1e7 })
  return new Map(JSON.parse(said))
}
