import { open, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { digestPeFile, signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { buildPe, type PeFields } from '../support/pe-builder.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = suiteFolder()
let signer: TestIdentity
beforeAll(async () => {
  signer = await makeIdentity(folder, 'ec-p256')
})

async function attempt(input: string, output: string, append = false) {
  return signPeFile({
    inputPath: input,
    outputPath: output,
    key: signer.key,
    certificateChain: signer.chain,
    hashAlgorithm: 'sha256',
    append,
  })
}

type Breakage = (bytes: Buffer, fields: PeFields) => Buffer | undefined

/** Gives the file a certificate table of `length` bytes at its end, as the headers say it. */
function withTable(bytes: Buffer, fields: PeFields, length = 16): Buffer {
  const aligned = Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)])
  const table = Buffer.alloc(length)
  table.writeUInt32LE(length, 0)
  table.writeUInt16LE(0x0200, 4)
  table.writeUInt16LE(0x0002, 6)
  aligned.writeUInt32LE(aligned.length, fields.certificateEntry)
  aligned.writeUInt32LE(length, fields.certificateEntry + 4)
  return Buffer.concat([aligned, table])
}

const lyingEntries: readonly (readonly [string, string, Breakage])[] = [0, 7, 17, 24, 0xffffffff].map((claim) => [
  `a WIN_CERTIFICATE that says ${claim} bytes where there are 16`,
  'PE_CERTIFICATE_TABLE_MALFORMED',
  (bytes, f) => {
    const whole = withTable(bytes, f)
    whole.writeUInt32LE(claim, whole.length - 16)
    return whole
  },
])

/** EFI images with the same faults: firmware digests by section, so what Windows tolerates is refused there. */
function inEfiImages(faults: readonly (readonly [string, string, (bytes: Buffer, fields: PeFields) => void])[]) {
  return faults.map(([what, code, breakIt], index): readonly [string, string, Breakage] => [
    `an EFI image with ${what}`,
    code,
    () => {
      const { bytes, fields } = buildPe({ format: 'PE32+', subsystem: 10 + (index % 4) })
      breakIt(bytes, fields)
      return bytes
    },
  ])
}

