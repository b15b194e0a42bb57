import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { peFormat, signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { codeOf } from '../support/code-of.ts'
import { formatWorkIn } from '../support/format-work.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { buildPe, type PeOptions } from '../support/pe-builder.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const folder = suiteFolder()
const work = formatWorkIn(folder)
let signer: TestIdentity

beforeAll(async () => {
  signer = await makeIdentity(folder, 'ec-p256')
})

const ofProgram = (name: string, bytes: Buffer, attributes = {}) => ({
  ...{ format: peFormat, name, bytes, signer },
  attributes: { 'page-hashes': true, ...attributes },
})

/** The digests of pages by the rule: the headers, each page of each section, and where the last one ends. */
function pagesOf({ bytes, fields }: ReturnType<typeof buildPe>, pageSize: number): Buffer {
  const entries: Buffer[] = []
  const add = (offset: number, digest: Buffer) => {
    const at = Buffer.alloc(4)
    at.writeUInt32LE(offset)
    entries.push(at, digest)
  }
  const digestOf = (part: Buffer, left = 0) =>
    createHash('sha256')
      .update(part)
      .update(Buffer.alloc(pageSize - left - part.length))
      .digest()
  const headers = bytes.subarray(0, bytes.readUInt32LE(fields.sizeOfHeaders))
  const [one, two] = [fields.checksum, fields.certificateEntry]
  const covered = Buffer.concat([headers.subarray(0, one), headers.subarray(one + 4, two), headers.subarray(two + 8)])
  add(0, digestOf(covered, 12))
  let end = headers.length
  for (
    let at = fields.sectionTable;
    at < fields.sectionTable + 40 * bytes.readUInt16LE(fields.peOffset + 6);
    at += 40
  ) {
    const [length, offset] = [bytes.readUInt32LE(at + 16), bytes.readUInt32LE(at + 20)]
    for (let done = 0; done < length; done += pageSize)
      add(offset + done, digestOf(bytes.subarray(offset + done, offset + Math.min(done + pageSize, length))))
    if (length > 0) end = offset + length
  }
  add(end, Buffer.alloc(32))
  return Buffer.concat(entries)
}

describe('digests of pages', () => {
  test.each<[string, PeOptions]>([
    ['PE32', { format: 'PE32', sections: [512, 9000] }],
    ['PE32+', { format: 'PE32+', sections: [8192, 0, 4096, 100], overlay: 3 }],
  ])('of a %s program are those that osslsigncode computes', async (format, options) => {
    const built = buildPe(options)
    const signing = ofProgram(`${format}.exe`, built.bytes, { 'hash-algorithm': 'sha384' })
    const path = await work.sign(signing)
    const verdict = await osslsigncodeVerify(path, signer.rootFile)
    expect(verdict.ok).toBe(true)
    expect(verdict.output).toMatch(/Page hash algorithm {2}: SHA256/)
    const [found] = await verifyPeFile({ path })
    const pages = pagesOf(built, 4096)
    expect(Buffer.from(found?.pageHashes ?? [])).toEqual(pages)
    const { directives } = await work.plan(signing)
    expect(directives[0]?.contentDigests).toMatchObject([
      { content: 'image', algorithm: 'sha384' },
      { content: 'pages', algorithm: 'sha256', digest: createHash('sha256').update(pages).digest('hex') },
    ])
  })

  test('are of 8192 bytes for IA-64, whatever SectionAlignment is', async () => {
    const built = buildPe({ format: 'PE32+', sections: [20_000] })
    built.bytes.writeUInt16LE(0x200, built.fields.peOffset + 4)
    const [found] = await verifyPeFile({ path: await work.sign(ofProgram('ia64.exe', built.bytes)) })
    expect(Buffer.from(found?.pageHashes ?? [])).toEqual(pagesOf(built, 8192))
  })

  test('can be in each of several signatures, or in none', async () => {
    const { bytes } = buildPe({ format: 'PE32+', overlay: 5 })
    const further = [{ 'hash-algorithm': 'sha512', append: true, 'page-hashes': true }]
    const path = await work.sign({ ...ofProgram('both.exe', bytes), further })
    expect(await osslsigncodeVerify(path, signer.rootFile)).toMatchObject({ ok: true, signatures: 2 })
    const without = await work.sign(ofProgram('without.exe', bytes, { 'page-hashes': false }))
    const [found] = await verifyPeFile({ path: without })
    expect(found).not.toHaveProperty('pageHashes')
  })

  test('that are not those of the file are refused, though its own digest is right', async () => {
    const built = buildPe({ format: 'PE32+' })
    const [inputPath, outputPath] = [join(folder, 'input.exe'), join(folder, 'wrong.exe')]
    await writeFile(inputPath, built.bytes)
    const pages = pagesOf(built, 4096)
    const sign = (pageHashes: Uint8Array) =>
      signPeFile({
        inputPath,
        outputPath,
        key: signer.key,
        certificateChain: signer.chain,
        hashAlgorithm: 'sha256',
        pageHashes,
      })
    await sign(pages)
    expect(await verifyPeFile({ path: outputPath })).toHaveLength(1)
    const changed = Buffer.from(pages)
    changed[80] = (changed[80] ?? 0) ^ 1
    for (const wrong of [
      changed,
      pages.subarray(0, -36),
      Buffer.concat([pages, Buffer.alloc(36)]),
      pages.subarray(0, 20),
      Buffer.alloc(0),
    ]) {
      await sign(wrong)
      expect(await codeOf(verifyPeFile({ path: outputPath })), `${wrong.length} bytes`).toBe(
        'AUTHENTICODE_DIGEST_MISMATCH',
      )
    }
    expect((await readFile(outputPath)).length).toBeGreaterThan(built.bytes.length)
  })

  test('are refused of headers that are larger than a page, and of sections behind the end', async () => {
    const large = buildPe({ format: 'PE32+', peOffset: 0x1000 }).bytes
    expect(await codeOf(work.plan(ofProgram('large.exe', large)))).toBe('PE_PAGES_UNSUPPORTED')
    const { bytes, fields } = buildPe({ format: 'PE32', sections: [1024], overlay: 8000 })
    // Windows maps no more of it than fits into the section in memory.
    bytes.writeUInt32LE(1, fields.sectionTable + 8)
    bytes.writeUInt32LE(bytes.length, fields.sectionTable + 16)
    expect(await codeOf(work.plan(ofProgram('behind.exe', bytes)))).toBe('PE_PAGES_UNSUPPORTED')
  })
})
