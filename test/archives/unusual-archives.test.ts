import { readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { bytesOf, contentOf, openedFile, openedZip, rewritten } from '../support/archives.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type BuiltEntry, buildManyEntries, buildZip } from '../support/zip-builder.ts'

const usual: readonly BuiltEntry[] = [
  { name: 'lib/', content: '', isStored: true },
  { name: 'lib/a.dll', content: 'MZ'.repeat(100) },
  { name: 'b.txt', content: 'text', isStored: true },
]
const named = (name: string | Uint8Array) => (typeof name === 'string' ? { name } : { name: '', nameBytes: name })
const withEntry = (name: string | Uint8Array, more: Partial<BuiltEntry> = {}) =>
  buildZip([...usual, { ...named(name), content: 'x', ...more }])
const unicodePath = (name: string) => {
  const field = Buffer.concat([Buffer.from([0x75, 0x70, 0, 0, 1, 0, 0, 0, 0]), Buffer.from(name)])
  field.writeUInt16LE(field.length - 4, 2)
  return field
}
/** Fields of Info-ZIP's times and owners, as `zip` writes them. */
const unixFields = Buffer.from(
  '5554090003aabbccdd11223344 7578 0b00 0104 e8030000 04 e8030000'.replaceAll(' ', ''),
  'hex',
)

const unusual: readonly (readonly [what: string, zip: Buffer])[] = [
  ['nothing', buildZip([])],
  ['a comment', buildZip(usual, { comment: 'release 1' })],
  [
    'a program in front',
    buildZip([{ ...(usual[0] as BuiltEntry), before: Buffer.from('#!/bin/sh\nexec java -jar "$0"\n') }]),
  ],
  ['ZIP64 records without need', buildZip(usual, { zip64End: 'needless' })],
  ['ZIP64 records with all values', buildZip(usual, { zip64End: 'all', comment: 'x' })],
  ['ZIP64 fields with small sizes', withEntry('c', { zip64: 'both' })],
  ['a ZIP64 field in the local header', withEntry('c', { zip64: 'local' })],
  ['a ZIP64 field in the directory', withEntry('c', { zip64: 'directory' })],
  ['ZIP64 fields beside the sizes', withEntry('c', { zip64: 'needless' })],
  ...(['signed', 'plain'] as const).flatMap((form): [string, Buffer][] => [
    [`a descriptor, ${form}`, withEntry('c', { descriptor: form })],
    [
      `a descriptor with ZIP64 in the local header, ${form}`,
      withEntry('c', { descriptor: `${form}64`, zip64: 'local' }),
    ],
    [`a descriptor with ZIP64, ${form}`, withEntry('c', { descriptor: `${form}64`, zip64: 'both' })],
    [`a descriptor with ZIP64 in the directory, ${form}`, withEntry('c', { descriptor: form, zip64: 'directory' })],
  ]),
  ['a stored entry with a descriptor', withEntry('c', { isStored: true, descriptor: 'signed' })],
  ['sizes in the local header and a descriptor', withEntry('c', { descriptor: 'signed', localSize: 1 })],
  ['other level bits in the local header', withEntry('c', { flags: 0b100, localFlags: 0 })],
  ['padding behind extra fields', withEntry('c', { extra: Buffer.concat([unixFields, Buffer.alloc(3)]) })],
  ['other fields in the local header', withEntry('c', { localExtra: unixFields })],
  ['a compressed folder', withEntry('c/', { content: '' })],
  ['a folder of .NET', withEntry('c\\', { content: '', isStored: true })],
  ['another compression', withEntry('c', { method: 93 })],
  ['a name with a line end, as macOS has', withEntry('Icon\r')],
  ['names in a folder of its own', withEntry('./c')],
  [
    'a second name that is the same',
    withEntry(Buffer.from([0x61, 0x81, 0x2e, 0x63]), { extra: unicodePath('aü.c'), flags: 0 }),
  ],
  [
    'links',
    buildZip([
      { name: 'a/b/l', content: '../../c/../d'.slice(0, 7), mode: 0o120777, host: 3 },
      { name: 'a/m', content: '.', mode: 0o120777, isStored: true },
    ]),
  ],
  ['a directory in another order', buildZip(usual, { reversed: true })],
  ['a comment of an entry', withEntry('c', { comment: 'PK\x05\x06' })],
]

describe('archives that are unusual and can be read in one way only', () => {
  test.each(unusual)('%s: opened, kept byte for byte, and kept around what is changed', async (_what, zip) => {
    const archive = await openedZip(zip)
    expect((await rewritten(archive, {})).equals(zip)).toBe(true)
    const inserted = [
      { before: 'start', name: 'in/front.txt', content: Buffer.from('front'), method: 'deflated' } as const,
    ]
    const output = await rewritten(archive, { inserted })
    const again = await openedZip(output)
    expect(again.entries.length).toBe(archive.entries.length + 1)
    expect(again.comment).toEqual(archive.comment)
    for (const entry of archive.entries) {
      const same = again.entries[entry.index + 1] as typeof entry
      expect(bytesOf(output, same)[0]).toEqual(bytesOf(zip, entry)[0])
      expect([same.name, same.size, same.crc32]).toEqual([entry.name, entry.size, entry.crc32])
      if (entry.method !== 93) expect(await contentOf(again, same)).toEqual(await contentOf(archive, entry))
    }
  })

  test('as many entries as fit without ZIP64', async () => {
    const zip = buildManyEntries(0xffff)
    const archive = await openedZip(zip)
    expect(archive.entries.length).toBe(0xffff)
    const output = await rewritten(archive, { removed: new Set([0]) })
    expect(output.readUInt16LE(output.length - 12)).toBe(0xfffe)
    expect(output.indexOf('PK\x06\x06')).toBe(-1)
  })

  test('sizes of all ones without ZIP64, and places beyond 4 GiB', async () => {
    // A hole in the file takes no room.
    const path = join(temporaryFolder(), 'large.zip')
    const [first, second] = [
      buildZip([{ name: 'a', content: '', isStored: true, size: 0xffffffff, compressedSize: 0xffffffff }]),
      buildZip([{ name: 'b', content: 'bb' }]),
    ]
    const records = [first, second].map((zip) => Buffer.from(zip.subarray(zip.indexOf('PK\x01\x02'), -22)))
    writeFileSync(path, first.subarray(0, 31))
    truncateSync(path, 31 + 0xffffffff)
    const handle = await open(path, 'r+')
    const where = 31 + 0xffffffff
    const local = second.subarray(0, second.indexOf('PK\x01\x02'))
    const far = Buffer.concat([records[1] as Buffer, Buffer.alloc(12)])
    far.writeUInt16LE(12, 30)
    far.writeUInt32LE(0xffffffff, 42)
    far.writeUInt32LE(0x00080001, far.length - 12)
    far.writeBigUInt64LE(BigInt(where), far.length - 8)
    const directory = Buffer.concat([records[0] as Buffer, far])
    const at = where + local.length
    const tail = buildZip([], { zip64End: 'all' })
    for (const position of [24, 32]) tail.writeBigUInt64LE(2n, position)
    tail.writeBigUInt64LE(BigInt(directory.length), 40)
    tail.writeBigUInt64LE(BigInt(at), 48)
    tail.writeBigUInt64LE(BigInt(at + directory.length), 64)
    writeSync(handle.fd, Buffer.concat([local, directory, tail]), 0, undefined, where)
    await handle.close()
    const archive = await openedFile(path)
    expect(archive.entries.map(({ size }) => size)).toEqual([0xffffffff, 2])
    const [, b] = archive.entries
    expect(String(await contentOf(archive, b as NonNullable<typeof b>))).toBe('bb')

    const small = await openedZip(await rewritten(archive, { removed: new Set([0]) }))
    expect(String(await contentOf(small, small.entries[0] as NonNullable<typeof b>))).toBe('bb')
    expect(small.entries[0]?.extra.readBigUInt64LE(4)).toBe(0n)
  })
})

describe('what an archive says of its entries', () => {
  test('names are in the encoding that they say, or that their system uses', async () => {
    const latin = Buffer.from([0x81, 0x2e, 0x65])
    const names = async (entry: Partial<BuiltEntry>, name: string | Uint8Array) =>
      (await openedZip(buildZip([{ ...named(name), content: '', ...entry }]))).entries[0]?.name
    expect(await names({}, 'ü.e')).toBe('ü.e')
    expect(await names({ flags: 0 }, latin)).toBe('ü.e')
    expect(await names({ flags: 0, host: 3 }, Buffer.from('ü.e'))).toBe('ü.e')
    expect(await names({ flags: 0, host: 3 }, latin)).toBe('ü.e')
    expect(await names({ flags: 0 }, Buffer.from('ü.e'))).toBe('├╝.e')
    expect(
      await names({ flags: 0, extra: unicodePath('ж.e') }, Buffer.from('?.e'.replace('?', '\x80'), 'latin1')),
    ).toBe('ж.e')
  })

  test('paths have one separator and no parts that mean nothing; names stay as they are', async () => {
    const archive = await openedZip(
      buildZip(['./a//b\\c', 'd\\', 'e/f/', './', '.g'].map((name) => ({ name, content: '' }))),
    )
    expect(archive.entries.map(({ path }) => path)).toEqual(['a/b/c', 'd', 'e/f', '', '.g'])
    expect(archive.entries.map(({ isDirectory }) => isDirectory)).toEqual([false, true, true, true, false])
    expect(archive.entries[0]?.nameBytes.toString()).toBe('./a//b\\c')
  })

  test('links, modes and content', async () => {
    const archive = await openedZip(
      buildZip([
        { name: 'l', content: 'b', mode: 0o120777, host: 3 },
        { name: 'b', content: 'bytes', mode: 0o100755, data: deflateRawSync(Buffer.from('bytes')) },
      ]),
    )
    expect(archive.entries.map(({ isSymbolicLink }) => isSymbolicLink)).toEqual([true, false])
    expect(archive.entries.map(({ externalAttributes }) => externalAttributes >>> 16)).toEqual([0o120777, 0o100755])
    const path = join(temporaryFolder(), 'b')
    const output = await open(path, 'wx+')
    const [, entry] = archive.entries
    expect(await archive.extractTo(entry as NonNullable<typeof entry>, output)).toBe(5)
    await output.close()
    expect(readFileSync(path, 'utf8')).toBe('bytes')
  })

  test('reading is called off', async () => {
    const archive = await openedZip(buildZip([{ name: 'a', content: Buffer.alloc(2 ** 21) }]))
    const [entry] = archive.entries
    const read = archive.read(entry as NonNullable<typeof entry>, { signal: AbortSignal.abort(new Error('off')) })
    await expect(read.next()).rejects.toThrow('off')
  })
})
