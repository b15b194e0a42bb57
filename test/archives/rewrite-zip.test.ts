import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { EntryContent, ZipArchive, ZipChanges, ZipEntry } from '../../archives/index.ts'
import { bytesOf, contentOf, openedFile, openedZip, rewritten, rewrittenTo } from '../support/archives.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type BuiltEntry, buildZip } from '../support/zip-builder.ts'

const entryOf = ({ entries }: ZipArchive, name: string) => entries.find((entry) => entry.name === name) as ZipEntry
const text = (length: number, random: SeededRandom) =>
  Buffer.alloc(length, Buffer.from(Array.from({ length: 97 }, () => random.below(256))))

/** An archive as some writer could make it. */
function randomArchive(random: SeededRandom): Buffer {
  const entries = Array.from({ length: random.below(12) }, (_, index): BuiltEntry => {
    const isFolder = random.below(6) === 0
    const zip64 = random.oneOf([null, null, 'both', 'local', 'directory', 'needless'] as const)
    const isLong = zip64 === 'both' || zip64 === 'local' || zip64 === 'needless'
    const descriptor = random.oneOf(isLong ? (['signed64', 'plain64'] as const) : (['signed', 'plain'] as const))
    return {
      name: `${random.oneOf(['', 'a/', 'ü\\', './b/'])}${index}${isFolder ? '/' : '.bin'}`,
      content: isFolder ? '' : text(random.oneOf([0, 1, 10, 5000, 70_000]), random),
      isStored: random.below(3) === 0,
      mode: random.oneOf([0, 0o100755, 0o40755]),
      host: random.below(4),
      comment: random.oneOf(['', 'comment']),
      extra: random.oneOf([Buffer.alloc(0), Buffer.from([9, 0x99, 2, 0, 1, 2]), Buffer.alloc(3)]),
      ...(zip64 !== null && { zip64 }),
      ...(random.below(3) === 0 && { descriptor }),
      ...(random.below(3) === 0 && { localExtra: Buffer.from([8, 0x99, 1, 0, 7]) }),
    }
  })
  const [first, ...others] = entries
  const prefixed = first && random.below(5) === 0 ? [{ ...first, before: Buffer.from('#!run\n') }, ...others] : entries
  const zip64End = random.oneOf([null, null, 'all', 'needless'] as const)
  return buildZip(prefixed, {
    ...{ comment: random.oneOf(['', 'of the archive']), reversed: random.below(4) === 0 },
    ...(zip64End && { zip64End }),
  })
}

/** Changes of any kind, and what they are to come to: for each entry of the output its old index, or its content. */
function randomChanges({ entries }: ZipArchive, random: SeededRandom) {
  const replaced = new Map<number, Buffer>()
  const removed = new Set<number>()
  for (const { index, isDirectory } of entries) {
    const choice = random.below(5)
    if (choice === 0) removed.add(index)
    if (choice <= 1 && !isDirectory) replaced.set(index, text(random.oneOf([0, 3, 9000, 600_000]), random))
  }
  const inserted = Array.from({ length: random.below(3) }, (_, index) => ({
    before: random.oneOf(['start', 'end', ...entries.map((entry) => entry.index)] as const),
    name: `new/${index}ö`,
    content: text(50, random),
    method: random.oneOf(['stored', 'deflated'] as const),
    ...(entries.length > 0 && random.below(2) === 0 && { like: random.below(entries.length) }),
  }))
  const at = (before: (typeof inserted)[number]['before']) => inserted.filter((each) => each.before === before)
  const expected = [
    ...at('start'),
    ...entries.flatMap((entry) => [...at(entry.index), ...(removed.has(entry.index) ? [] : [entry])]),
    ...at('end'),
  ]
  return { changes: { replaced, removed, inserted } satisfies ZipChanges, expected }
}

