import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { type SignPeFileRequest, signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { nestSignature } from '../../signing/authenticode/nest-signature.ts'
import { DerReader, der, messageSignerOf } from '../../signing/cms/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { createTimestampToken, imprintOf, type TimestampClient } from '../../signing/timestamp/index.ts'
import { fixChecksum } from '../fuzz/mutation/pe.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign, osslsigncodeVerify } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'
import { type RealPrograms, realPrograms } from '../support/programs.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { withCertificate } from '../support/with-certificate.ts'

const folder = suiteFolder()
const plainInput = join(folder, 'plain.exe')
const stamping = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
let programs: RealPrograms
let signer: TestIdentity
let other: TestIdentity
let tsa: TestIdentity

beforeAll(async () => {
  await writeFile(plainInput, buildPe({ format: 'PE32+', sections: [512, 256], overlay: 13 }).bytes)
  programs = await realPrograms()
  signer = await makeIdentity(folder, 'ec-p256')
  other = await makeIdentity(folder, 'rsa-2048', { commonName: 'Other signer' })
  tsa = await makeIdentity(folder, 'ec-p256', { commonName: 'Time', extensions: stamping })
})

/** Signs the small program, with whatever differs, and answers with the path of the result. */
async function signed(change: Partial<SignPeFileRequest> = {}): Promise<string> {
  const outputPath = join(temporaryFolder(), 'signed.exe')
  await signPeFile({
    inputPath: plainInput,
    outputPath,
    key: signer.key,
    certificateChain: signer.chain,
    hashAlgorithm: 'sha256',
    ...change,
  })
  return outputPath
}

/** An authority in this process, with what it can get wrong. */
function authority(
  identity: TestIdentity,
  change: { readonly bytes?: Uint8Array; readonly time?: Date; readonly chain?: readonly Uint8Array[] } = {},
): TimestampClient {
  return {
    timestamp: ({ signature, hashAlgorithm }) =>
      createTimestampToken({
        request: { imprint: imprintOf(change.bytes ?? signature, hashAlgorithm), wantsCertificates: true },
        signer: messageSignerOf(identity.key),
        certificateChain: change.chain ?? identity.chain,
        hashAlgorithm: 'sha256',
        policy: '2.999.1',
        serialNumber: Uint8Array.of(7),
        time: change.time ?? new Date(),
      }),
  }
}

/** Writes other bytes to a signed file and sets its checksum right, so that nothing else can hide behind it. */
async function rewrite(path: string, change: (bytes: Buffer, table: number) => Buffer | undefined): Promise<void> {
  const bytes = await readFile(path)
  const changed = change(bytes, bytes.readUInt32LE(bytes.readUInt32LE(0x3c) + 24 + 112 + 32)) ?? bytes
  fixChecksum(changed)
  await writeFile(path, changed)
}

const later = new Date(Date.now() + 45 * 24 * 3600 * 1000)

describe('accepted', () => {
  test('what osslsigncode signs, with its time-stamp, description and nested signatures', async () => {
    const [first, second] = [join(temporaryFolder(), '1.exe'), join(temporaryFolder(), '2.exe')]
    const stamped = ['-TSA-certs', tsa.chainFile, '-TSA-key', tsa.keyFile]
    await osslsigncodeSign(
      signer,
      programs.pe32plus,
      first,
      '-h',
      'sha384',
      '-n',
      'Name',
      '-i',
      'https://a.example',
      ...stamped,
    )
    await osslsigncodeSign(other, first, second, '-nest')
    const signatures = await verifyPeFile({
      path: second,
      trustedCertificates: [signer.root, other.root],
      trustedTimestampCertificates: [tsa.root],
    })
    expect(signatures).toMatchObject([
      {
        description: 'Name',
        descriptionUrl: 'https://a.example',
        digestAlgorithm: 'sha384',
        nested: false,
        timestamp: { authority: 'O=Countersign test, CN=Time', trusted: true },
      },
      { nested: true, digestAlgorithm: 'sha256', signer: 'O=Countersign test, CN=Other signer' },
    ])
    expect(signatures[0]?.signerCertificate).toEqual(Uint8Array.from(signer.chain[0] as Uint8Array))
  })

  test('a leaf that is trusted itself, and a chain of which only the leaf travels', async () => {
    const path = await signed({ certificateChain: signer.chain.slice(0, 1) })
    expect(await verifyPeFile({ path, trustedCertificates: [signer.root] })).toHaveLength(1)
    expect(await verifyPeFile({ path, trustedCertificates: signer.chain.slice(0, 1) })).toHaveLength(1)
    await expect(verifyPeFile({ path })).rejects.toMatchObject({ code: 'AUTHENTICODE_CHAIN_UNTRUSTED' })
  })

  test('an expired certificate, when a trusted authority saw the signature before, and only then', async () => {
    const path = await signed({ timestamp: authority(tsa) })
    const request = { path, trustedCertificates: [signer.root], at: later }
    const trusted = { ...request, trustedTimestampCertificates: [tsa.root] }
    expect(await verifyPeFile(trusted)).toMatchObject([{ timestamp: { trusted: true } }])
    await expect(verifyPeFile(request)).rejects.toMatchObject({ code: 'AUTHENTICODE_CERTIFICATE_EXPIRED' })
    const unstamped = { ...trusted, path: await signed() }
    await expect(verifyPeFile(unstamped)).rejects.toMatchObject({ code: 'AUTHENTICODE_CERTIFICATE_EXPIRED' })
  })
})

describe('refused', () => {
  test('a program without a signature, and a file that is no program', async () => {
    await expect(verifyPeFile({ path: plainInput })).rejects.toMatchObject({ code: 'AUTHENTICODE_NOT_SIGNED' })
    await expect(verifyPeFile({ path: signer.keyFile })).rejects.toMatchObject({ code: 'AUTHENTICODE_NOT_A_PE_FILE' })
  })

  test('every single changed bit of the image', async () => {
    const path = await signed()
    const original = await readFile(path)
    const optional = original.readUInt32LE(0x3c) + 24
    const table = original.readUInt32LE(optional + 112 + 32)
    for (let at = 0; at < table; at++) {
      const bytes = Buffer.from(original)
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
      // Where the checksum's own bytes are not the changed ones, it is set right, so that the digest has to notice.
      if (at < optional + 64 || at >= optional + 68) fixChecksum(bytes)
      await writeFile(path, bytes)
      const failure = await verifyPeFile({ path }).catch((reason: unknown) => reason)
      expect(failure, `byte ${at}`).toBeInstanceOf(SigningError)
    }
  })

  test('a wrong checksum', async () => {
    const path = await signed()
    const bytes = await readFile(path)
    const checksum = bytes.readUInt32LE(0x3c) + 24 + 64
    bytes.writeUInt32LE(bytes.readUInt32LE(checksum) + 1, checksum)
    await writeFile(path, bytes)
    await expect(verifyPeFile({ path })).rejects.toMatchObject({ code: 'AUTHENTICODE_CHECKSUM_MISMATCH' })
  })

  test.each([
    [
      'bytes behind the table',
      'AUTHENTICODE_TABLE_INVALID',
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(8)]),
    ],
    [
      'padding that is not zero',
      'AUTHENTICODE_UNSIGNED_CONTENT',
      (bytes: Buffer, table: number) => grow(bytes, table, Buffer.from([0, 0, 0, 0, 0, 0, 0, 1])),
    ],
    [
      'padding that is longer than alignment needs',
      'AUTHENTICODE_UNSIGNED_CONTENT',
      (bytes: Buffer, table: number) => grow(bytes, table, Buffer.alloc(8)),
    ],
    [
      'a second WIN_CERTIFICATE',
      'AUTHENTICODE_TABLE_INVALID',
      (bytes: Buffer, table: number) => {
        const length = bytes.readUInt32LE(table)
        const grown = grow(bytes, table, bytes.subarray(table))
        grown.writeUInt32LE(length, table)
        return grown
      },
    ],
    [
      'another revision of WIN_CERTIFICATE',
      'AUTHENTICODE_TABLE_INVALID',
      (bytes: Buffer, table: number) => {
        bytes.writeUInt16LE(0x0100, table + 4)
        return bytes
      },
    ],
  ] as const)('%s: %s', async (_what, code, change) => {
    const path = await signed()
    await rewrite(path, change)
    await expect(verifyPeFile({ path })).rejects.toMatchObject({ code })
  })

  test('anything in unsigned attributes that is not known', async () => {
    const path = join(temporaryFolder(), 'signed.exe')
    await osslsigncodeSign(signer, plainInput, path, '-addUnauthenticatedBlob')
    await expect(verifyPeFile({ path })).rejects.toMatchObject({ code: 'AUTHENTICODE_UNSIGNED_CONTENT' })
  })

  test('an embedded certificate that is not in the signer’s path', async () => {
    const path = await signed({ certificateChain: [...signer.chain, other.root] })
    await expect(verifyPeFile({ path })).rejects.toMatchObject({ code: 'AUTHENTICODE_UNSIGNED_CONTENT' })
  })

  test('a signature that another key made', async () => {
    const key = { ...signer.key, sign: tsa.key.sign }
    await expect(verifyPeFile({ path: await signed({ key }) })).rejects.toMatchObject({
      code: 'AUTHENTICODE_SIGNATURE_INVALID',
    })
    const nonsense = { ...signer.key, sign: () => Promise.resolve(new Uint8Array(0)) }
    await expect(verifyPeFile({ path: await signed({ key: nonsense }) })).rejects.toMatchObject({
      code: 'AUTHENTICODE_SIGNATURE_INVALID',
    })
  })

  test('a signer who leads elsewhere, or whose certificate is for something else', async () => {
    const path = await signed()
    await expect(verifyPeFile({ path, trustedCertificates: [other.root] })).rejects.toMatchObject({
      code: 'AUTHENTICODE_CHAIN_UNTRUSTED',
    })
    const wrong = await makeIdentity(temporaryFolder(), 'ec-p256', { extensions: 'extendedKeyUsage=serverAuth' })
    const misused = await signed({ key: wrong.key, certificateChain: wrong.chain })
    await expect(verifyPeFile({ path: misused })).rejects.toMatchObject({ code: 'AUTHENTICODE_CERTIFICATE_UNSUITABLE' })
    const encrypting = await makeIdentity(temporaryFolder(), 'rsa-2048', { extensions: 'keyUsage=keyEncipherment' })
    const misusedKey = await signed({ key: encrypting.key, certificateChain: encrypting.chain })
    await expect(verifyPeFile({ path: misusedKey })).rejects.toMatchObject({
      code: 'AUTHENTICODE_CERTIFICATE_UNSUITABLE',
    })
  })

  test('an image that was exchanged under a signature', async () => {
    const path = await signed()
    const stranger = join(temporaryFolder(), 'stranger.exe')
    await writeFile(stranger, buildPe({ format: 'PE32+', sections: [512, 256], overlay: 14 }).bytes)
    const exchanged = await signed({ inputPath: stranger })
    const table = (await readFile(path)).subarray(-(await tableSize(path)))
    await rewrite(exchanged, (bytes, at) => {
      const swapped = Buffer.concat([bytes.subarray(0, at), table])
      swapped.writeUInt32LE(table.length, swapped.readUInt32LE(0x3c) + 24 + 112 + 36)
      return swapped
    })
    await expect(verifyPeFile({ path: exchanged })).rejects.toMatchObject({ code: 'AUTHENTICODE_DIGEST_MISMATCH' })
  })
})

