import { execFile } from 'node:child_process'
import { link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { hashAlgorithms, type KeyAlgorithm, keyAlgorithms } from '../../domain/index.ts'
import { digestPeFile, signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign, osslsigncodeVerify } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'
import { type RealPrograms, realPrograms } from '../support/programs.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let programs: RealPrograms
let identities: ReadonlyMap<KeyAlgorithm, TestIdentity>
const identity = (algorithm: KeyAlgorithm) => identities.get(algorithm) as TestIdentity

const folder = suiteFolder()

beforeAll(async () => {
  programs = await realPrograms()
  identities = new Map(
    await Promise.all(
      keyAlgorithms.map(async (algorithm) => [algorithm, await makeIdentity(folder, algorithm)] as const),
    ),
  )
})

const request = (signer: TestIdentity, inputPath: string, outputPath: string) => ({
  inputPath,
  outputPath,
  key: signer.key,
  certificateChain: signer.chain,
  hashAlgorithm: 'sha256' as const,
})

describe('osslsigncode accepts what is signed here', () => {
  for (const algorithm of keyAlgorithms)
    for (const hashAlgorithm of hashAlgorithms)
      for (const format of ['pe32', 'pe32plus'] as const)
        test(`${format} with ${algorithm} and ${hashAlgorithm}`, async () => {
          const output = join(temporaryFolder(), 'signed.exe')
          const signer = identity(algorithm)
          await signPeFile({ ...request(signer, programs[format], output), hashAlgorithm })
          const verdict = await osslsigncodeVerify(output, signer.rootFile)
          expect(verdict).toMatchObject({ ok: true, signatures: 1 })
          expect(verdict.output).toContain(`Message digest algorithm  : ${hashAlgorithm.toUpperCase()}`)
          const [own] = await verifyPeFile({ path: output, trustedCertificates: [signer.root] })
          expect(own).toMatchObject({ digestAlgorithm: hashAlgorithm, nested: false })
        })

  test('with the description and the address that were given', async () => {
    const output = join(temporaryFolder(), 'signed.exe')
    const signer = identity('ec-p256')
    const description = 'Bücherverzeichnis 2'
    const descriptionUrl = 'https://example.com/books?id=2'
    await signPeFile({ ...request(signer, programs.pe32, output), description, descriptionUrl })
    const verdict = await osslsigncodeVerify(output, signer.rootFile)
    expect(verdict.ok).toBe(true)
    expect(verdict.output).toContain(`Text description: ${description}`)
    expect(verdict.output).toContain(`URL description: ${descriptionUrl}`)
    expect(await verifyPeFile({ path: output })).toMatchObject([{ description, descriptionUrl }])
  })

  test('when sizes are no multiple of 8, with overlays, and with blocks of every length', async () => {
    const folder = temporaryFolder()
    const signer = identity('ec-p256')
    const mebibyte = 1024 * 1024
    for (const format of ['PE32', 'PE32+'] as const)
      for (const overlay of [0, 1, 2, 3, 7, 9, mebibyte - 2048, mebibyte - 2047, 3 * mebibyte, 4 * mebibyte + 5]) {
        const input = join(folder, 'input.exe')
        const output = join(folder, 'signed.exe')
        await writeFile(input, buildPe({ format, overlay }).bytes)
        await signPeFile(request(signer, input, output))
        expect(await osslsigncodeVerify(output, signer.rootFile), `overlay ${overlay}`).toMatchObject({ ok: true })
        expect(await verifyPeFile({ path: output }), `overlay ${overlay}`).toHaveLength(1)
      }
  })

  test('when the header fields lie around the end of the first block of a copy, or across it', async () => {
    const folder = temporaryFolder()
    const signer = identity('ec-p256')
    for (const peOffset of [0x100000 - 24 - 64, 0x100000 - 24 - 68, 0x100000 - 24 - 112 - 36, 0x100000 - 4]) {
      const input = join(folder, 'input.exe')
      const output = join(folder, 'signed.exe')
      await writeFile(input, buildPe({ format: 'PE32+', peOffset, overlay: 2 * 0x100000 }).bytes)
      await signPeFile(request(signer, input, output))
      expect(await verifyPeFile({ path: output })).toHaveLength(1)
      expect(await osslsigncodeVerify(output, signer.rootFile), `PE header at ${peOffset}`).toMatchObject({ ok: true })
    }
  })
})

describe('signatures that a file has already', () => {
  test('are replaced, whoever made them', async () => {
    const signer = identity('rsa-2048')
    const folder = temporaryFolder()
    const before = join(folder, 'before.exe')
    await osslsigncodeSign(identity('rsa-3072'), programs.pe32plus, before, '-n', 'earlier')
    for (const input of [before, programs.signedPe32, programs.signedPe32plus]) {
      const output = join(folder, 'signed.exe')
      await signPeFile({ ...request(signer, input, output), description: 'later' })
      expect(await osslsigncodeVerify(output, signer.rootFile)).toMatchObject({ ok: true, signatures: 1 })
      const signatures = await verifyPeFile({ path: output, trustedCertificates: [signer.root] })
      expect(signatures).toMatchObject([{ description: 'later', signer: expect.stringContaining('rsa-2048') }])
    }
  })

  test('are kept byte for byte when asked to, and all verify', async () => {
    const folder = temporaryFolder()
    const first = identity('rsa-3072')
    const later = identity('ec-p384')
    const roots = join(folder, 'roots.pem')
    await writeFile(roots, Buffer.concat([await readFile(first.rootFile), await readFile(later.rootFile)]))
    const [one, two, three] = [join(folder, '1.exe'), join(folder, '2.exe'), join(folder, '3.exe')]
    await osslsigncodeSign(first, programs.pe32, one, '-n', 'first')
    await signPeFile({ ...request(later, one, two), append: true, hashAlgorithm: 'sha384', description: 'second' })
    await signPeFile({ ...request(first, two, three), append: true, description: 'third' })
    for (const [path, count] of [
      [two, 2],
      [three, 3],
    ] as const) {
      expect(await osslsigncodeVerify(path, roots)).toMatchObject({ ok: true, signatures: count })
      const signatures = await verifyPeFile({ path, trustedCertificates: [first.root, later.root] })
      expect(signatures).toMatchObject(
        [
          { nested: false, description: 'first' },
          { nested: true, description: 'second', digestAlgorithm: 'sha384' },
          { nested: true, description: 'third' },
        ].slice(0, count),
      )
    }
    const extracted = join(folder, 'first.der')
    await promisify(execFile)('osslsigncode', ['extract-signature', '-in', one, '-out', extracted])
    // Everything of a SignedData before its unsigned attributes is what its signer made.
    const signerInfo = (await readFile(extracted)).subarray(-200)
    expect((await readFile(three)).includes(signerInfo)).toBe(true)
  })

  test('that osslsigncode nests in ours verify here and there', async () => {
    const folder = temporaryFolder()
    const signer = identity('ec-p256')
    await signPeFile(request(signer, programs.pe32, join(folder, '1.exe')))
    await osslsigncodeSign(signer, join(folder, '1.exe'), join(folder, '2.exe'), '-nest')
    expect(await osslsigncodeVerify(join(folder, '2.exe'), signer.rootFile)).toMatchObject({ ok: true, signatures: 2 })
    expect(await verifyPeFile({ path: join(folder, '2.exe') })).toMatchObject([{ nested: false }, { nested: true }])
  })

  test('that cannot take another one are refused and nothing is written', async () => {
    const folder = temporaryFolder()
    const signer = identity('ec-p256')
    await signPeFile(request(signer, programs.pe32, join(folder, 'signed.exe')))
    const bytes = await readFile(join(folder, 'signed.exe'))
    const table = bytes.readUInt32LE(bytes.readUInt32LE(0x3c) + 24 + 96 + 32)
    const foreign = Buffer.from(bytes)
    foreign.writeUInt16LE(1, table + 6)
    const broken = Buffer.from(bytes)
    broken[table + 9] = 0x80
    const cases = [
      [foreign, 'AUTHENTICODE_EXISTING_SIGNATURE_UNSUPPORTED'],
      [broken, 'AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED'],
    ] as const
    for (const [content, code] of cases) {
      await writeFile(join(folder, 'input.exe'), content)
      const again = { ...request(signer, join(folder, 'input.exe'), join(folder, 'out.exe')), append: true }
      await expect(signPeFile(again)).rejects.toMatchObject({ code })
    }
    expect(await readdir(folder)).toEqual(['input.exe', 'signed.exe'])
  })
})

describe('the digest', () => {
  test('is the one that osslsigncode signs, whether the file is signed or not', async () => {
    const folder = temporaryFolder()
    const unaligned = join(folder, 'unaligned.exe')
    await writeFile(unaligned, buildPe({ format: 'PE32', overlay: 1_234_567 }).bytes)
    for (const input of [programs.pe32, programs.pe32plus, programs.signedPe32plus, unaligned])
      for (const hash of hashAlgorithms) {
        const signed = join(folder, `${hash}.exe`)
        await promisify(execFile)('rm', ['-f', signed])
        await osslsigncodeSign(identity('ec-p256'), input, signed, '-h', hash)
        const { output } = await osslsigncodeVerify(signed, identity('ec-p256').rootFile)
        const theirs = /Calculated message digest : ([0-9A-F]+)/.exec(output)?.[1]
        expect((await digestPeFile(input, hash)).toString('hex').toUpperCase()).toBe(theirs)
        expect((await digestPeFile(signed, hash)).toString('hex').toUpperCase()).toBe(theirs)
      }
  })
})

describe('what is written', () => {
  test('appears only whole: a failing key, a failing authority and an abort leave nothing behind', async () => {
    const folder = temporaryFolder()
    const output = join(folder, 'signed.exe')
    await writeFile(output, 'what was there before')
    const signer = identity('ec-p256')
    const plain = request(signer, programs.pe32, output)
    const failure = new Error('the token was removed')
    const failing = { ...signer.key, sign: () => Promise.reject(failure) }
    await expect(signPeFile({ ...plain, key: failing })).rejects.toBe(failure)
    await expect(signPeFile({ ...plain, timestamp: { timestamp: () => Promise.reject(failure) } })).rejects.toBe(
      failure,
    )

    const reason = new Error('cancelled')
    await expect(signPeFile({ ...plain, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const large = join(temporaryFolder(), 'large.exe')
    await writeFile(large, buildPe({ format: 'PE32', overlay: 8 * 1024 * 1024 }).bytes)
    const halfway = new AbortController()
    const aborted = signPeFile({
      ...plain,
      inputPath: large,
      signal: halfway.signal,
      onProgress: ({ done, total }) => done > total / 2 && halfway.abort(reason),
    })
    await expect(aborted).rejects.toBe(reason)
    const late = new AbortController()
    const slowKey = {
      ...signer.key,
      sign: () => {
        late.abort(reason)
        return Promise.resolve(new Uint8Array(64))
      },
    }
    await expect(signPeFile({ ...plain, key: slowKey, signal: late.signal })).rejects.toBe(reason)

    expect(await readdir(folder)).toEqual(['signed.exe'])
    expect(await readFile(output, 'utf8')).toBe('what was there before')
  })

  test('never touches the input, even where input and output are one file or links to one', async () => {
    const folder = temporaryFolder()
    const store = join(folder, 'store')
    const input = join(folder, 'input.exe')
    const original = buildPe({ format: 'PE32+', overlay: 100 }).bytes
    await writeFile(store, original)
    await link(store, input)
    const signer = identity('ec-p256')
    await signPeFile({ ...request(signer, input, input), durable: true })
    expect((await readFile(store)).equals(original)).toBe(true)
    expect(await verifyPeFile({ path: input })).toHaveLength(1)
    expect((await readdir(folder)).toSorted()).toEqual(['input.exe', 'store'])
  })

  test('tells how far it has come, to the last byte', async () => {
    const folder = temporaryFolder()
    const input = join(folder, 'input.exe')
    await writeFile(input, buildPe({ format: 'PE32', overlay: 3 * 1024 * 1024 }).bytes)
    const seen: number[] = []
    const signer = identity('ec-p256')
    await signPeFile({
      ...request(signer, input, join(folder, 'signed.exe')),
      onProgress: ({ done, total }) => seen.push(done / total),
    })
    expect(seen.length).toBeGreaterThan(3)
    expect(seen.at(-1)).toBe(1)
    expect(seen).toEqual(seen.toSorted((one, other) => one - other))
  })
})

describe('refused before anything is written', () => {
  test.each([
    ['a key that is not the certificate’s', 'CMS_KEY_MISMATCH', { key: 'rsa-2048' }],
    ['an empty chain', 'CMS_CERTIFICATE_MISSING', { certificateChain: [] }],
    ['a certificate that is none', 'CMS_CERTIFICATE_MALFORMED', { certificateChain: [Uint8Array.of(0x30, 0x05)] }],
    ['an empty description', 'AUTHENTICODE_DESCRIPTION_INVALID', { description: '' }],
    ['control characters', 'AUTHENTICODE_DESCRIPTION_INVALID', { description: 'a\u0000b' }],
    ['half a character', 'AUTHENTICODE_DESCRIPTION_INVALID', { description: 'a\ud83d' }],
    ['a script for an address', 'AUTHENTICODE_DESCRIPTION_URL_INVALID', { descriptionUrl: 'javascript:alert(1)' }],
    ['an address beyond ASCII', 'AUTHENTICODE_DESCRIPTION_URL_INVALID', { descriptionUrl: 'https://bücher.example/' }],
    ['a folder for input', 'FILE_READ_FAILED', { inputPath: '/' }],
    ['a missing input', 'FILE_READ_FAILED', { inputPath: '/nowhere/at.all' }],
    ['an output in a missing folder', 'FILE_WRITE_FAILED', { outputPath: '/nowhere/at.all' }],
  ] as const)('%s: %s', async (_what, code, change) => {
    const folder = temporaryFolder()
    const plain = request(identity('ec-p256'), programs.pe32, join(folder, 'signed.exe'))
    const key = 'key' in change ? identity(change.key).key : plain.key
    await expect(signPeFile({ ...plain, ...change, key })).rejects.toMatchObject({ name: 'SigningError', code })
    expect(await readdir(folder)).toEqual([])
  })

  test('a folder where the output should be: FILE_WRITE_FAILED', async () => {
    const folder = temporaryFolder()
    await mkdir(join(folder, 'signed.exe', 'inside'), { recursive: true })
    const plain = request(identity('ec-p256'), programs.pe32, join(folder, 'signed.exe'))
    await expect(signPeFile(plain)).rejects.toMatchObject({ code: 'FILE_WRITE_FAILED', transient: true })
    expect(await readdir(folder)).toEqual(['signed.exe'])
  })
})