const breakages: readonly (readonly [string, string, Breakage])[] = [
  ['an empty file', 'PE_TRUNCATED', () => Buffer.alloc(0)],
  ['a file of one byte', 'PE_TRUNCATED', () => Buffer.from('M')],
  ['no MZ', 'PE_NOT_A_PE_FILE', (bytes) => void bytes.write('ZM', 0)],
  ['a PE header behind the end', 'PE_TRUNCATED', (bytes) => void bytes.writeUInt32LE(bytes.length, 0x3c)],
  ['a PE header at the end of all numbers', 'PE_TRUNCATED', (bytes) => void bytes.writeUInt32LE(0xfffffffc, 0x3c)],
  ['a PE header inside the DOS header', 'PE_HEADER_OVERLAP', (bytes) => void bytes.writeUInt32LE(4, 0x3c)],
  ['a PE header at no multiple of 4', 'PE_HEADER_MISALIGNED', () => buildPe({ format: 'PE32', peOffset: 0x82 }).bytes],
  [
    'a PE header at an odd place, even for firmware',
    'PE_HEADER_MISALIGNED',
    () => buildPe({ format: 'PE32+', peOffset: 0x81, subsystem: 10 }).bytes,
  ],
  ['no PE signature', 'PE_NOT_A_PE_FILE', (bytes, { peOffset }) => void bytes.writeUInt8(1, peOffset + 2)],
  ['an end within the COFF header', 'PE_TRUNCATED', (bytes, { peOffset }) => bytes.subarray(0, peOffset + 10)],
  ['an end within the optional header', 'PE_TRUNCATED', (bytes, f) => bytes.subarray(0, f.optionalHeader + 70)],
  ['an end within the section table', 'PE_TRUNCATED', (bytes, f) => bytes.subarray(0, f.sectionTable + 50)],
  ['an unknown magic', 'PE_FORMAT_UNSUPPORTED', (bytes, f) => void bytes.writeUInt16LE(0x107, f.optionalHeader)],
  ['no optional header', 'PE_OPTIONAL_HEADER_TOO_SMALL', (bytes, f) => void bytes.writeUInt16LE(0, f.peOffset + 20)],
  [
    'an optional header that ends before the certificate entry',
    'PE_OPTIONAL_HEADER_TOO_SMALL',
    (bytes, f) => void bytes.writeUInt16LE(f.certificateEntry + 7 - f.optionalHeader, f.peOffset + 20),
  ],
  ['four directories', 'PE_NO_CERTIFICATE_DIRECTORY', (bytes, f) => void bytes.writeUInt32LE(4, f.directoryCount)],
  ['65,535 sections', 'PE_TRUNCATED', (bytes, f) => void bytes.writeUInt16LE(0xffff, f.peOffset + 6)],
  [
    'a section behind the end',
    'PE_SECTION_OUT_OF_RANGE',
    (bytes, f) => void bytes.writeUInt32LE(bytes.length - 4, f.sectionTable + 40 + 20),
  ],
  [
    'a section of 4 GiB',
    'PE_SECTION_OUT_OF_RANGE',
    (bytes, f) => {
      bytes.writeUInt32LE(0xffffffff, f.sectionTable + 8)
      bytes.writeUInt32LE(0xffffffff, f.sectionTable + 16)
    },
  ],
  ...inEfiImages([
    [
      'headers longer than the file',
      'PE_HEADERS_OUT_OF_RANGE',
      (b, f) => b.writeUInt32LE(b.length + 1, f.sizeOfHeaders),
    ],
    ['headers shorter than they are', 'PE_HEADERS_OUT_OF_RANGE', (b, f) => b.writeUInt32LE(64, f.sizeOfHeaders)],
    [
      'a section whose end is not there',
      'PE_SECTION_OUT_OF_RANGE',
      (b, f) => b.writeUInt32LE(b.length, f.sectionTable + 56),
    ],
    ['a section on the headers', 'PE_SECTION_OVERLAP', (b, f) => b.writeUInt32LE(0x40, f.sectionTable + 20)],
    ['a section with a size and no place', 'PE_SECTION_OVERLAP', (b, f) => b.writeUInt32LE(0, f.sectionTable + 20)],
    [
      'two sections on the same bytes',
      'PE_SECTION_OVERLAP',
      (b, f) => b.writeUInt32LE(b.readUInt32LE(f.sectionTable + 20), f.sectionTable + 60),
    ],
    ['bytes between the headers and a section', 'PE_SECTION_GAP', (b, f) => b.writeUInt32LE(0x1f8, f.sizeOfHeaders)],
    ['bytes between two sections', 'PE_SECTION_GAP', (b, f) => b.writeUInt32LE(0x3f8, f.sectionTable + 16)],
  ]),
  [
    'a table with an offset and no size',
    'PE_CERTIFICATE_TABLE_MALFORMED',
    (bytes, f) => void bytes.writeUInt32LE(bytes.length, f.certificateEntry),
  ],
  [
    'a table with a size and no offset',
    'PE_CERTIFICATE_TABLE_MALFORMED',
    (bytes, f) => void bytes.writeUInt32LE(16, f.certificateEntry + 4),
  ],
  [
    'a table that goes on behind the end',
    'PE_CERTIFICATE_TABLE_OUT_OF_RANGE',
    (bytes, f) => {
      const whole = withTable(bytes, f)
      whole.writeUInt32LE(0xfffffff8, f.certificateEntry + 4)
      return whole
    },
  ],
  [
    'bytes behind the table',
    'PE_BYTES_BEHIND_CERTIFICATE_TABLE',
    (bytes, f) => Buffer.concat([withTable(bytes, f), Buffer.alloc(8)]),
  ],
  [
    'a table inside a section',
    'PE_CERTIFICATE_TABLE_OVERLAP',
    (bytes, f) => {
      const whole = withTable(bytes, f)
      whole.writeUInt32LE(whole.length - 24, f.certificateEntry)
      whole.writeUInt32LE(24, f.certificateEntry + 4)
      return whole
    },
  ],
  [
    'a table inside the headers',
    'PE_CERTIFICATE_TABLE_OVERLAP',
    (bytes, f) => {
      bytes.writeUInt32LE(8, f.certificateEntry)
      bytes.writeUInt32LE(bytes.length - 8, f.certificateEntry + 4)
    },
  ],
  [
    'a table that ends within a WIN_CERTIFICATE',
    'PE_CERTIFICATE_TABLE_MALFORMED',
    (bytes, f) => {
      const whole = withTable(bytes, f).subarray(0, -3)
      whole.writeUInt32LE(13, f.certificateEntry + 4)
      return whole
    },
  ],
  [
    'a table too short for a second WIN_CERTIFICATE',
    'PE_CERTIFICATE_TABLE_MALFORMED',
    (bytes, f) => {
      const whole = withTable(bytes, f, 20)
      whole.writeUInt32LE(16, whole.length - 20)
      return whole
    },
  ],
  ...lyingEntries,
  [
    'a thousand WIN_CERTIFICATEs',
    'PE_CERTIFICATE_TABLE_MALFORMED',
    (bytes, f) => {
      const whole = withTable(bytes, f, 8000)
      for (let at = whole.length - 8000; at < whole.length; at += 8) whole.writeUInt32LE(8, at)
      return whole
    },
  ],
]

