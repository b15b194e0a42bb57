import { execFile } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ExistingSignature } from '../../domain/index.ts'
import { inspectPeFile, signPeFile } from '../../signing/authenticode/index.ts'
import { DerReader, der, encodeAttribute } from '../../signing/cms/index.ts'
import { joinSigned, splitSigned } from '../fuzz/mutation/pe.ts'
import { legacyTimestampServer } from '../support/legacy-timestamp-server.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'
import { type RealPrograms, realPrograms } from '../support/programs.ts'
import { signatureParts, withUnsigned } from '../support/signature-parts.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// What a plan says of the signatures that a file has already, held against what other tools make and print.
const folder = suiteFolder()
const stamping = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
let rsa: TestIdentity
let ec: TestIdentity
let tsa: TestIdentity
let programs: RealPrograms

beforeAll(async () => {
  programs = await realPrograms()
  rsa = await makeIdentity(folder, 'rsa-2048', { commonName: 'Acme, Inc.' })
  ec = await makeIdentity(folder, 'ec-p256')
  tsa = await makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions: stamping })
})

async function program(options: Partial<Parameters<typeof buildPe>[0]> = {}): Promise<string> {
  const path = join(temporaryFolder(), 'plain.exe')
  await writeFile(path, buildPe({ format: 'PE32+', ...options }).bytes)
  return path
}

/** A program signed by osslsigncode, with more of its arguments where a test needs them. */
async function signedBy(
  identity: TestIdentity,
  input: string | undefined,
  ...more: readonly string[]
): Promise<string> {
  const output = join(temporaryFolder(), 'signed.exe')
  await osslsigncodeSign(identity, input ?? (await program()), output, ...more)
  return output
}

async function existing(path: string, append = false): Promise<readonly ExistingSignature[]> {
  return (await inspectPeFile(path, { hashAlgorithm: 'sha256', append })).existingSignatures
}

const stamps = () => ['-TSA-certs', tsa.chainFile, '-TSA-key', tsa.keyFile, '-TSA-time', '1767225600']

/** The file with another ContentInfo in the place of its own. */
async function withSignature(path: string, edit: (contentInfo: Buffer) => Uint8Array): Promise<string> {
  const { image, signature } = splitSigned(await readFile(path))
  await writeFile(path, joinSigned(image, Buffer.from(edit(signature))))
  return path
}

describe('an existing signature is described', () => {
  test.each(['md5', 'sha1', 'sha256', 'sha384', 'sha512'])('of RSA with %s', async (hash) => {
    const path = await signedBy(rsa, undefined, '-h', hash)
    const extracted = join(temporaryFolder(), 'signature.der')
    await promisify(execFile)('osslsigncode', ['extract-signature', '-in', path, '-out', extracted])
    const leaf = new X509Certificate(rsa.chain[0] as Uint8Array)
    expect(await existing(path)).toEqual([
      {
        kind: 'signature',
        outcome: 'replaced',
        place: 'certificate table',
        depth: 0,
        sha256: createHash('sha256')
          .update(await readFile(extracted))
          .digest('hex'),
        signer: 'CN=Acme\\, Inc.,O=Countersign test',
        issuer: 'CN=Root of Acme\\, Inc.,O=Countersign test',
        serialNumber: leaf.serialNumber.toLowerCase(),
        digestAlgorithm: hash,
        integrity: 'intact',
        timestamp: null,
        uncovered: [],
      },
    ])
  })

  test.each(['sha1', 'sha256'])('of an elliptic curve with %s', async (hash) => {
    const path = await signedBy(ec, undefined, '-h', hash)
    expect(await existing(path)).toMatchObject([{ digestAlgorithm: hash, integrity: 'intact' }])
  })

  test('with its RFC 3161 time-stamp', async () => {
    const [signature] = await existing(await signedBy(rsa, undefined, ...stamps()))
    expect(signature).toMatchObject({
      integrity: 'intact',
      uncovered: [],
      timestamp: {
        kind: 'rfc3161',
        time: '2026-01-01T00:00:00.000Z',
        authority: 'CN=Time,O=Countersign test',
        integrity: 'intact',
        uncovered: [],
      },
    })
  })

  test('with the counter-signature that time-stamps were before', async () => {
    const url = await legacyTimestampServer(tsa)
    const [signature] = await existing(await signedBy(rsa, undefined, '-h', 'sha1', '-t', url))
    expect(signature).toMatchObject({
      integrity: 'intact',
      // The counter-signer's certificate is among the signature's own.
      uncovered: [],
      timestamp: {
        kind: 'countersignature',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
        authority: 'CN=Time,O=Countersign test',
        integrity: 'intact',
        uncovered: [],
      },
    })
  })

  test('with those that are nested in it, in their order, whoever nested them', async () => {
    const one = await signedBy(rsa, undefined, '-h', 'sha1', ...stamps())
    const two = await signedBy(ec, one, '-nest', '-h', 'sha256')
    const three = join(temporaryFolder(), 'signed.exe')
    const by = { key: rsa.key, certificateChain: rsa.chain }
    await signPeFile({ inputPath: two, outputPath: three, ...by, hashAlgorithm: 'sha512', append: true })
    const [primary] = await existing(one)
    const found = await existing(three)
    expect(found).toMatchObject([
      {
        place: 'certificate table',
        depth: 0,
        digestAlgorithm: 'sha1',
        integrity: 'intact',
        timestamp: { kind: 'rfc3161' },
      },
      {
        place: 'nested signature',
        depth: 1,
        digestAlgorithm: 'sha256',
        integrity: 'intact',
        signer: expect.stringContaining('ec-p256'),
      },
      {
        place: 'nested signature',
        depth: 1,
        digestAlgorithm: 'sha512',
        integrity: 'intact',
        signer: expect.stringContaining('Acme'),
      },
    ])
    // What names a signature stays the same when others are nested in it.
    expect(found[0]?.sha256).toBe(primary?.sha256)
    expect((await existing(two)).map(({ sha256 }) => sha256)).toEqual(found.slice(0, 2).map(({ sha256 }) => sha256))
  })

  test('of real programs, by their maker and its authority', async () => {
    for (const path of [programs.signedPe32, programs.signedPe32plus])
      expect(await existing(path)).toMatchObject([
        {
          signer: 'CN=K Desktop Environment e.V.,O=K Desktop Environment e.V.,L=Berlin,C=DE',
          issuer: 'CN=DigiCert SHA2 Assured ID Code Signing CA,OU=www.digicert.com,O=DigiCert Inc,C=US',
          serialNumber: '087cf87879faa94b9dcaba3c3a8b0d88',
          integrity: 'intact',
          timestamp: { kind: 'rfc3161', time: expect.stringMatching(/^2019-09-09T16:/), integrity: 'intact' },
        },
      ])
  })

  test('of a large file by each algorithm, with the digest that is to be signed', async () => {
    const plain = await program({ overlay: 5_000_003 })
    const one = await signedBy(rsa, plain, '-h', 'sha1')
    const two = await signedBy(ec, one, '-nest', '-h', 'sha384')
    const request = { hashAlgorithm: 'sha256', append: false } as const
    const { contentDigest, existingSignatures } = await inspectPeFile(two, request)
    expect(contentDigest).toEqual((await inspectPeFile(plain, request)).contentDigest)
    expect(existingSignatures).toMatchObject([
      { digestAlgorithm: 'sha1', integrity: 'intact' },
      { digestAlgorithm: 'sha384', integrity: 'intact' },
    ])
  })
})

