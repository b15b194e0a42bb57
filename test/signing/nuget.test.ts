import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { copyFile, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { openZip, usualArchiveLimits } from '../../archives/index.ts'
import type { AttributeValue } from '../../domain/index.ts'
import { nugetFormat, nugetVerifier } from '../../signing/nuget/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { codeOf } from '../support/code-of.ts'
import { type FormatWork, formatWorkIn } from '../support/format-work.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { timestampsBy } from '../support/time-stamped.ts'
import { type BuiltEntry, buildZip } from '../support/zip-builder.ts'

const folder = suiteFolder()
const work = formatWorkIn(folder)
const cases = join(import.meta.dirname, '../support/nuget-cases')
/** Packages that NuGet's own client signed, or that were made of these. */
const caseFile = (name: string) => readFile(join(cases, `${name}.nupkg`))
let publisher: TestIdentity
let repository: TestIdentity
let ec: TestIdentity
let authority: TestIdentity
let ecAuthority: TestIdentity

beforeAll(async () => {
  const extensions = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
  ;[publisher, repository, ec, authority, ecAuthority] = await Promise.all([
    makeIdentity(folder, 'rsa-2048'),
    makeIdentity(folder, 'rsa-3072'),
    makeIdentity(folder, 'ec-p256'),
    makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions }),
    makeIdentity(folder, 'ec-p256', { commonName: 'Other time', extensions }),
  ])
})

const ofRepository: Readonly<Record<string, AttributeValue>> = {
  'signature-type': 'repository',
  'service-index-url': 'https://packages.example.com/v3/index.json',
  'package-owners': 'example-owner, Ünïcode',
}
const byRepository = () => ({ signer: repository, attributes: ofRepository })

const nupkg = (bytes: Uint8Array, more: Partial<FormatWork> = {}): FormatWork => ({
  format: nugetFormat,
  name: 'Example.Case.nupkg',
  bytes,
  signer: publisher,
  ...more,
})

/** A package's signature, and the archive that it is in. */
async function signatureOf(path: string) {
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const archive = await openZip({ handle, size }, { limits: usualArchiveLimits, passes: work.passes })
    const entry = archive.entries.at(-1)
    if (entry?.name !== '.signature.p7s') throw new Error('The last entry is no signature.')
    const blocks: Buffer[] = []
    for await (const block of archive.read(entry)) blocks.push(block)
    return { bytes: Buffer.concat(blocks), entry }
  } finally {
    await handle.close()
  }
}

/** What openssl says of DER, without values. */
async function structureOf(der: Uint8Array): Promise<readonly string[]> {
  const path = join(folder, 'structure.der')
  await writeFile(path, der)
  const { stdout } = await promisify(execFile)('openssl', ['asn1parse', '-inform', 'DER', '-in', path])
  return stdout.split('\n').flatMap((line) => {
    const [, depth, what] = /:d=(\d+).*?(?:cons|prim): *(.*?) *(?::|$)/.exec(line) ?? []
    const [, identifier = ''] = /OBJECT +:(.*)/.exec(line) ?? []
    return Number(depth) > 8 ? [] : [`${depth} ${what}${identifier && ` ${identifier}`}`]
  })
}

