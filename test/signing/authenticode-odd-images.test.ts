import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { digestPeFile, signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { DerReader } from '../../signing/cms/index.ts'
import { fixChecksum, joinSigned } from '../fuzz/mutation/pe.ts'
import { firmwareDigest } from '../support/firmware-digest.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { type BuiltPe, buildPe, type PeOptions } from '../support/pe-builder.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = suiteFolder()
let signer: TestIdentity
beforeAll(async () => {
  signer = await makeIdentity(folder, 'ec-p256')
})

async function sign(bytes: Buffer, append = false): Promise<string> {
  const work = temporaryFolder()
  const [inputPath, outputPath] = [join(work, 'input.exe'), join(work, 'output.exe')]
  await writeFile(inputPath, bytes)
  const by = { key: signer.key, certificateChain: signer.chain }
  const made = await signPeFile({ inputPath, outputPath, ...by, hashAlgorithm: 'sha256', append })
  expect(Buffer.from(made.imageDigest)).toEqual(await digestPeFile(inputPath, 'sha256'))
  return outputPath
}

async function expectGood(path: string): Promise<void> {
  expect(await verifyPeFile({ path, trustedCertificates: [signer.root] })).toHaveLength(1)
  expect(await osslsigncodeVerify(path, signer.rootFile)).toMatchObject({ ok: true, signatures: 1 })
}

function changed(options: PeOptions, change: (pe: BuiltPe) => void): Buffer {
  const pe = buildPe(options)
  change(pe)
  return pe.bytes
}

/** The program with a table of that many bytes behind `gap` more, its one WIN_CERTIFICATE filling it. */
function withTable(length: number, gap = 0): Buffer {
  const { bytes, fields } = buildPe({ format: 'PE32+' })
  const table = Buffer.alloc(length, 0x55)
  table.writeUInt32LE(length, 0)
  table.writeUInt32LE(0x0002_0200, 4)
  bytes.writeUInt32LE(bytes.length + gap, fields.certificateEntry)
  bytes.writeUInt32LE(length, fields.certificateEntry + 4)
  return Buffer.concat([bytes, Buffer.alloc(gap), table])
}

const pe32 = { format: 'PE32' } as const
const tolerated: readonly (readonly [string, () => Buffer])[] = [
  [
    'raw data below SizeOfHeaders, as UPX writes it',
    () => changed(pe32, (pe) => field(pe, pe.fields.sizeOfHeaders, 0x600)),
  ],
  [
    'a SizeOfHeaders behind the end of the file',
    () => changed(pe32, (pe) => field(pe, pe.fields.sizeOfHeaders, 0x10000)),
  ],
  ['a SizeOfHeaders that is too small', () => changed(pe32, (pe) => field(pe, pe.fields.sizeOfHeaders, 0x40))],
  ['raw data at the beginning of the headers', () => changed(pe32, (pe) => field(pe, pe.fields.sectionTable + 20, 1))],
  ["a section's raw data inside another's, as makensis writes it", () => changed(pe32, overlapped)],
  ['two sections with the same raw data', () => changed(pe32, (pe) => copyField(pe, 20, 60))],
  ['bytes between two sections', () => changed(pe32, (pe) => field(pe, pe.fields.sectionTable + 16, 0x100))],
  ['sections in another order than their data', () => changed(pe32, swapSections)],
  [
    'a section without raw data, wherever it points',
    () => changed(pe32, (pe) => field(pe, pe.fields.sectionTable + 16, 0)),
  ],
  ['a section with a size and no place', () => changed(pe32, (pe) => field(pe, pe.fields.sectionTable + 20, 0))],
  [
    'raw data that is longer than the file, of which one page is mapped',
    () => changed({ ...pe32, overlay: 0x1000 }, (pe) => field(pe, pe.fields.sectionTable + 16, 0xffff0200)),
  ],
  ['no section', () => changed(pe32, (pe) => void pe.bytes.writeUInt16LE(0, pe.fields.peOffset + 6))],
  ['five directories', () => buildPe({ ...pe32, directories: 5 }).bytes],
  ['more than sixteen directories', () => buildPe({ ...pe32, directories: 20 }).bytes],
  [
    'more directories than its optional header has room for',
    () => changed({ ...pe32, directories: 6 }, (pe) => field(pe, pe.fields.directoryCount, 16)),
  ],
]

describe('a program that Windows loads is signed, and another verifier agrees:', () => {
  test.each(tolerated)('%s', async (_what, make) => {
    await expectGood(await sign(make()))
  })
})

describe('an image that firmware loads is signed:', () => {
  test.each([10, 11, 12, 13])(
    'subsystem %d with e_lfanew at no multiple of 4, as memtest86+ and Linux have it',
    async (subsystem) => {
      const path = await sign(buildPe({ format: 'PE32+', peOffset: 0x7a, subsystem, overlay: 5 }).bytes)
      await expectGood(path)
      const [signature] = await verifyPeFile({ path })
      expect(firmwareDigest(await readFile(path))).toEqual(Buffer.from(signature?.contentDigest ?? []))
    },
  )

  test('and one that Windows’ own boot manager loads, as Windows would', async () => {
    const overlapping = changed({ ...pe32, subsystem: 16 }, overlapped)
    await expectGood(await sign(overlapping))
  })
})

describe('a present certificate table', () => {
  test.each([
    [13, 0],
    [0x1fd, 0],
    [16, 4],
    [0x1fd, 1],
  ])('of %d bytes, %d bytes behind a multiple of 8, is replaced', async (length, gap) => {
    const input = withTable(length, gap)
    const path = await sign(input)
    await expectGood(path)
    // Nothing of the old table remains.
    expect((await readFile(path)).includes(Buffer.alloc(5, 0x55))).toBe(false)
  })

  test('that does not begin at a multiple of 8 cannot be added to, since it would have to move', async () => {
    await expect(sign(withTable(16, 4), true)).rejects.toMatchObject({
      code: 'AUTHENTICODE_EXISTING_SIGNATURE_UNSUPPORTED',
    })
  })

  test('inside a section is refused, and the message says what to do', async () => {
    const { bytes, fields } = buildPe({ format: 'PE32+' })
    bytes.writeUInt32LE(fields.sectionTable + 0x200, fields.certificateEntry)
    bytes.writeUInt32LE(16, fields.certificateEntry + 4)
    await expect(sign(bytes)).rejects.toMatchObject({
      code: 'PE_CERTIFICATE_TABLE_OVERLAP',
      message: expect.stringContaining('remove its signature first'),
    })
  })
})

describe('a signature that is added to an EFI image', () => {
  /** An EFI image with three signatures, and where the entries of its table begin. */
  async function signedThrice() {
    let path = await sign(buildPe({ format: 'PE32+', subsystem: 10, overlay: 3 }).bytes)
    const tables = [tableOf(await readFile(path))]
    for (let times = 0; times < 2; times++) {
      path = await sign(await readFile(path), true)
      tables.push(tableOf(await readFile(path)))
    }
    return { path, tables, entries: [0, ...tables.slice(0, -1).map((table) => table.length)] }
  }

  test('is a further entry of the table, since firmware knows no nested ones; each is good by itself', async () => {
    const { path, tables, entries } = await signedThrice()
    const signatures = await verifyPeFile({ path, trustedCertificates: [signer.root] })
    expect(signatures).toMatchObject([{ nested: false }, { nested: false }, { nested: false }])
    const whole = await readFile(path)
    const [first, second, third = Buffer.alloc(0)] = tables
    expect(third.subarray(0, second?.length)).toEqual(second)
    expect(third.subarray(0, first?.length)).toEqual(first)
    const image = whole.subarray(0, whole.length - third.length)
    for (const at of entries) {
      const { encoded } = new DerReader(third.subarray(at + 8), 'TEST').takeAny('a signature')
      const alone = joinSigned(image, Buffer.from(encoded))
      fixChecksum(alone)
      await writeFile(path, alone)
      await expectGood(path)
    }
  })

  test('is verified like the first one: type, length, padding, content and trust', async () => {
    const { path, tables, entries } = await signedThrice()
    const whole = await readFile(path)
    const start = whole.length - (tables.at(-1)?.length ?? 0)
    const second = start + (entries[1] ?? 0)
    const { encoded } = new DerReader(whole.subarray(second + 8), 'TEST').takeAny('the second signature')
    const changes: readonly (readonly [number, number, string])[] = [
      [second + 6, 1, 'AUTHENTICODE_TABLE_INVALID'],
      [second, 8, 'AUTHENTICODE_TABLE_INVALID'],
      [second + 3, 0xff, 'AUTHENTICODE_TABLE_INVALID'],
      [
        second + 8 + encoded.length - 1,
        (whole[second + 8 + encoded.length - 1] as number) ^ 1,
        'AUTHENTICODE_SIGNATURE_INVALID',
      ],
    ]
    for (const [at, value, code] of changes) {
      const bytes = Buffer.from(whole)
      bytes[at] = value
      fixChecksum(bytes)
      await writeFile(path, bytes)
      await expect(verifyPeFile({ path }), code).rejects.toMatchObject({ code })
    }
    await writeFile(path, whole)
    await expect(verifyPeFile({ path, trustedCertificates: [] })).rejects.toMatchObject({
      code: 'AUTHENTICODE_CHAIN_UNTRUSTED',
    })
  })

  function tableOf(bytes: Buffer): Buffer {
    const entry = buildPe({ format: 'PE32+' }).fields.certificateEntry
    return bytes.subarray(bytes.readUInt32LE(entry))
  }
})

describe('the verifier refuses, apart from what the signing side does,', () => {
  /** Changes headers of a signed file and gives it a new signature over them, as another tool might make it. */
  async function signedAsWindows(subsystem: number, change: (pe: BuiltPe) => void): Promise<string> {
    const options = { format: 'PE32+', subsystem } as const
    const bytes = changed({ ...options, subsystem: 3 }, change)
    const path = await sign(bytes)
    // As a program it is good; its own digest as an EFI image is not what firmware computes.
    await expectGood(path)
    const whole = await readFile(path)
    const { fields } = buildPe(options)
    whole.writeUInt16LE(subsystem, fields.optionalHeader + 68)
    await writeFile(path, whole)
    return path
  }

  test.each([
    ['overlapping sections', overlapped],
    ['a section on the headers', (pe: BuiltPe) => field(pe, pe.fields.sizeOfHeaders, 0x600)],
    ['a gap between sections', (pe: BuiltPe) => field(pe, pe.fields.sectionTable + 16, 0x100)],
    ['a section with a size and no place', (pe: BuiltPe) => field(pe, pe.fields.sectionTable + 20, 0)],
  ] as const)('an EFI image with %s, since firmware digests other bytes', async (_what, change) => {
    for (const subsystem of [10, 11, 12, 13]) {
      const path = await signedAsWindows(subsystem, change)
      await expect(verifyPeFile({ path })).rejects.toMatchObject({ code: 'AUTHENTICODE_EFI_LAYOUT_INVALID' })
      const image = await readFile(path)
      expect(firmwareDigest(image)).not.toEqual(digestInFileOrder(image))
    }
  })

  test('but no EFI image whose sections follow each other', async () => {
    const image = await readFile(await sign(buildPe({ format: 'PE32+', subsystem: 10, overlay: 100 }).bytes))
    expect(firmwareDigest(image)).toEqual(digestInFileOrder(image))
  })

  test('a section of which Windows would map a part of the certificate table', async () => {
    const { bytes, fields } = buildPe({ format: 'PE32+' })
    const path = await sign(bytes)
    const whole = await readFile(path)
    whole.writeUInt32LE(0x300, fields.sectionTable + 40 + 16)
    whole.writeUInt32LE(0x300, fields.sectionTable + 40 + 8)
    await writeFile(path, whole)
    await expect(verifyPeFile({ path })).rejects.toMatchObject({ code: 'AUTHENTICODE_TABLE_INVALID' })
  })
})

/** The digest of a signed PE32+ file as Windows computes it, whatever its sections are. */
function digestInFileOrder(image: Buffer): Buffer {
  const optional = image.readUInt32LE(0x3c) + 24
  const entry = optional + 112 + 32
  return createHash('sha256')
    .update(image.subarray(0, optional + 64))
    .update(image.subarray(optional + 68, entry))
    .update(image.subarray(entry + 8, image.readUInt32LE(entry)))
    .digest()
}

function field({ bytes }: BuiltPe, at: number, value: number): void {
  bytes.writeUInt32LE(value, at)
}

/** Copies a field of the section table to another place in it. */
function copyField({ bytes, fields }: BuiltPe, from: number, to: number): void {
  bytes.writeUInt32LE(bytes.readUInt32LE(fields.sectionTable + from), fields.sectionTable + to)
}

/** The first section grows over the second one. */
function overlapped(pe: BuiltPe): void {
  field(pe, pe.fields.sectionTable + 16, 1024 + 512)
  field(pe, pe.fields.sectionTable + 8, 1024 + 512)
}

function swapSections({ bytes, fields }: BuiltPe): void {
  const first = Buffer.from(bytes.subarray(fields.sectionTable, fields.sectionTable + 40))
  bytes.copyWithin(fields.sectionTable, fields.sectionTable + 40, fields.sectionTable + 80)
  first.copy(bytes, fields.sectionTable + 40)
}
