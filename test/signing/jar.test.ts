import { copyFile, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { openZip, rewriteZip, usualArchiveLimits, type ZipArchive, type ZipChanges } from '../../archives/index.ts'
import { jarFormat } from '../../signing/jar/index.ts'
import { codeOf } from '../support/code-of.ts'
import { type FormatWork, formatWorkIn } from '../support/format-work.ts'
import { jarsignerVerdicts } from '../support/jarsigner/jarsigner.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { timestampsBy } from '../support/time-stamped.ts'
import { type BuiltEntry, buildZip } from '../support/zip-builder.ts'

const folder = suiteFolder()
const work = formatWorkIn(folder)
let rsa: TestIdentity
let ec: TestIdentity
let other: TestIdentity
let authority: TestIdentity

beforeAll(async () => {
  const extensions = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
  ;[rsa, ec, other, authority] = await Promise.all([
    makeIdentity(folder, 'rsa-2048'),
    makeIdentity(folder, 'ec-p256'),
    makeIdentity(folder, 'rsa-2048', { commonName: 'Other' }),
    makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions }),
  ])
})

const manifest = (text: string): BuiltEntry => ({ name: 'META-INF/MANIFEST.MF', content: text })
const main = 'Manifest-Version: 1.0\r\nMain-Class: a.A\r\n\r\n'
const classes: readonly BuiltEntry[] = [
  { name: 'a/', content: '', isStored: true },
  { name: 'a/A.class', content: 'class A'.repeat(200) },
  { name: 'a/B.class', content: 'class B', isStored: true },
]
const long = `a/${'Überlänge-日本語-'.repeat(12)}.txt`

/** What is signed in all ways that are judged by jarsigner in the end. */
const archives: Readonly<Record<string, readonly BuiltEntry[]>> = {
  plain: [manifest(main), ...classes],
  'no-manifest': classes,
  'manifest-late': [...classes, manifest(main)],
  'folder-first': [{ name: 'META-INF/', content: '', isStored: true }, manifest(main), ...classes],
  'long-names': [manifest(main), { name: long, content: 'x' }, { name: `b${'c'.repeat(200)}`, content: 'y' }],
  'lf-lines': [manifest(`${main}Name: a/A.class\r\nKept: yes\r\n\r\n`.replaceAll('\r\n', '\n')), ...classes],
  'cr-lines': [manifest(`${main}Name: a/A.class\r\nKept: yes\r\n\r\n`.replaceAll('\r\n', '\r')), ...classes],
  'no-end': [manifest('Manifest-Version: 1.0\r\nMain-Class: a.A'), ...classes],
  sections: [
    manifest(
      `${main}\r\n\r\nName: a/\r\nSealed: true\r\n\r\nName: a/A.class\r\nSHA1-Digest: AAAA\r\nContent-Type: x\r\n y\r\n`,
    ),
    ...classes,
  ],
  'multi-release': [
    manifest('Manifest-Version: 1.0\r\nMulti-Release: true\r\n\r\n'),
    ...classes,
    { name: 'META-INF/versions/11/a/A.class', content: 'class A of 11' },
    { name: 'META-INF/versions/11/META-INF/X.SF', content: 'no signature' },
    { name: 'META-INF/services/x.Y', content: 'a.A' },
  ],
  descriptors: [manifest(main), ...classes.map((each) => ({ ...each, descriptor: 'signed' as const }))],
}

const jar = (name: string, bytes: Uint8Array, more: Partial<FormatWork> = {}): FormatWork => ({
  format: jarFormat,
  name: `${name}.jar`,
  bytes,
  signer: ec,
  ...more,
})