describe('a package', () => {
  test('is signed by its author, and by a repository on that', async () => {
    const unsigned = await caseFile('unsigned')
    const order = nupkg(unsigned, { timestamps: timestampsBy(authority) })
    const path = await work.sign(order)
    expect(await work.verify(order)).toMatchObject([
      { attributes: { 'signature-type': 'author' }, timestamp: { authority: expect.stringContaining('Time') } },
    ])
    const { entry, bytes } = await signatureOf(path)
    expect([entry.method, entry.flags, entry.extra.length, entry.start]).toEqual([
      0,
      0,
      0,
      unsigned.readUInt32LE(unsigned.length - 6),
    ])
    expect((await readFile(path)).subarray(0, entry.start)).toEqual(unsigned.subarray(0, entry.start))
    await writeFile(join(folder, 'p7s'), bytes)
    const verify = ['cms', '-verify', '-inform', 'DER', '-in', join(folder, 'p7s'), '-purpose', 'any']
    const { stdout } = await promisify(execFile)('openssl', [...verify, '-CAfile', publisher.rootFile])
    expect(stdout).toMatch(/^Version:1\n\n2\.16\.840\.1\.101\.3\.4\.2\.1-Hash:[A-Za-z0-9+/]{43}=\n\n$/)

    const countersigned = nupkg(await readFile(path), byRepository())
    const plan = await work.plan(countersigned)
    expect(plan.existingSignatures).toMatchObject([
      { outcome: 'kept', place: 'author signature', integrity: 'intact', timestamp: { integrity: 'intact' } },
    ])
    await work.sign(countersigned)
    const kept = plan.existingSignatures.map(({ sha256 }) => sha256)
    expect(await work.verify(countersigned, kept)).toMatchObject([
      { attributes: { ...ofRepository, 'package-owners': 'example-owner,Ünïcode' } },
    ])
    expect(await codeOf(work.verify(countersigned, ['0'.repeat(64)]))).toBe('NUGET_KEPT_SIGNATURE_CHANGED')
    expect((await work.plan(nupkg(await readFile(path)))).existingSignatures).toMatchObject([
      { outcome: 'replaced', place: 'author signature', depth: 0 },
      {
        outcome: 'replaced',
        place: expect.stringMatching(/^repository countersignature \(https:/),
        depth: 1,
        integrity: 'intact',
      },
    ])
  })

  test.each(['author', 'repository', 'author-and-repository'])(
    'has the structure of what NuGet signs: %s',
    async (name) => {
      const isAuthor = name === 'author'
      const source = name === 'author-and-repository' ? 'author-stamped' : 'unsigned'
      const stamped = isAuthor ? {} : { timestamps: timestampsBy(authority) }
      const path = await work.sign(nupkg(await caseFile(source), { ...(isAuthor ? {} : byRepository()), ...stamped }))
      const ours = await structureOf((await signatureOf(path)).bytes)
      const theirs = await structureOf((await signatureOf(join(cases, `${name}.nupkg`))).bytes)
      const attributes = (lines: readonly string[]) =>
        [
          ...new Set(
            lines.filter((line) =>
              /OBJECT .*(?:id-smime|1\.3\.6|countersig|signingTime|messageDigest|contentType)/.test(line),
            ),
          ),
        ].toSorted()
      expect(attributes(ours)).toEqual(attributes(theirs))
      expect(ours.slice(0, 3)).toEqual(theirs.slice(0, 3))
    },
  )

  test('is signed by SHA-512, without a trace of the signature that it had', async () => {
    const order = nupkg(await caseFile('altered-content-byte'), { attributes: { 'hash-algorithm': 'sha512' } })
    expect((await work.plan(order)).existingSignatures).toMatchObject([
      { outcome: 'replaced', integrity: 'fileChanged', signer: 'O=Example,CN=Example publisher' },
    ])
    await work.sign(order)
    expect(await work.verify(order)).toMatchObject([{ contentDigests: [{ content: 'package', algorithm: 'sha512' }] }])
  })

  test.each([
    ['an author on a signature', 'author', { append: true }, 'NUGET_SIGNATURE_PRESENT'],
    ['a second repository', 'author-and-repository', ofRepository, 'NUGET_REPOSITORY_SIGNATURE_PRESENT'],
    ['a repository on a repository', 'repository', ofRepository, 'NUGET_REPOSITORY_SIGNATURE_PRESENT'],
    ['a repository on an invalid signature', 'altered-local-time', ofRepository, 'NUGET_EXISTING_SIGNATURE_INVALID'],
    ['a repository without its index', 'unsigned', { 'signature-type': 'repository' }, 'DIRECTIVE_INVALID'],
    ['an author with owners', 'unsigned', { 'package-owners': 'me' }, 'DIRECTIVE_INVALID'],
    [
      'an index by http',
      'unsigned',
      { ...ofRepository, 'service-index-url': 'http://example.com' },
      'DIRECTIVE_INVALID',
    ],
  ] as const)('is not signed by %s', async (_, name, attributes, code) => {
    expect(await codeOf(work.plan(nupkg(await caseFile(name), { attributes })))).toBe(code)
  })

  test('is signed by RSA keys alone, stamped by such, and never with a certificate for lifetime signing', async () => {
    const unsigned = await caseFile('unsigned')
    expect(await codeOf(work.plan(nupkg(unsigned, { signer: ec })))).toBe('KEY_ALGORITHM_UNSUITABLE')
    const stamped = nupkg(unsigned, { timestamps: timestampsBy(ecAuthority) })
    expect(await codeOf(work.sign(stamped))).toBe('NUGET_TIMESTAMP_CERTIFICATE_UNSUITABLE')
    const extensions = 'keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning,1.3.6.1.4.1.311.10.3.13'
    const lifetime = await makeIdentity(folder, 'rsa-2048', { commonName: 'Lifetime', extensions })
    expect(await codeOf(work.sign(nupkg(unsigned, { signer: lifetime })))).toBe('NUGET_CERTIFICATE_UNSUITABLE')
  })

  test.each([
    ['no nuspec', [{ name: 'a.dll', content: 'MZ' }], 'NUGET_NUSPEC_MISSING'],
    [
      'a deflated signature',
      [
        { name: 'a.nuspec', content: '' },
        { name: '.signature.p7s', content: 'x' },
      ],
      'NUGET_SIGNATURE_ENTRY_INVALID',
    ],
    [
      'a signature in capitals',
      [
        { name: 'a.nuspec', content: '' },
        { name: '.Signature.p7s', content: 'x', isStored: true },
      ],
      'NUGET_SIGNATURE_ENTRY_INVALID',
    ],
    [
      'a signature with a descriptor',
      [
        { name: 'a.nuspec', content: '' },
        { name: '.signature.p7s', content: 'x', isStored: true, descriptor: 'signed' },
      ],
      'NUGET_SIGNATURE_ENTRY_INVALID',
    ],
  ] satisfies readonly (readonly [string, readonly BuiltEntry[], string])[])(
    'is none with %s',
    async (_, entries, code) => {
      expect(await codeOf(work.plan(nupkg(buildZip(entries))))).toBe(code)
    },
  )

  test('gets its signature last, wherever the one before was', async () => {
    const first = buildZip([
      { name: '.signature.p7s', content: 'no signature', isStored: true },
      { name: 'a.nuspec', content: '<package/>' },
      { name: 'lib/C%2B%2B.dll', content: 'MZ', isStored: true },
    ])
    const path = await work.sign(nupkg(first))
    expect((await work.plan(nupkg(await readFile(path)))).existingSignatures).toMatchObject([{ integrity: 'intact' }])
  })

  test('is refused when a bit of it is another, anywhere', async () => {
    const order = nupkg(await caseFile('unsigned'), { timestamps: timestampsBy(authority) })
    const path = await work.sign(order)
    const signed = await readFile(path)
    await copyFile(path, join(folder, 'signed'))
    for (let at = 0; at < signed.length; at += 29) {
      const other = Buffer.from(signed)
      other[at] = (other[at] ?? 0) ^ 4
      await writeFile(path, other)
      const code = await work.verify(order).then(
        () => 'accepted',
        (error: unknown) => (error instanceof SigningError ? error.code : String(error)),
      )
      // The time of the signature's own entry is what nothing covers, and the versions of its records.
      const { entry } = await signatureOf(join(folder, 'signed'))
      const isOwnHeader = at >= entry.start && at < entry.dataStart
      const isOwnRecord = at > signed.length - 22 - 60 && at < signed.length - 22
      if (!isOwnHeader && !isOwnRecord) expect(code, `byte ${at}`).toMatch(/^(?:NUGET|ARCHIVE)_/)
    }
  })
})

describe('verdicts on what NuGet signs', () => {
  const ok = 'valid'
  const both = 'valid, valid'
  test.each([
    ['author', ok],
    ['author-stamped', ok],
    ['author-sha512', ok],
    ['repository', ok],
    ['author-and-repository', both],
    ['altered-signature-first-in-directory', ok],
    ['unsigned', ''],
    ['altered-content-byte', 'invalid'],
    ['altered-local-time', 'invalid'],
    ['altered-central-time', 'invalid'],
    ['altered-archive-comment', 'invalid'],
    ['altered-entry-added', 'invalid'],
    ['altered-directory-reversed', 'invalid'],
    ['altered-content-hash-changed', 'invalid'],
    ['altered-appended', /^ARCHIVE_/],
    ['altered-recompressed', /^NUGET_SIGNATURE_ENTRY_INVALID$/],
    ['altered-two-signatures', 'invalid'],
    ['altered-prepended', /^(?:ARCHIVE_|NUGET_BYTES_BEFORE$)/],
  ])('%s: %s', async (name, verdict) => {
    const root = async (file: string) => new X509Certificate(await readFile(join(cases, `${file}.pem`))).raw
    const trust = {
      trustedCertificates: [await root('code-signing-root')],
      trustedTimestampCertificates: [await root('time-stamping-root')],
      at: new Date('2026-12-01'),
    }
    const handle = await open(join(cases, `${name}.nupkg`))
    try {
      const { size } = await handle.stat()
      const { isAccepted, signatures } = await nugetVerifier.verify({ handle, size, name }, trust, work)
      expect(signatures.map((each) => each.verdict).join(', ')).toBe(verdict)
      expect(isAccepted).toBe(verdict === ok || verdict === both)
      if (name === 'author-and-repository')
        expect(signatures).toMatchObject([
          { place: 'author signature', signer: 'O=Example,CN=Example publisher', timestamp: { isTrusted: true } },
          {
            place: 'repository countersignature (https://packages.example.com/v3/index.json, example-owner, Ünïcode)',
            ...{ depth: 1, signer: 'O=Example,CN=Example repository', timestamp: { isTrusted: true } },
          },
        ])
      if (name === 'author')
        expect(signatures[0]?.weaknesses).toEqual(['It has no time-stamp: it ends with its certificate.'])
    } catch (error) {
      if (!(error instanceof SigningError)) throw error
      expect(error.code).toMatch(verdict)
    } finally {
      await handle.close()
    }
  })
})