describe('a rewritten archive', () => {
  test('has the changes and every other entry byte for byte, for random archives and changes', async () => {
    const folder = temporaryFolder()
    const read: [path: string, contents: [name: string, crc: number][]][] = []
    for (let seed = 0; seed < 40; seed++) {
      const random = seededRandom(seed)
      const before = randomArchive(random)
      const archive = await openedZip(before)
      const { changes, expected } = randomChanges(archive, random)
      const path = join(folder, `${seed}.zip`)
      const { size } = await rewrittenTo(path, archive, changes)
      const after = readFileSync(path)
      expect(after.length, `seed ${seed}`).toBe(size)
      const output = await openedFile(path)
      expect(output.comment).toEqual(archive.comment)
      expect(after.subarray(0, output.directory.prefixSize)).toEqual(before.subarray(0, archive.directory.prefixSize))
      expect(
        output.entries.map(({ name }) => name),
        `seed ${seed}`,
      ).toEqual(expected.map(({ name }) => name))
      for (const [index, meant] of expected.entries()) {
        const entry = output.entries[index] as ZipEntry
        const content = 'content' in meant ? meant.content : changes.replaced.get(meant.index)
        if (content !== undefined) expect((await contentOf(output, entry)).equals(content)).toBe(true)
        if ('content' in meant) continue
        const [kept, made] = [bytesOf(before, meant), bytesOf(after, entry)]
        if (content === undefined) {
          expect(made[0], `seed ${seed}`).toEqual(kept[0])
          expect(made[1]?.subarray(0, 8)).toEqual(kept[1]?.subarray(0, 8))
        }
        const said = ({ modified, method, externalAttributes, host, comment, name }: ZipEntry) => ({
          modified,
          method,
          externalAttributes,
          host,
          comment: String(comment),
          name,
        })
        expect(said(entry)).toEqual(said(meant))
      }
      read.push([path, output.entries.map(({ nameBytes, crc32 }) => [nameBytes.toString('hex'), crc32])])
    }
    // What another reader finds in all of them.
    const script = `import json, sys, zipfile
for path, entries in json.load(sys.stdin):
    archive = zipfile.ZipFile(path)
    assert archive.testzip() is None, path
    assert [entry.CRC for entry in archive.infolist()] == [crc for _, crc in entries], path`
    execFileSync('python3', ['-c', script], { input: JSON.stringify(read) })
  })

  test('keeps of a replaced entry what is not content, and has no descriptor and no needless ZIP64 field', async () => {
    const foreign = Buffer.from([9, 0x99, 2, 0, 1, 2])
    const zip = buildZip([
      {
        name: 'a',
        content: 'a',
        descriptor: 'signed64',
        zip64: 'both',
        extra: foreign,
        localExtra: foreign.toReversed().fill(0),
        flags: 0b1010,
        mode: 0o100755,
        host: 3,
        comment: 'c',
      },
    ])
    const output = await rewritten(await openedZip(zip), { replaced: new Map([[0, Buffer.from('bb')]]) })
    const [entry] = (await openedZip(output)).entries
    expect(entry).toMatchObject({ flags: 0b10, method: 8, host: 3, size: 2, modified: 0x5b5b4a21, extra: foreign })
    expect([entry?.start, entry?.end, entry?.comment.toString()]).toEqual([0, output.indexOf('PK\x01\x02'), 'c'])
    expect((entry?.externalAttributes ?? 0) >>> 16).toBe(0o100755)
    expect(output.subarray(31, 37)).toEqual(Buffer.alloc(6))
    expect(output.readUInt16LE(28)).toBe(6)
  })

  test('takes content from bytes, handles and files, and fails when a file is shorter than was said', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'content')
    const large = text(3_000_000, seededRandom(1))
    writeFileSync(path, large)
    const handle = await open(path)
    const archive = await openedZip(
      buildZip([
        { name: 'a', content: '' },
        { name: 'b', content: '', isStored: true },
      ]),
    )
    const replaced = new Map<number, EntryContent>([
      [0, { path, size: large.length }],
      [1, { handle, size: 1_000_000 }],
    ])
    const output = await openedZip(await rewritten(archive, { replaced }))
    expect((await contentOf(output, entryOf(output, 'a'))).equals(large)).toBe(true)
    expect((await contentOf(output, entryOf(output, 'b'))).equals(large.subarray(0, 1_000_000))).toBe(true)
    const tooLong = rewritten(archive, { replaced: new Map([[0, { handle, size: large.length + 1 }]]) })
    await expect(tooLong).rejects.toMatchObject({ code: 'FILE_TRUNCATED' })
    await handle.close()
  })

  test('has no names that could not be read again', async () => {
    const archive = await openedZip(buildZip([{ name: 'a', content: '' }]))
    const withName = (name: string) =>
      rewritten(archive, { inserted: [{ before: 'end', name, content: Buffer.alloc(0), method: 'stored' }] })
    await expect(withName('../b')).rejects.toMatchObject({ code: 'ARCHIVE_NAME_REFUSED' })
    await expect(withName('A')).rejects.toMatchObject({ code: 'ARCHIVE_NAME_CASE_COLLISION' })
    await expect(withName('a/b')).rejects.toMatchObject({ code: 'ARCHIVE_NAME_CONFLICT' })
    await expect(rewritten(archive, { removed: new Set([1]) })).rejects.toThrow(RangeError)
  })
})

