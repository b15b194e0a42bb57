import { copyFile, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type DigestedImage,
  imageDigestion,
  readPeHeaders,
  signCopy,
  signPeFile,
  verifyPeFile,
} from '../../signing/authenticode/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = suiteFolder()
const passes = new FilePasses(1)
// RSA signs the same digest always to the same bytes, so that whole files can be compared.
let signer: TestIdentity
let other: TestIdentity

beforeAll(async () => {
  signer = await makeIdentity(folder, 'rsa-2048')
  other = await makeIdentity(folder, 'rsa-3072')
})
afterAll(() => passes.close())

/** Copies a file as it is digested, and signs the copy in its place. */
async function signInPlace(input: string, copy: string, append: boolean): Promise<void> {
  const [from, to] = [await open(input), await open(copy, 'wx+')]
  try {
    const { size } = await from.stat()
    const file = await readPeHeaders(from, size)
    const digestion = imageDigestion({ file, hashAlgorithms: ['sha256'], unpadded: false })
    const read = await passes.read({ input: from.fd, output: to.fd, end: size, hashed: true, digestion })
    const { digests, sum } = read.digested as DigestedImage
    const { key, chain: certificateChain } = signer
    const digested = { handle: to, file, imageDigest: digests.get('sha256') ?? new Uint8Array(), sum }
    await signCopy(digested, { key, certificateChain, hashAlgorithm: 'sha256', append })
  } finally {
    await from.close()
    await to.close()
  }
}

test('a copy that is signed in its place is the same as a file that is signed on the way, byte for byte', async () => {
  const work = temporaryFolder()
  const signed = join(work, 'signed.exe')
  const inputs: [name: string, bytes: Buffer][] = []
  for (const overlay of [0, 3, 700_001, 5_000_003])
    inputs.push([`overlay ${overlay}`, buildPe({ format: 'PE32+', overlay }).bytes])
  inputs.push(['PE32', buildPe({ format: 'PE32' }).bytes])
  inputs.push(['EFI', buildPe({ format: 'PE32+', subsystem: 10 }).bytes])
  const plain = join(work, 'plain.exe')
  for (const [name, bytes] of [...inputs]) {
    await writeFile(plain, bytes)
    // With a longer chain, so that its table is longer than the one that takes its place.
    const certificateChain = [...other.chain, signer.root]
    await signPeFile({
      inputPath: plain,
      outputPath: signed,
      key: other.key,
      certificateChain,
      hashAlgorithm: 'sha256',
    })
    inputs.push([`${name}, signed already`, await readFile(signed)])
  }
  let count = 0
  for (const [name, bytes] of inputs)
    for (const append of [false, true]) {
      const [input, onTheWay, inPlace] = ['input', 'way', 'place'].map((each) => join(work, `${each}-${count}.exe`))
      if (input === undefined || onTheWay === undefined || inPlace === undefined) throw new Error('No names')
      count += 1
      await writeFile(input, bytes)
      const { key, chain: certificateChain } = signer
      await signPeFile({
        inputPath: input,
        outputPath: onTheWay,
        key,
        certificateChain,
        hashAlgorithm: 'sha256',
        append,
      })
      await signInPlace(input, inPlace, append)
      const what = `${name}${append ? ', added' : ''}`
      expect((await readFile(inPlace)).equals(await readFile(onTheWay)), what).toBe(true)
      expect((await readFile(input)).equals(bytes), what).toBe(true)
      if (!append) {
        expect(await verifyPeFile({ path: inPlace, trustedCertificates: [signer.root] }), what).toHaveLength(1)
        expect(await osslsigncodeVerify(inPlace, signer.rootFile), what).toMatchObject({ ok: true, signatures: 1 })
      }
    }
  expect(count).toBe(24)
})

test('a copy whose signature fails is not changed', async () => {
  const work = temporaryFolder()
  const [input, copy] = [join(work, 'input.exe'), join(work, 'copy.exe')]
  const { bytes } = buildPe({ format: 'PE32+', overlay: 1000 })
  await writeFile(input, bytes)
  await copyFile(input, copy)
  const handle = await open(copy, 'r+')
  const file = await readPeHeaders(handle, bytes.length)
  const failure = new Error('the key is gone')
  const key = { ...signer.key, sign: () => Promise.reject(failure) }
  const digested = { handle, file, imageDigest: new Uint8Array(32), sum: 0 }
  const request = { key, certificateChain: signer.chain, hashAlgorithm: 'sha256' } as const
  await expect(signCopy(digested, request)).rejects.toBe(failure)
  await handle.close()
  expect((await readFile(copy)).equals(bytes)).toBe(true)
})