describe('an existing signature that is not what it seems', () => {
  test("is said to be another file's when a byte was changed", async () => {
    const path = await signedBy(rsa, undefined)
    const bytes = await readFile(path)
    bytes[0x500] = (bytes[0x500] ?? 0) ^ 1
    await writeFile(path, bytes)
    expect(await existing(path)).toMatchObject([{ integrity: 'fileChanged', signer: expect.stringContaining('Acme') }])
  })

  test("is said to be invalid when its certificate's key did not make it", async () => {
    const path = await withSignature(await signedBy(rsa, undefined), (signature) => {
      // The signature value is the last thing in it.
      signature.writeUInt8(signature.readUInt8(signature.length - 9) ^ 1, signature.length - 9)
      return signature
    })
    expect(await existing(path)).toMatchObject([{ integrity: 'invalid' }])
  })

  test('is said to be unchecked, of nobody known, when its certificate is not there', async () => {
    const path = await withSignature(await signedBy(rsa, undefined), (signature) => {
      const parts = new DerReader(signature, 'TEST').enter(0x30, 'ContentInfo')
      const type = parts.take(0x06, 'type').encoded
      const fields = parts.enter(0xa0, 'content').enter(0x30, 'SignedData').rest(10, 'SignedData')
      const kept = fields.filter(({ tag }) => tag !== 0xa0).map(({ encoded }) => encoded)
      return der.sequence(type, der.context(0, der.sequence(...kept)))
    })
    expect(await existing(path)).toMatchObject([
      { integrity: 'unchecked', signer: null, issuer: expect.stringContaining('CN=Root of Acme') },
    ])
  })

  test('has all named that nothing signed covers', async () => {
    const path = await signedBy(rsa, undefined, '-ac', ec.chainFile, '-addUnauthenticatedBlob', ...stamps())
    const { image, signature } = splitSigned(await readFile(path))
    await writeFile(path, joinSigned(image, Buffer.concat([signature, Buffer.from('not covered either')])))
    const [found] = await existing(path)
    const uncovered = found?.kind === 'signature' ? found.uncovered.toSorted() : []
    expect(found).toMatchObject({ integrity: 'intact' })
    expect(uncovered).toEqual([
      expect.stringMatching(/^\d+ bytes behind the signature$/),
      'the certificate "CN=Root of Signer ec-p256,O=Countersign test"',
      'the certificate "CN=Signer ec-p256,O=Countersign test"',
      expect.stringMatching(/^the unsigned attribute 1\.3\.6\./),
    ])
  })

  test('has a time-stamp for another signature said to be invalid', async () => {
    const stamped = await signedBy(rsa, undefined, ...stamps())
    const token = signatureParts(splitSigned(await readFile(stamped)).signature).unsigned
    const other = await withSignature(await signedBy(ec, undefined), (signature) => withUnsigned(signature, token))
    expect(await existing(other)).toMatchObject([{ integrity: 'intact', timestamp: { integrity: 'invalid' } }])
  })

  test('has only so much named of what nothing covers', async () => {
    const attribute = encodeAttribute('1.2.3', der.octetString(new Uint8Array(2)))
    const many = Array.from({ length: 60 }, () => attribute)
    const path = await withSignature(await signedBy(ec, undefined), (signature) => withUnsigned(signature, many))
    expect(await existing(path)).toMatchObject([{ uncovered: { length: 20, 19: '41 more' } }])
  })

  test('is named as unreadable when it is none, and the table holds others', async () => {
    const path = await signedBy(rsa, undefined)
    const bytes = await readFile(path)
    const table = bytes.readUInt32LE(bytes.readUInt32LE(0x3c) + 24 + 112 + 32)
    for (const [change, reason] of [
      [(copy: Buffer) => copy.writeUInt16LE(1, table + 6), 'type 1'],
      [(copy: Buffer) => copy.writeUInt8(0x80, table + 9), 'indefinite length'],
      [(copy: Buffer) => copy.fill(0, table + 8), 'must have the tag 0x30'],
    ] as const) {
      const copy = Buffer.from(bytes)
      change(copy)
      await writeFile(path, copy)
      const expected = { kind: 'unreadable', outcome: 'replaced', place: 'certificate table', depth: 0 }
      expect(await existing(path)).toMatchObject([{ ...expected, reason: expect.stringContaining(reason) }])
    }
  })

  test('is not described when there are too many, or nested too deep', async () => {
    const { signature } = splitSigned(await readFile(await signedBy(ec, undefined)))
    const nesting = (inner: readonly Uint8Array[]) => encodeAttribute('1.3.6.1.4.1.311.2.4.1', ...inner)
    const inside = (inner: readonly Uint8Array[]) => Buffer.from(withUnsigned(signature, [nesting(inner)]))
    const many = await withSignature(await signedBy(ec, undefined), () => inside(Array(40).fill(signature)))
    const found = await existing(many)
    expect(found).toHaveLength(17)
    expect(found.at(-1)).toMatchObject({
      kind: 'unreadable',
      reason: 'There are more signatures, which are not listed.',
    })
    let deep = signature
    for (let depth = 0; depth < 200; depth++) deep = inside([deep])
    const nested = await existing(await withSignature(await signedBy(ec, undefined), () => deep))
    expect(nested).toHaveLength(6)
    expect(nested.at(-1)).toMatchObject({ kind: 'unreadable', place: 'nested signature', depth: 5 })
  })
})