describe('attribute certificates, which take no part in a path,', () => {
  const attributeCertificate = der.element(0xa2, Buffer.alloc(300, 0x05))

  test('are passed over in a time-stamp, where Microsoft’s authority sends them', async () => {
    const plain = authority(tsa)
    const path = await signed({
      timestamp: { timestamp: async (demand) => withCertificate(await plain.timestamp(demand), attributeCertificate) },
    })
    const trust = { trustedCertificates: [signer.root], trustedTimestampCertificates: [tsa.root] }
    const [signature] = await verifyPeFile({ path, ...trust })
    expect(signature?.timestamp).toMatchObject({ trusted: true })
    expect((await osslsigncodeVerify(path, signer.rootFile, tsa.rootFile)).ok).toBe(true)
  })

  test('are refused in the signature of a file, as osslsigncode refuses them: nothing covers them', async () => {
    const path = await signed()
    await rewrite(path, (bytes, at) => {
      const { encoded } = new DerReader(bytes.subarray(at + 8), 'TEST').takeAny('the signature')
      const signature = withCertificate(encoded, attributeCertificate)
      const table = Buffer.alloc(Math.ceil((8 + signature.length) / 8) * 8)
      bytes.copy(table, 0, at, at + 8)
      table.writeUInt32LE(table.length, 0)
      table.set(signature, 8)
      const changed = Buffer.concat([bytes.subarray(0, at), table])
      changed.writeUInt32LE(table.length, changed.readUInt32LE(0x3c) + 24 + 112 + 36)
      return changed
    })
    await expect(verifyPeFile({ path, trustedCertificates: [signer.root] })).rejects.toMatchObject({
      code: 'AUTHENTICODE_UNSIGNED_CONTENT',
    })
    expect((await osslsigncodeVerify(path, signer.rootFile, tsa.rootFile)).ok).toBe(false)
  })
})