describe('archives of several writers', () => {
  const python = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.writestr('dir/', '')
    archive.writestr('dir/program.exe', b'MZ' * 500, compresslevel=9)
    archive.writestr(zipfile.ZipInfo('ü.txt'), 'text')
    with archive.open('large.bin', 'w', force_zip64=True) as large:
        large.write(bytes(3000000))
    archive.comment = b'by Python'
class Pipe:
    def __init__(self, file): self.file = file
    def write(self, data): return self.file.write(data)
    def flush(self): self.file.flush()
with open(sys.argv[2], 'wb') as file, zipfile.ZipFile(Pipe(file), 'w', zipfile.ZIP_DEFLATED) as archive:
    with archive.open('dir/program.exe', 'w', force_zip64=True) as entry: entry.write(b'MZ' * 500)
    archive.writestr('b', 'b')`

  function written(folder: string): string[] {
    const at = (name: string) => join(folder, name)
    mkdirSync(at('d/dir'), { recursive: true })
    writeFileSync(at('d/dir/program.exe'), 'MZ'.repeat(500))
    writeFileSync(at('d/ü.txt'), 'text')
    symlinkSync('dir/program.exe', at('d/link'))
    execFileSync('python3', ['-c', python, at('python.zip'), at('python-streamed.zip')])
    execFileSync('zip', ['-qry', at('zip.zip'), '.'], { cwd: at('d') })
    writeFileSync(at('zip-streamed.zip'), execFileSync('zip', ['-qr', '-fz-', '-', '.'], { cwd: at('d') }))
    writeFileSync(at('zip-streamed64.zip'), execFileSync('zip', ['-qr', '-', '.'], { cwd: at('d') }))
    execFileSync('jar', ['cf', at('jar.jar'), '-C', at('d'), 'dir'])
    return ['python.zip', 'python-streamed.zip', 'zip.zip', 'zip-streamed.zip', 'zip-streamed64.zip', 'jar.jar'].map(at)
  }

  test('open, stay the same without changes, and are taken by other readers with changes', async () => {
    const folder = temporaryFolder()
    const program = Buffer.concat([Buffer.from('MZ'.repeat(500)), Buffer.from('signature')])
    const outputs: string[] = []
    for (const path of written(folder)) {
      const archive = await openedFile(path)
      expect((await rewritten(archive, {})).equals(readFileSync(path)), path).toBe(true)
      const entry = entryOf(archive, 'dir/program.exe')
      expect(String(await contentOf(archive, entry))).toBe('MZ'.repeat(500))
      const output = path.replace(/\.(?=zip$|jar$)/, '-signed.')
      await rewrittenTo(output, archive, { replaced: new Map([[entry.index, program]]) })
      outputs.push(output)
      execFileSync('unzip', ['-tqq', output])
      execFileSync('zip', ['-qT', output])
      expect(execFileSync('unzip', ['-p', output, 'dir/program.exe']).equals(program)).toBe(true)
      const [before, after] = [readFileSync(path), readFileSync(output)]
      for (const same of (await openedFile(output)).entries)
        if (same.name !== entry.name) expect(bytesOf(after, same)).toEqual(bytesOf(before, entryOf(archive, same.name)))
    }
    const read = `import sys, zipfile
for path in sys.argv[1:]: assert zipfile.ZipFile(path).testzip() is None, path`
    execFileSync('python3', ['-c', read, ...outputs])
    expect(execFileSync('jar', ['tf', outputs.at(-1) ?? ''], { encoding: 'utf8' })).toBe(
      'META-INF/\nMETA-INF/MANIFEST.MF\ndir/\ndir/program.exe\n',
    )
  })
})