describe('jarsigner -verify -strict', () => {
  test('accepts what is signed here, and no longer after one byte of content changed', async () => {
    const good: string[] = []
    const changed: string[] = []
    for (const [name, entries] of Object.entries(archives)) {
      const isRsa = good.length % 2 === 1
      const stamped = good.length % 3 === 0 ? { timestamps: timestampsBy(authority) } : {}
      const attributes = {
        'manifest-hash-algorithm': ['sha256', 'sha384', 'sha512'][good.length % 3] ?? '',
        'hash-algorithm': ['sha512', 'sha256', 'sha384'][good.length % 3] ?? '',
      }
      const order = jar(name, buildZip(entries), { signer: isRsa ? rsa : ec, attributes, ...stamped })
      const path = await work.sign(order)
      good.push(path)
      expect(await work.verify(order), name).toMatchObject([
        { attributes, timestamp: good.length % 3 === 1 ? { time: expect.any(Date) } : undefined },
      ])
      const bytes = await readFile(path)
      const at = bytes.indexOf('class B')
      if (at === -1) continue
      bytes[at] = 0x43
      changed.push(path.replace('.jar', '-changed.jar'))
      await writeFile(changed.at(-1) ?? '', bytes)
    }
    const trusted = [rsa, ec, other, authority].map(({ rootFile }) => rootFile)
    const verdicts = await jarsignerVerdicts(folder, trusted, [...good, ...changed])
    for (const path of good) expect(verdicts.get(path), verdicts.get(path)?.output).toMatchObject({ status: 0 })
    for (const path of good) expect(verdicts.get(path)?.output).toContain('jar verified.')
    for (const path of changed) expect(verdicts.get(path)?.output, path).not.toContain('jar verified.')
    expect(changed.length).toBeGreaterThan(5)
  })
})

/** The directory of an archive, by the names of its entries in the order of the file. */
async function namesIn(path: string): Promise<readonly string[]> {
  const { archive, close } = await opened(path)
  await close()
  return archive.entries.toSorted((one, two) => one.start - two.start).map(({ name }) => name)
}

async function opened(path: string) {
  const handle = await open(path)
  const { size } = await handle.stat()
  const archive = await openZip({ handle, size }, { limits: usualArchiveLimits, passes: work.passes })
  return { archive, close: () => handle.close() }
}

async function textOf(path: string, name: string): Promise<string> {
  const { archive, close } = await opened(path)
  const blocks: Buffer[] = []
  for (const entry of archive.entries)
    if (entry.name === name) for await (const block of archive.read(entry)) blocks.push(block)
  await close()
  return Buffer.concat(blocks).toString('utf8')
}

describe('a signed archive', () => {
  test('has the manifest first, the files of the signature behind it, and everything else as it was', async () => {
    for (const name of ['plain', 'manifest-late', 'folder-first', 'no-manifest']) {
      const path = await work.sign(jar(`order-${name}`, buildZip(archives[name] ?? [])))
      const [first, ...names] = await namesIn(path)
      const behind = first === 'META-INF/' ? names : [first, ...names]
      const signed = ['META-INF/MANIFEST.MF', 'META-INF/CSIGN.SF', 'META-INF/CSIGN.EC']
      expect(behind.slice(0, 3), name).toEqual(signed)
      expect(behind.slice(3), name).toEqual(['a/', 'a/A.class', 'a/B.class'])
    }
  })

  test('keeps main attributes and sections, but for digests, and breaks lines after 72 bytes between characters', async () => {
    const path = await work.sign(
      jar('kept-sections', buildZip([...(archives.sections ?? []), { name: long, content: 'x' }])),
    )
    const text = await textOf(path, 'META-INF/MANIFEST.MF')
    expect(text).toMatch(
      /^Manifest-Version: 1\.0\r\nMain-Class: a\.A\r\n\r\nName: a\/\r\nSealed: true\r\n\r\nName: a\/A\.class\r\n/,
    )
    expect(text).toMatch(/SHA-256-Digest: .{44}\r\nContent-Type: x\r\n y\r\n\r\n/)
    expect(text).not.toContain('SHA1-Digest')
    const lines = text.split('\r\n')
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(72)
    expect(text).not.toContain('\ufffd')
    expect(text.replaceAll('\r\n ', '')).toContain(`Name: ${long}\r\n`)
  })

  test.each([
    [
      'two manifests',
      [manifest(main), { name: 'meta-inf/manifest.mf', content: main }],
      /^(?:JAR_MANIFEST_DUPLICATE|ARCHIVE_NAME_)/,
    ],
    ['a manifest that is none', [manifest('what: is\r\nthis\r\n')], /^JAR_MANIFEST_MALFORMED$/],
    ['a section without a name', [manifest(`${main}Sealed: true\r\n`)], /^JAR_MANIFEST_MALFORMED$/],
    ['two sections of one name', [manifest(`${main}Name: a\r\n\r\nName: a\r\n`)], /^JAR_MANIFEST_MALFORMED$/],
    [
      'a name with a line break',
      [manifest(main), { name: 'a\rb', content: '' }],
      /^(?:JAR_ENTRY_NAME_UNSUITABLE|ARCHIVE_NAME_REFUSED)$/,
    ],
    [
      'two blocks of one signature',
      [manifest(main), { name: 'META-INF/A.RSA', content: 'x' }, { name: 'META-INF/A.EC', content: 'x' }],
      /^JAR_SIGNATURE_FILE_DUPLICATE$/,
    ],
    [
      'headers that disagree',
      [manifest(main), { name: 'a', content: 'a', localName: 'b' }],
      /^ARCHIVE_HEADERS_DISAGREE$/,
    ],
  ] as const)('is not made of an archive with %s', async (_, entries, code) => {
    expect(await codeOf(work.plan(jar('refused', buildZip(entries))))).toMatch(code)
  })

  test('is none when bytes stand before the archive', async () => {
    const bytes = Buffer.concat([Buffer.from('#!/bin/sh\n'), buildZip(archives.plain ?? [])])
    expect(await codeOf(work.plan(jar('prefix', bytes)))).toMatch(/^(?:JAR_BYTES_BEFORE|ARCHIVE_)/)
  })
})