describe('a time-stamp is refused', () => {
  const cases: readonly (readonly [string, string, () => TimestampClient | Promise<TimestampClient>])[] = [
    [
      'for other bytes',
      'AUTHENTICODE_TIMESTAMP_IMPRINT_MISMATCH',
      () => authority(tsa, { bytes: createHash('sha256').update('other').digest() }),
    ],
    ['from a certificate for code signing', 'AUTHENTICODE_TIMESTAMP_CERTIFICATE_UNSUITABLE', () => authority(signer)],
    [
      'from a certificate that is not only for time-stamping',
      'AUTHENTICODE_TIMESTAMP_CERTIFICATE_UNSUITABLE',
      async () =>
        authority(
          await makeIdentity(temporaryFolder(), 'ec-p256', {
            extensions: 'extendedKeyUsage=critical,timeStamping,codeSigning',
          }),
        ),
    ],
    [
      'from before the authority’s certificate began',
      'AUTHENTICODE_TIMESTAMP_CERTIFICATE_EXPIRED',
      () => authority(tsa, { time: new Date('2020-01-01T00:00:00Z') }),
    ],
    [
      'from an authority that is not trusted',
      'AUTHENTICODE_TIMESTAMP_CHAIN_UNTRUSTED',
      async () =>
        authority(await makeIdentity(temporaryFolder(), 'ec-p256', { commonName: 'T2', extensions: stamping })),
    ],
    ['that is none', 'AUTHENTICODE_TIMESTAMP_MALFORMED', () => ({ timestamp: async () => Uint8Array.of(0x30, 0x00) })],
  ]
  test.each(cases)('%s: %s', async (_what, code, client) => {
    const path = await signed({ timestamp: await client() })
    const request = { path, trustedCertificates: [signer.root], trustedTimestampCertificates: [tsa.root] }
    await expect(verifyPeFile(request)).rejects.toMatchObject({ code })
  })
})

