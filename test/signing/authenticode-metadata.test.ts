import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { peFormat } from '../../signing/authenticode/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { buildPe } from '../support/pe-builder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

type Strings = Readonly<Record<string, string>>

/** A node of VS_VERSIONINFO: lengths, type, key, value and children, each at a multiple of 4. */
function node(key: string, value: Buffer | string, ...children: readonly Buffer[]): Buffer {
  const isText = typeof value === 'string'
  const bytes = isText ? Buffer.from(`${value}\0`, 'utf16le') : value
  const head = Buffer.alloc(6)
  head.writeUInt16LE(isText ? bytes.length / 2 : bytes.length, 2)
  head.writeUInt16LE(isText ? 1 : 0, 4)
  const whole = [Buffer.concat([head, Buffer.from(`${key}\0`, 'utf16le')]), bytes, ...children].reduce(
    (before, part) =>
      part.length === 0 ? before : Buffer.concat([before, Buffer.alloc((4 - (before.length % 4)) % 4), part]),
  )
  whole.writeUInt16LE(whole.length, 0)
  return whole
}

/** VS_VERSIONINFO with a table of strings for each language. */
function versionInfo(...tables: readonly Strings[]): Buffer {
  const languages = tables.map((strings, index) =>
    node(`04090${index}B0`, Buffer.alloc(0), ...Object.entries(strings).map(([key, value]) => node(key, value))),
  )
  return node('VS_VERSION_INFO', Buffer.alloc(52), node('StringFileInfo', Buffer.alloc(0), ...languages))
}

/** A program with these version resources, a language each. */
function programWith(
  resources: readonly Buffer[],
  changeDirectory: (directory: Buffer) => void = () => undefined,
): Buffer {
  const count = resources.length
  const entry = (at: number, id: number, target: number) => {
    section.writeUInt32LE(id, at)
    section.writeUInt32LE(target, at + 4)
  }
  const section = Buffer.alloc(8192)
  // Types, names, languages: 16 bytes and 8 for each entry; then 16 for each resource, then these.
  section.writeUInt16LE(2, 14)
  entry(16, 3, 0x80000000 + 32)
  entry(24, 16, 0x80000000 + 32)
  section.writeUInt16LE(1, 32 + 14)
  entry(48, 1, 0x80000000 + 56)
  section.writeUInt16LE(count, 56 + 14)
  let at = 72 + 24 * count
  for (const [index, resource] of resources.entries()) {
    const data = 72 + 8 * count + 16 * index
    entry(72 + 8 * index, 1033 + index, data)
    section.writeUInt32LE(0x1000 + at, data)
    section.writeUInt32LE(resource.length, data + 4)
    section.set(resource, at)
    at += Math.ceil(resource.length / 4) * 4
  }
  changeDirectory(section)
  const { bytes, fields } = buildPe({ format: 'PE32+', sections: [section.length] })
  bytes.set(section, bytes.length - section.length)
  bytes.writeUInt32LE(0x1000, fields.optionalHeader + 112 + 16)
  return bytes
}

async function metadataOf(bytes: Buffer): Promise<Strings> {
  const path = join(temporaryFolder(), 'program.exe')
  await writeFile(path, bytes)
  const handle = await open(path)
  try {
    const layout = await peFormat.readLayout(handle, bytes.length, 'program.exe')
    return (await peFormat.readMetadata?.({ handle, size: bytes.length, layout }, { passes: new FilePasses(1) })) ?? {}
  } finally {
    await handle.close()
  }
}

test('a program says of itself what its version resource says', async () => {
  const strings = {
    CompanyName: 'Räder & Co',
    FileDescription: 'left out',
    FileVersion: '1, 2, 3, 4',
    LegalCopyright: '© 2026 Räder ',
    OriginalFilename: 'setup.exe',
    ProductName: 'Räder',
    productversion: '1.2.3',
  }
  expect(await metadataOf(programWith([versionInfo(strings)]))).toEqual({
    'company-name': 'Räder & Co',
    'file-version': '1, 2, 3, 4',
    copyright: '© 2026 Räder',
    'original-filename': 'setup.exe',
    'product-name': 'Räder',
    'product-version': '1.2.3',
  })
  expect(await metadataOf(buildPe({ format: 'PE32' }).bytes)).toEqual({})
})

test('where its languages say different things, all of them are said', async () => {
  const [one, other] = [
    { ProductName: 'One', FileVersion: '1' },
    { ProductName: 'Other', FileVersion: '1' },
  ]
  const expected = { 'product-name': 'One | Other', 'file-version': '1' }
  expect(await metadataOf(programWith([versionInfo(one, other)]))).toEqual(expected)
  expect(await metadataOf(programWith([versionInfo(one), versionInfo(other)]))).toEqual(expected)
})

test.each<[string, (section: Buffer) => void]>([
  ['a table of resources that leads out of the file', (section) => section.writeUInt32LE(0x80ffffff, 28)],
  ['more entries than there are', (section) => section.writeUInt16LE(0xffff, 14)],
  ['a table that leads to itself', (section) => section.writeUInt32LE(0x80000000, 28)],
  ['a resource that leads out of its section', (section) => section.writeUInt32LE(0x10000, 80)],
  ['a resource that is longer than any', (section) => section.writeUInt32LE(0xffffffff, 84)],
  ['a resource whose nodes are longer than it', (section) => section.writeUInt16LE(0xffff, 96)],
])('of %s nothing is read', async (_what, change) => {
  expect(await metadataOf(programWith([versionInfo({ ProductName: 'One' })], change))).toEqual({})
})
