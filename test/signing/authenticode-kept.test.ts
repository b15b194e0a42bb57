import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { inspectPeFile, signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { encodeAttribute } from '../../signing/cms/index.ts'
import { fixChecksum, joinSigned, splitSigned } from '../fuzz/mutation/pe.ts'
import { legacyTimestampServer } from '../support/legacy-timestamp-server.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign, osslsigncodeVerify } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'
import { type RealPrograms, realPrograms } from '../support/programs.ts'
import { nestedIn, signatureParts, withUnsigned } from '../support/signature-parts.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// Signatures of others stay byte for byte when ours is added, whatever rules they were made by.
const folder = suiteFolder()
const stamping = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
let ours: TestIdentity
let theirs: TestIdentity
let tsa: TestIdentity
let programs: RealPrograms

beforeAll(async () => {
  programs = await realPrograms()
  ours = await makeIdentity(folder, 'ec-p256')
  theirs = await makeIdentity(folder, 'rsa-2048')
  tsa = await makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions: stamping })
})

async function added(inputPath: string) {
  const outputPath = join(temporaryFolder(), 'signed.exe')
  const request = {
    inputPath,
    outputPath,
    key: ours.key,
    certificateChain: ours.chain,
    hashAlgorithm: 'sha256',
  } as const
  const { existingSignatures } = await inspectPeFile(inputPath, { hashAlgorithm: 'sha256', append: true })
  await signPeFile({ ...request, append: true })
  return { path: outputPath, kept: existingSignatures.map(({ sha256 }) => sha256) }
}

async function program(options: Partial<Parameters<typeof buildPe>[0]> = {}): Promise<string> {
  const path = join(temporaryFolder(), 'plain.exe')
  await writeFile(path, buildPe({ format: 'PE32+', ...options }).bytes)
  return path
}

async function signedByThem(input: string, ...more: readonly string[]): Promise<string> {
  const output = join(temporaryFolder(), 'theirs.exe')
  await osslsigncodeSign(theirs, input, output, ...more)
  return output
}

const verify = (path: string, kept: readonly string[]) => verifyPeFile({ path, kept, trustedCertificates: [ours.root] })

describe('a signature is added', () => {
  test('to those of others by rules that are not ours: SHA-1, a counter-signature, data of their own', async () => {
    const url = await legacyTimestampServer(tsa)
    const one = await signedByThem(await program(), '-h', 'sha1', '-t', url)
    const two = await signedByThem(one, '-nest', '-h', 'sha256', '-addUnauthenticatedBlob')
    const { path, kept } = await added(two)
    expect(kept).toHaveLength(2)
    await expect(verifyPeFile({ path, trustedCertificates: [ours.root, theirs.root] })).rejects.toThrow()
    expect(await verify(path, kept)).toMatchObject([{ nested: true, signer: expect.stringContaining('ec-p256') }])
    const [before, after] = [splitSigned(await readFile(two)), splitSigned(await readFile(path))]
    expect(after.image.subarray(0x200)).toEqual(before.image.subarray(0x200))
    // The nested one is there as it was, and of the first all that is before its unsigned attributes.
    expect(nestedIn(after.signature).slice(0, 1)).toEqual(nestedIn(before.signature))
    expect(signatureParts(after.signature).signer.slice(0, -1)).toEqual(
      signatureParts(before.signature).signer.slice(0, -1),
    )
    const others = (signature: Uint8Array) =>
      signatureParts(signature).unsigned.filter((attribute) => !Buffer.from(attribute).includes(nestedOid))
    expect(others(after.signature)).toEqual(others(before.signature))
  })

  test('to those of real programs', async () => {
    for (const input of [programs.signedPe32, programs.signedPe32plus]) {
      const { path, kept } = await added(input)
      expect(kept).toHaveLength(1)
      expect(await verify(path, kept)).toMatchObject([{ nested: true }])
      const [first] = (await inspectPeFile(path, { hashAlgorithm: 'sha256', append: false })).existingSignatures
      expect(first).toMatchObject({ sha256: kept[0], integrity: 'intact', timestamp: { integrity: 'intact' } })
    }
  })

  test('again and again, and osslsigncode accepts all of them', async () => {
    const roots = join(temporaryFolder(), 'roots.pem')
    await writeFile(roots, Buffer.concat([await readFile(ours.rootFile), await readFile(theirs.rootFile)]))
    let input = await signedByThem(await program(), '-TSA-certs', tsa.chainFile, '-TSA-key', tsa.keyFile)
    for (let count = 2; count <= 4; count++) {
      const { path, kept } = await added(input)
      expect(kept).toHaveLength(count - 1)
      expect(await verify(path, kept)).toHaveLength(1)
      const verdict = await osslsigncodeVerify(path, roots, tsa.rootFile)
      expect(verdict).toMatchObject({ ok: true, signatures: count })
      input = path
    }
  })

  test('to an EFI image as an entry of its table, and to a file without signatures as its first', async () => {
    const efi = await signedByThem(await program({ subsystem: 10 }), '-h', 'sha1')
    const { path, kept } = await added(efi)
    expect(await verify(path, kept)).toMatchObject([{ nested: false, signer: expect.stringContaining('ec-p256') }])
    expect((await added(path)).kept).toHaveLength(2)
    const first = await added(await program())
    expect(first.kept).toEqual([])
    expect(await verify(first.path, [])).toHaveLength(1)
  })

  test('to one whose unsigned attributes are in no order, which stay in theirs', async () => {
    const path = await signedByThem(await program())
    const { image, signature } = splitSigned(await readFile(path))
    const unsigned = ['1.3.9', '1.3.7', '1.3.8'].map((type) => encodeAttribute(type, Uint8Array.of(5, 0)))
    await writeFile(path, joinSigned(image, Buffer.from(withUnsigned(signature, unsigned))))
    const result = await added(path)
    expect(await verify(result.path, result.kept)).toHaveLength(1)
    const after = signatureParts(splitSigned(await readFile(result.path)).signature).unsigned
    expect(after.filter((attribute) => !Buffer.from(attribute).includes(nestedOid))).toEqual(
      unsigned.map((attribute) => Buffer.from(attribute)),
    )
  })

  test.each([
    ['an empty set', []],
    ['one for nested signatures with none in it', [encodeAttribute('1.3.6.1.4.1.311.2.4.1')]],
  ])('not to one whose unsigned attributes are %s, which would not stay: its plan says so', async (_, unsigned) => {
    const path = await signedByThem(await program())
    const { image, signature } = splitSigned(await readFile(path))
    await writeFile(path, joinSigned(image, Buffer.from(withUnsigned(signature, unsigned))))
    const refusal = { code: 'AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED' }
    await expect(inspectPeFile(path, { hashAlgorithm: 'sha256', append: true })).rejects.toMatchObject(refusal)
    const replaced = await inspectPeFile(path, { hashAlgorithm: 'sha256', append: false })
    expect(replaced.existingSignatures).toHaveLength(1)
  })
})