describe('a signature is not added to existing ones, and that is found before people approve it, when', () => {
  test('one of them is not valid for the file', async () => {
    const path = await signedBy(rsa, undefined)
    const bytes = await readFile(path)
    bytes[0x500] = (bytes[0x500] ?? 0) ^ 1
    await writeFile(path, bytes)
    await expect(existing(path, true)).rejects.toMatchObject({
      code: 'AUTHENTICODE_EXISTING_SIGNATURE_INVALID',
      message: expect.stringContaining('Acme'),
    })
  })

  test('one of them cannot be read', async () => {
    const broken = await withSignature(await signedBy(rsa, undefined), (signature) => signature.fill(0x80, 1, 2))
    await expect(existing(broken, true)).rejects.toMatchObject({
      code: 'AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED',
    })
  })

  test('bytes follow one of them', async () => {
    const path = await signedBy(rsa, undefined)
    const { image, signature } = splitSigned(await readFile(path))
    await writeFile(path, joinSigned(image, Buffer.concat([signature, Buffer.from('not covered')])))
    await expect(existing(path, true)).rejects.toMatchObject({ code: /^AUTHENTICODE_EXISTING_SIGNATURE_/ })
  })

  test('there are as many as anybody reads', async () => {
    const { signature } = splitSigned(await readFile(await signedBy(ec, undefined)))
    const nesting = (count: number) =>
      withUnsigned(signature, [encodeAttribute('1.3.6.1.4.1.311.2.4.1', ...Array(count).fill(signature))])
    const full = await withSignature(await signedBy(ec, undefined), () => nesting(16))
    await expect(existing(full, true)).rejects.toMatchObject({ code: /^AUTHENTICODE_EXISTING_SIGNATURE_/ })
    const room = await withSignature(await signedBy(ec, undefined), () => nesting(15))
    expect(await existing(room, true)).toMatchObject(Array(16).fill({ outcome: 'kept', integrity: 'intact' }))
  })
})