describe('a malformed file gets its code, and nothing is written', () => {
  for (const format of ['PE32', 'PE32+'] as const)
    test.each(breakages)(`${format} with %s: %s`, async (_what, code, breakIt) => {
      const work = temporaryFolder()
      const input = join(work, 'input.exe')
      const { bytes, fields } = buildPe({ format })
      await writeFile(input, breakIt(bytes, fields) ?? bytes)
      const expected = { name: 'SigningError', code, message: expect.stringMatching(/.{20}/) }
      await expect(digestPeFile(input, 'sha256')).rejects.toMatchObject(expected)
      await expect(attempt(input, join(work, 'out.exe'))).rejects.toMatchObject(expected)
      await expect(attempt(input, join(work, 'out.exe'), true)).rejects.toMatchObject(expected)
      await expect(verifyPeFile({ path: input })).rejects.toBeInstanceOf(SigningError)
      expect(await readdir(work)).toEqual(['input.exe'])
    })

  test.each([
    ['whose offsets no longer fit', 2 ** 32],
    ['whose signature would not', 2 ** 32 - 4096],
  ])('a file of 4 GiB, %s: PE_TOO_LARGE, and when it is planned', async (_what, size) => {
    const work = temporaryFolder()
    const input = join(work, 'input.exe')
    await writeFile(input, buildPe({ format: 'PE32+' }).bytes)
    await truncate(input, size)
    await expect(digestPeFile(input, 'sha256')).rejects.toMatchObject({ code: 'PE_TOO_LARGE' })
    await expect(attempt(input, join(work, 'out.exe'))).rejects.toMatchObject({ code: 'PE_TOO_LARGE' })
    expect(await readdir(work)).toEqual(['input.exe'])
  })

  test('a file that shrinks while it is read: FILE_TRUNCATED', async () => {
    const work = temporaryFolder()
    const input = join(work, 'input.exe')
    await writeFile(input, buildPe({ format: 'PE32+', overlay: 16 * 1024 * 1024 }).bytes)
    const file = await open(input, 'r+')
    const shrinking = signPeFile({
      inputPath: input,
      outputPath: join(work, 'out.exe'),
      key: signer.key,
      certificateChain: signer.chain,
      hashAlgorithm: 'sha256',
      onProgress: () => void file.truncate(1024 * 1024),
    })
    await expect(shrinking).rejects.toMatchObject({ code: 'FILE_TRUNCATED' })
    await file.close()
    expect(await readdir(work)).toEqual(['input.exe'])
  })
})

test('whatever the header bytes are, signing makes a file that verifies, or fails with a SigningError', async () => {
  const work = temporaryFolder()
  const input = join(work, 'input.exe')
  const output = join(work, 'out.exe')
  await writeFile(input, buildPe({ format: 'PE32+' }).bytes)
  await attempt(input, output)
  const bases = [buildPe({ format: 'PE32' }).bytes, await readFile(output)]
  const interesting = fc.constantFrom(0, 1, 4, 7, 8, 0x40, 0x7f, 0x80, 0xff)
  const mutations = fc.array(fc.tuple(fc.integer({ min: 0, max: 0x400 }), interesting), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...bases), mutations, fc.boolean(), async (base, changes, append) => {
      const bytes = Buffer.from(base)
      for (const [at, value] of changes) bytes[at] = value
      await writeFile(input, bytes)
      const failure = await attempt(input, output, append).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      // A kept signature of a changed file is broken, as it was before, and only then may the result not verify.
      const keepsBroken = append && base !== bases[0]
      if (failure !== undefined) expect(failure).toBeInstanceOf(SigningError)
      else if (!keepsBroken) expect(await verifyPeFile({ path: output })).toHaveLength(1)
      expect((await readdir(work)).toSorted()).toEqual(['input.exe', 'out.exe'])
    }),
    { numRuns: 400 },
  )
})
