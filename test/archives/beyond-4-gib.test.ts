import { execFileSync } from 'node:child_process'
import { ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ZipArchive, ZipEntry } from '../../archives/index.ts'
import { endRecords } from '../../archives/rewrite/end-records.ts'
import { movedRecord } from '../../archives/rewrite/kept-record.ts'
import { directoryRecord, localHeader, localHeaderLength, replacedEntry } from '../../archives/rewrite/made-entry.ts'
import { contentOf, openedFile, openedZip } from '../support/archives.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type BuiltEntry, buildZip } from '../support/zip-builder.ts'

const size = 5 * 2 ** 30
const foreign = Buffer.from([9, 0x99, 2, 0, 1, 2])

/**
 * What `rewriteZip` writes when the first entry of an archive gets 5 GiB of content, in a file in which that content is a hole: its own
 * records, and those of the entries behind it.
 */
function grown(archive: ZipArchive, zip: Buffer): string {
  const path = join(temporaryFolder(), 'grown.zip')
  const [first, ...others] = archive.entries as [ZipEntry, ...ZipEntry[]]
  const made = replacedEntry(first, foreign, { path: '', size })
  const data = { crc32: 1, compressedSize: size, offset: 0 }
  const file = openSync(path, 'wx')
  writeSync(file, localHeader(made, data))
  let offset = localHeaderLength(made) + size
  const records = [directoryRecord(made, data)]
  for (const entry of others) {
    records.push(movedRecord(entry, offset))
    writeSync(file, zip, entry.start, entry.end - entry.start, offset)
    offset += entry.end - entry.start
  }
  const directory = Buffer.concat(records)
  const end = endRecords(archive.directory, { count: records.length, offset, size: directory.length })
  ftruncateSync(file, offset)
  writeSync(file, Buffer.concat([directory, end]), 0, undefined, offset)
  return path
}

const entries: readonly BuiltEntry[] = [
  { name: 'large', content: '', isStored: true, extra: foreign },
  { name: 'plain', content: 'plain', extra: foreign, comment: 'kept' },
  { name: 'needed', content: 'needed', zip64: 'both', extra: foreign },
  { name: 'needless', content: 'needless', zip64: 'needless' },
  { name: 'streamed', content: 'streamed', descriptor: 'signed64', zip64: 'local' },
]

test.each([undefined, 'all', 'needless'] as const)(
  'entries that get beyond 4 GiB are found by us and by others (ZIP64 before: %s)',
  async (zip64End) => {
    const zip = buildZip(entries, { comment: 'of the archive', ...(zip64End && { zip64End }) })
    const path = grown(await openedZip(zip), zip)
    const archive = await openedFile(path)
    expect(archive.entries.map((entry) => [entry.name, entry.size])).toEqual(
      entries.map(({ name, content }) => [name, name === 'large' ? size : content.length]),
    )
    expect(archive.comment.toString()).toBe('of the archive')
    expect(archive.entries.slice(0, 3).every(({ extra }) => extra.includes(foreign))).toBe(true)
    expect(archive.entries[1]?.comment.toString()).toBe('kept')
    for (const entry of archive.entries.slice(1)) expect(String(await contentOf(archive, entry))).toBe(entry.name)
    const script = `import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.infolist()[0].file_size == archive.infolist()[0].compress_size == ${size}
for entry in archive.infolist()[1:]: assert archive.read(entry).decode() == entry.filename, entry`
    execFileSync('python3', ['-c', script, path])
    expect(execFileSync('unzip', ['-p', path, 'plain', 'needed', 'needless', 'streamed'], { encoding: 'utf8' })).toBe(
      'plainneededneedlessstreamed',
    )
  },
)

test('what comes back below 4 GiB keeps the ZIP64 fields that it has, with its new place', async () => {
  const zip = buildZip(entries)
  const archive = await openedFile(grown(await openedZip(zip), zip))
  for (const entry of archive.entries.slice(1)) {
    const record = movedRecord(entry, 77)
    expect(record.length).toBe(entry.record.length)
    expect(record.readUInt32LE(42) === 77 || record.includes(Buffer.from([77, 0, 0, 0, 0, 0, 0, 0]))).toBe(true)
  }
})
