import { appendFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { contentOf, openedFile, openedZip } from '../support/archives.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type BuiltEntry, buildManyEntries, buildZip } from '../support/zip-builder.ts'

const link = 0o120777
const usual: readonly BuiltEntry[] = [
  { name: 'lib/', content: '', isStored: true },
  { name: 'lib/a.dll', content: 'MZ'.repeat(100), descriptor: 'signed' },
  { name: 'b.txt', content: 'text', isStored: true },
]
const named = (name: string | Uint8Array) => (typeof name === 'string' ? { name } : { name: '', nameBytes: name })
const withEntry = (name: string | Uint8Array, more: Partial<BuiltEntry> = {}) =>
  buildZip([...usual, { ...named(name), content: 'x', ...more }])
const linked = (name: string, target: string, more: Partial<BuiltEntry> = {}) =>
  withEntry(name, { content: target, mode: link, host: 3, isStored: true, ...more })
const patched = (zip: Buffer, at: number, ...bytes: readonly number[]) => {
  const changed = Buffer.from(zip)
  changed.set(bytes, at < 0 ? zip.length + at : at)
  return changed
}
const plain = buildZip(usual)
const localAt = (zip: Buffer, name: string) => zip.indexOf(name) - 30
const unicodePath = (name: string) => {
  const field = Buffer.concat([Buffer.from([0x75, 0x70, 0, 0, 1, 0, 0, 0, 0]), Buffer.from(name)])
  field.writeUInt16LE(field.length - 4, 2)
  return field
}

const hostile: readonly (readonly [what: string, code: string, zip: Buffer, entry?: string])[] = [
  ['no archive', 'ARCHIVE_NOT_ZIP', Buffer.from('MZ'.repeat(100))],
  ['an empty file', 'ARCHIVE_NOT_ZIP', Buffer.alloc(0)],
  ['a cut file', 'ARCHIVE_TRUNCATED', plain.subarray(0, -1)],
  ['a file cut in its directory', 'ARCHIVE_TRUNCATED', plain.subarray(0, plain.length - 60)],
  ['a file that lost its beginning', 'ARCHIVE_TRUNCATED', plain.subarray(30)],
  ['bytes behind the end', 'ARCHIVE_BYTES_BEHIND', Buffer.concat([plain, Buffer.from('x')])],
  ['a comment that holds an end', 'ARCHIVE_AMBIGUOUS', buildZip(usual, { comment: buildZip(usual) })],
  ['a comment that holds the mark of an end', 'ARCHIVE_AMBIGUOUS', buildZip(usual, { comment: 'PK\x05\x06' })],
  ['an archive in front', 'ARCHIVE_BYTES_BEFORE', Buffer.concat([plain, plain])],
  [
    'an archive in front that offsets count',
    'ARCHIVE_BYTES_BEFORE',
    buildZip([{ ...(usual[0] as BuiltEntry), before: plain }]),
  ],
  [
    'bytes in front that offsets do not count',
    'ARCHIVE_BYTES_BEFORE',
    Buffer.concat([Buffer.from('#!/bin/sh\n'), plain]),
  ],
  [
    'bytes in front that a ZIP64 locator does not count',
    'ARCHIVE_BYTES_BEFORE',
    Buffer.concat([Buffer.from('#!/bin/sh\n'), buildZip(usual, { zip64End: 'all' })]),
  ],
  ['bytes and no entries', 'ARCHIVE_BYTES_BEFORE', buildZip([], { behindEntries: 'abc' })],
  ['bytes between entries', 'ARCHIVE_BYTES_BETWEEN', withEntry('c', { before: Buffer.from('PK') }), 'b.txt'],
  [
    'bytes behind a descriptor',
    'ARCHIVE_BYTES_BETWEEN',
    withEntry('c', { descriptor: 'signed', behind: Buffer.alloc(7) }),
    'c',
  ],
  ['bytes in front of the directory', 'ARCHIVE_BYTES_BETWEEN', buildZip(usual, { behindEntries: 'x' }), 'b.txt'],
  ['a directory of fewer entries than it says', 'ARCHIVE_MALFORMED', buildZip(usual, { count: 4 })],
  ['a directory of more entries than it says', 'ARCHIVE_MALFORMED', buildZip(usual, { count: 2 })],
  ['ZIP64 by a locator alone', 'ARCHIVE_MALFORMED', buildZip(usual, { zip64: true })],
  ['one disk of several', 'ARCHIVE_SPLIT', patched(plain, -18, 1)],
  [
    'an end that contradicts its ZIP64 record',
    'ARCHIVE_AMBIGUOUS',
    patched(buildZip(usual, { zip64End: 'needless' }), -10, 1),
  ],
  ['an encrypted entry', 'ARCHIVE_ENTRY_ENCRYPTED', withEntry('c', { flags: 1 }), 'c'],
  ['a strongly encrypted entry', 'ARCHIVE_ENTRY_ENCRYPTED', withEntry('c', { flags: 1 << 6 }), 'c'],
  ['an entry with masked headers', 'ARCHIVE_ENTRY_ENCRYPTED', withEntry('c', { flags: 1 << 13 }), 'c'],
  ['another name in the local header', 'ARCHIVE_HEADERS_DISAGREE', withEntry('c.txt', { localName: 'd.txt' }), 'c.txt'],
  ['another size in the local header', 'ARCHIVE_HEADERS_DISAGREE', withEntry('c', { localSize: 7 }), 'c'],
  ['another checksum in the local header', 'ARCHIVE_HEADERS_DISAGREE', withEntry('c', { localCrc32: 7 }), 'c'],
  ['another method in the local header', 'ARCHIVE_HEADERS_DISAGREE', withEntry('c', { localMethod: 0 }), 'c'],
  ['another encoding in the local header', 'ARCHIVE_HEADERS_DISAGREE', withEntry('c', { localFlags: 1 << 11 }), 'c'],
  ['encryption in the local header only', 'ARCHIVE_HEADERS_DISAGREE', withEntry('c', { localFlags: 1 }), 'c'],
  [
    'a descriptor of 8-byte sizes without ZIP64',
    'ARCHIVE_BYTES_BETWEEN',
    withEntry('c', { descriptor: 'signed64' }),
    'c',
  ],
  [
    'a descriptor of 4-byte sizes with ZIP64 in the local header',
    'ARCHIVE_HEADERS_DISAGREE',
    withEntry('c', { descriptor: 'plain', zip64: 'local' }),
    'c',
  ],
  ['a descriptor that is not there', 'ARCHIVE_HEADERS_DISAGREE', withEntry('c', { flags: 1 << 3 }), 'c'],
  [
    'a descriptor with another checksum',
    'ARCHIVE_HEADERS_DISAGREE',
    patched(plain, plain.lastIndexOf('PK\x07\x08') + 4, 1, 2, 3, 4),
    'lib/a.dll',
  ],
  ['two ZIP64 fields', 'ARCHIVE_MALFORMED', withEntry('c', { zip64: 'both', extra: Buffer.from([1, 0, 0, 0]) }), 'c'],
  ['a ZIP64 field that is cut off', 'ARCHIVE_MALFORMED', withEntry('c', { extra: Buffer.from([1, 0, 8, 0, 1]) }), 'c'],
  [
    'a ZIP64 field with another size',
    'ARCHIVE_MALFORMED',
    withEntry('c', { extra: Buffer.from([1, 0, 8, 0, 9, 0, 0, 0, 0, 0, 0, 0]) }),
    'c',
  ],
  ['a stored entry of two sizes', 'ARCHIVE_MALFORMED', withEntry('c', { isStored: true, size: 2 }), 'c'],
  ['a folder with content', 'ARCHIVE_MALFORMED', withEntry('c/'), 'c/'],
  ['no header where an entry should be', 'ARCHIVE_MALFORMED', patched(plain, localAt(plain, 'b.txt'), 0), 'b.txt'],
  ['one entry in another', 'ARCHIVE_ENTRIES_OVERLAP', withEntry('c', { offset: 0 })],
  [
    'data that reach into the next entry',
    'ARCHIVE_ENTRIES_OVERLAP',
    buildZip([{ name: 'a', content: '', isStored: true, compressedSize: 9, size: 9 }, ...usual]),
    'a',
  ],
  [
    'data that reach into the directory',
    'ARCHIVE_ENTRIES_OVERLAP',
    withEntry('c', { isStored: true, compressedSize: 9, size: 9 }),
    'c',
  ],
  ['a way out', 'ARCHIVE_NAME_REFUSED', withEntry('lib/../../a'), 'lib/../../a'],
  ['a way up that stays inside', 'ARCHIVE_NAME_REFUSED', withEntry('lib/../a'), 'lib/../a'],
  ['a way out by backslashes', 'ARCHIVE_NAME_REFUSED', withEntry('lib\\..\\..\\a'), 'lib\\..\\..\\a'],
  ['a way out with a blank that Windows cuts off', 'ARCHIVE_NAME_REFUSED', withEntry('.. /a'), '.. /a'],
  ['an absolute name', 'ARCHIVE_NAME_REFUSED', withEntry('/etc/passwd'), '/etc/passwd'],
  ['an absolute name of Windows', 'ARCHIVE_NAME_REFUSED', withEntry('\\\\host\\share'), '\\\\host\\share'],
  ['a name on a drive', 'ARCHIVE_NAME_REFUSED', withEntry('C:a.dll'), 'C:a.dll'],
  ['a name with a NUL', 'ARCHIVE_NAME_REFUSED', withEntry('a.txt\0.dll', { flags: 0 }), 'a.txt\0.dll'],
  ['no name', 'ARCHIVE_NAME_REFUSED', withEntry(''), ''],
  ['a file without a name of its own', 'ARCHIVE_NAME_REFUSED', withEntry('.'), '.'],
  [
    'a name that is not UTF-8 as it says',
    'ARCHIVE_NAME_REFUSED',
    withEntry(Buffer.from([0x61, 0xff]), { flags: 1 << 11 }),
  ],
  [
    'a second name that is another one',
    'ARCHIVE_NAME_REFUSED',
    withEntry('c.exe', { extra: unicodePath('d.exe') }),
    'c.exe',
  ],
  [
    'a second name in the local header only',
    'ARCHIVE_HEADERS_DISAGREE',
    withEntry(Buffer.from([0x81]), { localExtra: unicodePath('é'), flags: 0 }),
    'ü',
  ],
  ['one name twice', 'ARCHIVE_NAME_DUPLICATE', withEntry('lib/a.dll'), 'lib/a.dll'],
  ['one name with other separators', 'ARCHIVE_NAME_DUPLICATE', withEntry('lib\\a.dll'), 'lib\\a.dll'],
  ['one name with parts that mean nothing', 'ARCHIVE_NAME_DUPLICATE', withEntry('./lib//a.dll'), './lib//a.dll'],
  ['one name in other case', 'ARCHIVE_NAME_CASE_COLLISION', withEntry('LIB/a.DLL'), 'LIB/a.DLL'],
  [
    'one name in another normal form',
    'ARCHIVE_NAME_CASE_COLLISION',
    buildZip([
      { name: 'é', content: '' },
      { name: 'e\u0301', content: '' },
    ]),
  ],
  ['one name with a dot that Windows cuts off', 'ARCHIVE_NAME_CASE_COLLISION', withEntry('b.txt.'), 'b.txt.'],
  ['an entry below a file', 'ARCHIVE_NAME_CONFLICT', withEntry('b.txt/c'), 'b.txt/c'],
  ['an entry below a file in other case', 'ARCHIVE_NAME_CONFLICT', withEntry('B.TXT/c/d'), 'B.TXT/c/d'],
  [
    'an entry below a link',
    'ARCHIVE_NAME_CONFLICT',
    buildZip([
      { name: 'l', content: 'lib', mode: link, isStored: true },
      { name: 'l/a', content: '' },
    ]),
    'l/a',
  ],
  ['a link out', 'ARCHIVE_LINK_REFUSED', linked('lib/l', '../../etc'), 'lib/l'],
  ['a link out by backslashes', 'ARCHIVE_LINK_REFUSED', linked('lib/l', '..\\..\\etc'), 'lib/l'],
  ['a link that another one can lead out', 'ARCHIVE_LINK_REFUSED', linked('lib/l', 'up/../..'), 'lib/l'],
  ['a link to an absolute place', 'ARCHIVE_LINK_REFUSED', linked('l', '/etc/passwd'), 'l'],
  ['a link to a drive', 'ARCHIVE_LINK_REFUSED', linked('l', 'c:\\windows'), 'l'],
  ['a link to nowhere', 'ARCHIVE_LINK_REFUSED', linked('l', ''), 'l'],
  ['a link with another checksum', 'ARCHIVE_LINK_REFUSED', linked('l', 'b.txt', { crc32: 1 }), 'l'],
  [
    'a link whose data are damaged',
    'ARCHIVE_LINK_REFUSED',
    linked('l', 'b.txt', { isStored: false, data: Buffer.from([7, 7]) }),
    'l',
  ],
  ['a long link', 'ARCHIVE_LINK_REFUSED', linked('l', 'x'.repeat(5000)), 'l'],
  [
    'a link in another compression',
    'ARCHIVE_METHOD_UNSUPPORTED',
    linked('l', 'b.txt', { isStored: false, method: 93 }),
    'l',
  ],
  ['an entry of a ratio above the limit', 'ARCHIVE_RATIO_EXCEEDED', withEntry('c', { size: 11 * 2 ** 20 }), 'c'],
  [
    'an entry of a ratio above the limit, stored as nothing',
    'ARCHIVE_RATIO_EXCEEDED',
    withEntry('c', { size: 11 * 2 ** 20, compressedSize: 0, data: new Uint8Array() }),
    'c',
  ],
  [
    'too much when it is unpacked',
    'ARCHIVE_TOO_LARGE',
    buildZip(
      ['a', 'b', 'c', 'd', 'e'].map((name) => ({
        name,
        content: '',
        data: Buffer.alloc(2 ** 22),
        size: 2 ** 32 - 2,
        compressedSize: 2 ** 22,
      })),
    ),
    'e',
  ],
]

describe('archives that readers could read in different ways, or that could do harm, are refused', () => {
  const cases = hostile.map(([what, code, zip, entry]) => ({ what, code, zip, entry }))
  test.each(cases)('$what: $code', async ({ code, zip, entry }) => {
    const opened = openedZip(zip, code === 'ARCHIVE_TOO_LARGE' ? { ratio: 2000 } : {})
    await expect(opened).rejects.toMatchObject({ name: 'ArchiveError', code, transient: false })
    if (entry !== undefined) await expect(opened).rejects.toMatchObject({ entry })
  })

  test('more entries than the limit, whatever the end says', async () => {
    for (const count of [undefined, 1])
      await expect(
        openedZip(buildZip(usual, count === undefined ? {} : { count }), { entries: 1 }),
      ).rejects.toMatchObject({
        code: 'ARCHIVE_TOO_MANY_ENTRIES',
      })
  })

  test('what macOS writes above its limits is refused with that reason', async () => {
    const refused = { code: 'ARCHIVE_SIZES_WRAPPED' }
    await expect(openedZip(buildManyEntries(65_537))).rejects.toMatchObject(refused)
    // Its directory is beyond 4 GiB, of which its end says what fits into four bytes.
    const path = join(temporaryFolder(), 'large.zip')
    writeFileSync(path, plain.subarray(0, plain.indexOf('PK\x01\x02')))
    truncateSync(path, 2 ** 32 + plain.indexOf('PK\x01\x02'))
    appendFileSync(path, plain.subarray(plain.indexOf('PK\x01\x02')))
    await expect(openedFile(path)).rejects.toMatchObject(refused)
  })
})

describe('content that is not what the directory says is refused while it is read', () => {
  const long = Buffer.alloc(3 * 2 ** 20, 'not much to see here')
  const compressed = deflateRawSync(long)
  const wrong: readonly (readonly [what: string, code: string, entry: Partial<BuiltEntry>])[] = [
    ['another checksum, stored', 'ARCHIVE_CRC_MISMATCH', { isStored: true, crc32: 1 }],
    ['another checksum', 'ARCHIVE_CRC_MISMATCH', { crc32: 1 }],
    ['a checksum of nothing', 'ARCHIVE_CRC_MISMATCH', { content: '', crc32: 1 }],
    ['another checksum, long', 'ARCHIVE_CRC_MISMATCH', { content: long, crc32: 1 }],
    ['fewer bytes', 'ARCHIVE_SIZE_MISMATCH', { size: 2 }],
    ['more bytes', 'ARCHIVE_SIZE_MISMATCH', { size: 0 }],
    ['fewer bytes, long', 'ARCHIVE_SIZE_MISMATCH', { content: long, size: long.length + 1 }],
    ['more bytes, long', 'ARCHIVE_SIZE_MISMATCH', { content: long, size: long.length - 1 }],
    ['no deflate stream', 'ARCHIVE_ENTRY_DAMAGED', { data: Buffer.from([7, 7, 7]) }],
    ['no data', 'ARCHIVE_ENTRY_DAMAGED', { data: Buffer.alloc(0) }],
    [
      'bytes behind the stream',
      'ARCHIVE_ENTRY_DAMAGED',
      { data: Buffer.concat([deflateRawSync(Buffer.from('x')), Buffer.from('MZ')]) },
    ],
    [
      'no deflate stream, long',
      'ARCHIVE_ENTRY_DAMAGED',
      { content: long, data: Buffer.concat([Buffer.from([7]), compressed]) },
    ],
    [
      'half a stream, long',
      'ARCHIVE_ENTRY_DAMAGED',
      { content: long, data: compressed.subarray(0, compressed.length / 2) },
    ],
    [
      'bytes behind the stream, long',
      'ARCHIVE_ENTRY_DAMAGED',
      { content: long, data: Buffer.concat([compressed, Buffer.from('MZ')]) },
    ],
    ['another compression', 'ARCHIVE_METHOD_UNSUPPORTED', { method: 14 }],
  ]
  test.each(wrong)('%s: %s', async (_what, code, entry) => {
    const archive = await openedZip(withEntry('c', entry))
    const at = archive.entries.length - 1
    const read = contentOf(archive, archive.entries[at] as (typeof archive.entries)[number])
    await expect(read).rejects.toMatchObject({ name: 'ArchiveError', code, entry: 'c' })
  })
})