describe('verifying is strict', () => {
  const order = () => jar('strict', buildZip(archives.plain ?? []))

  async function changed(change: (archive: ZipArchive) => Promise<ZipChanges> | ZipChanges): Promise<string> {
    const path = await work.sign(order())
    const { archive, close } = await opened(path)
    const output = await open(join(folder, 'changed'), 'w+')
    await rewriteZip(archive, await change(archive), { output, passes: work.passes })
    await close()
    await output.close()
    await copyFile(join(folder, 'changed'), path)
    return codeOf(work.verify(order()))
  }
  const indexOf = ({ entries }: ZipArchive, name: string) => entries.findIndex((entry) => entry.name === name)

  test.each([
    [
      'a file is added',
      () => ({ inserted: [{ before: 'end', name: 'c', content: Buffer.from('c'), method: 'stored' }] }),
      'JAR_ENTRY_NOT_COVERED',
    ],
    [
      'a file is exchanged',
      (archive) => ({ replaced: new Map([[indexOf(archive, 'a/A.class'), Buffer.from('x')]]) }),
      'JAR_ENTRY_DIGEST_MISMATCH',
    ],
    [
      'the manifest is another',
      (archive) => ({
        replaced: new Map([[0, Buffer.from('Manifest-Version: 1.0\r\n\r\n')]]),
        removed: new Set([indexOf(archive, 'a/A.class'), indexOf(archive, 'a/B.class')]),
      }),
      'JAR_SIGNATURE_FILE_MISMATCH',
    ],
    [
      'the signature file is another',
      () => ({ replaced: new Map([[1, Buffer.from('Signature-Version: 1.0\r\n\r\n')]]) }),
      'JAR_DIGEST_MISMATCH',
    ],
    ['the block is gone', () => ({ removed: new Set([2]) }), 'JAR_MALFORMED'],
    ['the signature is gone', () => ({ removed: new Set([1, 2]) }), 'JAR_NOT_SIGNED'],
    [
      'another signature is added',
      () => ({
        inserted: [
          { before: 1, name: 'META-INF/X.SF', content: Buffer.from('x'), method: 'stored' },
          { before: 1, name: 'META-INF/X.RSA', content: Buffer.from('x'), method: 'stored' },
        ],
      }),
      'JAR_KEPT_SIGNATURE_CHANGED',
    ],
    [
      'a file named like a signature is added',
      () => ({ inserted: [{ before: 'end', name: 'META-INF/SIG-X', content: Buffer.from('x'), method: 'stored' }] }),
      'JAR_ENTRY_NOT_COVERED',
    ],
    [
      'a file stands before the manifest',
      () => ({ inserted: [{ before: 'start', name: 'c', content: Buffer.from('c'), method: 'stored' }] }),
      'JAR_ORDER_WRONG',
    ],
  ] satisfies readonly (readonly [string, (archive: ZipArchive) => ZipChanges, string])[])(
    '%s',
    async (_, change, code) => {
      expect(await changed(change)).toBe(code)
    },
  )

  test('nothing that is changed in the block passes', async () => {
    const signed = await work.sign(order())
    const { archive, close } = await opened(signed)
    const block: Buffer[] = []
    const [, , entry] = archive.entries
    if (entry !== undefined) for await (const bytes of archive.read(entry)) block.push(bytes)
    await close()
    const bytes = Buffer.concat(block)
    for (let at = 5; at < bytes.length; at += 61) {
      const other = Buffer.from(bytes)
      other[at] = (other[at] ?? 0) ^ 1
      expect(await changed(() => ({ replaced: new Map([[2, other]]) })), `byte ${at}`).toMatch(/^JAR_/)
    }
  })
})