test('whatever bytes a signature has, verifying succeeds or fails with a SigningError', async () => {
  const nested = await signed({
    inputPath: await signed({ timestamp: authority(tsa), description: 'fuzzed', descriptionUrl: 'https://a.example' }),
    append: true,
  })
  const original = await readFile(nested)
  const table = original.readUInt32LE(original.readUInt32LE(0x3c) + 24 + 112 + 32)
  const octet = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0x00, 0x1f, 0x30, 0x31, 0x80, 0x84, 0xa0, 0xff),
  )
  const change = fc.tuple(fc.integer({ min: table, max: original.length - 1 }), octet)
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      await writeFile(nested, original)
      await rewrite(nested, (bytes) => {
        for (const [at, value] of changes) bytes[at] = value
        return undefined
      })
      const outcome = await verifyPeFile({ path: nested }).catch((reason: unknown) => reason)
      if (!Array.isArray(outcome)) expect(outcome).toBeInstanceOf(SigningError)
    }),
    { numRuns: 1500 },
  )
})

test('a signature nested deeper than one level is refused, however deep', async () => {
  const path = await signed()
  const inner = await signed({ inputPath: path, append: true })
  // A primary with a nested signature becomes the nested signature of another primary.
  const content = (await readFile(inner)).subarray(-(await tableSize(inner)) + 8)
  const outer = await signed()
  const primary = (await readFile(outer)).subarray(-(await tableSize(outer)) + 8)
  const length = content.readUInt16BE(2) + 4
  const deep = nestSignature(primary, content.subarray(0, length))
  await rewrite(outer, (bytes, table) => {
    const padded = Buffer.alloc(Math.ceil((deep.length + 8) / 8) * 8)
    bytes.copy(padded, 0, table, table + 8)
    padded.writeUInt32LE(padded.length, 0)
    padded.set(deep, 8)
    const whole = Buffer.concat([bytes.subarray(0, table), padded])
    whole.writeUInt32LE(padded.length, whole.readUInt32LE(0x3c) + 24 + 112 + 36)
    return whole
  })
  await expect(verifyPeFile({ path: outer })).rejects.toMatchObject({ code: 'AUTHENTICODE_UNSIGNED_CONTENT' })
})

test('memory stays flat: a program of 600 MB is signed, digested and verified within 256 MiB', async () => {
  const child = join(import.meta.dirname, '..', 'support', 'authenticode-child.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [child, temporaryFolder(), String(600_000_000)])
  const { signatures, peakMebibytes } = JSON.parse(stdout)
  expect(signatures).toBe(1)
  expect(peakMebibytes).toBeLessThan(256)
})

function grow(bytes: Buffer, table: number, more: Buffer): Buffer {
  const grown = Buffer.concat([bytes, more])
  grown.writeUInt32LE(grown.length - table, table)
  grown.writeUInt32LE(grown.length - table, grown.readUInt32LE(0x3c) + 24 + 112 + 36)
  return grown
}

async function tableSize(path: string): Promise<number> {
  const bytes = await readFile(path)
  return bytes.readUInt32LE(bytes.readUInt32LE(0x3c) + 24 + 112 + 36)
}