describe('that a signature was added is believed only when', () => {
  test.each([
    ['is missing', (kept: readonly string[]) => kept.slice(1)],
    ['is another', (kept: readonly string[]) => ['ab'.repeat(32), ...kept.slice(1)]],
    ['stands elsewhere', (kept: readonly string[]) => kept.toReversed()],
    ['is one too many', (kept: readonly string[]) => [...kept, 'ab'.repeat(32)]],
    ['were all removed', () => []],
  ])('none of those before %s', async (_, change) => {
    const two = await signedByThem(await signedByThem(await program()), '-nest')
    const { path, kept } = await added(two)
    expect(await verify(path, kept)).toHaveLength(1)
    await expect(verify(path, change(kept))).rejects.toMatchObject({ code: 'AUTHENTICODE_KEPT_SIGNATURE_CHANGED' })
  })

  test('not one byte of those before is another', async () => {
    const { path, kept } = await added(await signedByThem(await signedByThem(await program()), '-nest', '-h', 'sha1'))
    const { image, signature } = splitSigned(await readFile(path))
    const [, own] = nestedIn(signature)
    const ownAt = signature.indexOf(own as Uint8Array)
    const accepted: number[] = []
    // Each structure has more bytes than the step.
    for (let at = 0; at < ownAt; at += 11) {
      const changed = Buffer.from(signature)
      changed[at] = (changed[at] ?? 0) ^ 1
      const bytes = joinSigned(image, changed)
      fixChecksum(bytes)
      await writeFile(path, bytes)
      await verify(path, kept).then(
        () => accepted.push(at),
        () => undefined,
      )
    }
    expect(accepted).toEqual([])
  })

  test('the one that was added is judged as strictly as any', async () => {
    const { path, kept } = await added(await signedByThem(await program()))
    await expect(verifyPeFile({ path, kept, trustedCertificates: [theirs.root] })).rejects.toMatchObject({
      code: 'AUTHENTICODE_CHAIN_UNTRUSTED',
    })
    const bytes = await readFile(path)
    bytes[0x500] = (bytes[0x500] ?? 0) ^ 1
    fixChecksum(bytes)
    await writeFile(path, bytes)
    await expect(verify(path, kept)).rejects.toMatchObject({ code: 'AUTHENTICODE_DIGEST_MISMATCH' })
  })
})

/** The object identifier of SPC_NESTED_SIGNATURE, DER. */
const nestedOid = Buffer.from('060a2b060104018237020401', 'hex')
