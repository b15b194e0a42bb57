import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { encodeIndirectData, peFormat, signPeFile } from '../../signing/authenticode/index.ts'
import { catalogFormat } from '../../signing/catalog/index.ts'
import { buildSignedData, der, messageSignerOf, objectIdentifiers } from '../../signing/cms/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import type { ForeignTrust, ForeignVerdict } from '../../signing/foreign-verifier.ts'
import { foreignVerifiers } from '../../signing/foreign-verifiers.ts'
import { signatureFormats } from '../../signing/formats.ts'
import { windowsScriptFormat } from '../../signing/windows-script/index.ts'
import { buildCatalog } from '../support/catalog-builder.ts'
import { formatWorkIn } from '../support/format-work.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign, osslsigncodeVerify } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'
import { scriptDigest } from '../support/script-cases.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { timestampsBy } from '../support/time-stamped.ts'

const folder = suiteFolder()
const work = formatWorkIn(folder)
const passes = new FilePasses(1)
const at = (name: string) => join(folder, name)
let signer: TestIdentity
let other: TestIdentity
let authority: TestIdentity

beforeAll(async () => {
  const extensions = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
  ;[signer, other, authority] = await Promise.all([
    makeIdentity(folder, 'rsa-2048'),
    makeIdentity(folder, 'ec-p256'),
    makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions }),
  ])
  await writeFile(at('plain.exe'), buildPe({ format: 'PE32', overlay: 3 }).bytes)
})

const by = (identity: TestIdentity) => ({
  key: identity.key,
  certificateChain: identity.chain,
  hashAlgorithm: 'sha256' as const,
})
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000)

async function judge(name: string, trust: Partial<ForeignTrust> = {}): Promise<ForeignVerdict> {
  const format = /exe$/.test(name)
    ? 'pe'
    : /cat$/.test(name)
      ? 'catalog'
      : /vbs$/.test(name)
        ? 'windows-script'
        : 'powershell'
  const verifier = foreignVerifiers.find(({ formats }) => formats.includes(format))
  if (verifier === undefined) throw new Error(`nothing judges ${name}`)
  const handle = await open(at(name))
  try {
    const { size } = await handle.stat()
    const trusted = { trustedCertificates: [signer.root, other.root, authority.root], at: new Date(), ...trust }
    return await verifier.verify({ handle, size, name }, trusted, { passes })
  } finally {
    await handle.close()
  }
}

test('every format that Authenticode signs can be judged, each by one verifier', () => {
  const judged = foreignVerifiers
    .filter(({ directive }) => directive === 'authenticode-verify')
    .flatMap(({ formats }) => formats)
  const signed = signatureFormats.filter(({ directives }) =>
    directives.some(({ name }) => name === 'authenticode-sign'),
  )
  expect(judged.toSorted()).toEqual(signed.map(({ name }) => name).toSorted())
})

describe('a program', () => {
  test('with SHA-1 and, nested in it, SHA-256 is accepted, and what is weak is said', async () => {
    await osslsigncodeSign(signer, at('plain.exe'), at('sha1.exe'), '-h', 'sha1')
    await signPeFile({ ...by(other), inputPath: at('sha1.exe'), outputPath: at('both.exe'), append: true })
    const { isAccepted, signatures } = await judge('both.exe')
    expect(isAccepted).toBe(true)
    expect(signatures).toMatchObject([
      {
        verdict: 'valid',
        depth: 0,
        digestAlgorithm: 'sha1',
        weaknesses: expect.arrayContaining(['It digests the file by SHA1.']),
      },
      { verdict: 'valid', depth: 1, digestAlgorithm: 'sha256', weaknesses: [expect.stringContaining('no time-stamp')] },
    ])
    await writeFile(at('roots.pem'), Buffer.concat([await readFile(signer.rootFile), await readFile(other.rootFile)]))
    expect((await osslsigncodeVerify(at('both.exe'), at('roots.pem'))).ok).toBe(true)
    // Each must be valid.
    expect(await judge('both.exe', { trustedCertificates: [signer.root] })).toMatchObject({
      isAccepted: false,
      signatures: [
        { verdict: 'valid' },
        { verdict: 'untrusted', reason: expect.stringContaining('leads to no trusted one') },
      ],
    })
    expect((await osslsigncodeVerify(at('both.exe'), signer.rootFile)).ok).toBe(false)
  })

  test('is accepted after its certificate ended only with a time-stamp of an authority that is trusted', async () => {
    const [inputPath, stamped] = [at('plain.exe'), at('stamped.exe')]
    await signPeFile({ ...by(signer), inputPath, outputPath: stamped, timestamp: timestampsBy(authority) })
    expect(await judge('stamped.exe')).toMatchObject({ isAccepted: true, signatures: [{ weaknesses: [] }] })
    expect(await judge('stamped.exe', { at: inDays(40) })).toMatchObject({ isAccepted: true })
    expect(await judge('stamped.exe', { at: inDays(40), trustedTimestampCertificates: [signer.root] })).toMatchObject({
      isAccepted: false,
      signatures: [
        { verdict: 'untrusted', reason: expect.stringContaining('is valid from'), timestamp: { isTrusted: false } },
      ],
    })
    await signPeFile({ ...by(signer), inputPath, outputPath: at('unstamped.exe') })
    expect(await judge('unstamped.exe', { at: inDays(40) })).toMatchObject({ isAccepted: false })
  })

  test('that was changed is not accepted, nor one without a signature, nor a certificate for something else', async () => {
    await signPeFile({ ...by(signer), inputPath: at('plain.exe'), outputPath: at('changed.exe') })
    const changed = await readFile(at('changed.exe'))
    changed[600] = (changed[600] ?? 0) ^ 1
    await writeFile(at('changed.exe'), changed)
    const reason = 'The file was changed after it was signed.'
    expect(await judge('changed.exe')).toMatchObject({
      isAccepted: false,
      signatures: [{ verdict: 'invalid', reason }],
    })
    expect(await judge('plain.exe')).toEqual({ isAccepted: false, signatures: [] })
    await osslsigncodeSign(authority, at('plain.exe'), at('purpose.exe'), '-h', 'sha256')
    expect(await judge('purpose.exe')).toMatchObject({
      isAccepted: false,
      signatures: [{ verdict: 'untrusted', reason: 'Its certificate is not for signing code.' }],
    })
  })
})

describe('a script', () => {
  const text = 'Write-Output 1\r\n'

  test('that osslsigncode signed is accepted, and not when its lines end in LF', async () => {
    await writeFile(at('plain.ps1'), text)
    await osslsigncodeSign(signer, at('plain.ps1'), at('signed.ps1'), '-h', 'sha256')
    expect(await judge('signed.ps1')).toMatchObject({ isAccepted: true, signatures: [{ place: 'signature block' }] })
    await writeFile(at('unix.ps1'), (await readFile(at('signed.ps1'), 'latin1')).replaceAll('\r', ''))
    expect(await judge('unix.ps1')).toMatchObject({
      isAccepted: false,
      signatures: [{ verdict: 'invalid', reason: expect.stringContaining('LF alone') }],
    })
    expect(await judge('plain.ps1')).toEqual({ isAccepted: false, signatures: [] })
  })

  test('whose signature holds its content in an OCTET STRING is accepted, and called non-standard', async () => {
    const digest = Buffer.from(scriptDigest({ name: 'a.ps1', text, bytes: Buffer.from(text), isMarked: false }), 'hex')
    const content = encodeIndirectData(
      der.sequence(der.objectIdentifier(objectIdentifiers.spcSipInfo)),
      'sha256',
      digest,
    )
    const signature = await buildSignedData({
      version: 3,
      contentType: objectIdentifiers.spcIndirectData,
      content: der.octetString(content),
      signer: messageSignerOf(signer.key),
      certificates: signer.chain,
      embedCertificates: true,
      hash: 'sha256',
      signedAttributes: [],
    })
    const lines =
      Buffer.from(signature)
        .toString('base64')
        .match(/.{1,64}/g) ?? []
    const block = [
      '',
      '# SIG # Begin signature block',
      ...lines.map((line) => `# ${line}`),
      '# SIG # End signature block',
      '',
    ]
    await writeFile(at('octets.ps1'), `${text}${block.join('\r\n')}`)
    const { isAccepted, signatures } = await judge('octets.ps1')
    expect(isAccepted).toBe(true)
    expect(signatures[0]?.weaknesses).toContain(
      'It is not in the standard form: its content stands in an OCTET STRING, SignedData has version 3.',
    )
  })

  test('of Windows Script Host and a catalog are judged by their own rules', async () => {
    const bytes = Buffer.from('WScript.Echo 1\r\n')
    await work.sign({ format: windowsScriptFormat, name: 'a.vbs', bytes, signer })
    expect(await judge('a.vbs')).toMatchObject({ isAccepted: true, signatures: [{ place: 'signature block' }] })
    await writeFile(at('a.vbs'), (await readFile(at('a.vbs'), 'latin1')).replace('Echo', 'echo'))
    expect(await judge('a.vbs')).toMatchObject({ isAccepted: false, signatures: [{ integrity: 'fileChanged' }] })
    const path = await work.sign({
      format: catalogFormat,
      name: 'a.cat',
      bytes: buildCatalog([Buffer.alloc(32)]),
      signer: other,
    })
    expect(await judge('a.cat')).toMatchObject({ isAccepted: true, signatures: [{ place: 'catalog' }] })
    const catalog = await readFile(path)
    catalog[110] = (catalog[110] ?? 0) ^ 1
    await writeFile(path, catalog)
    expect(await judge('a.cat')).toMatchObject({ isAccepted: false, signatures: [{ verdict: 'invalid' }] })
    await writeFile(path, buildCatalog([]))
    expect(await judge('a.cat')).toEqual({ isAccepted: false, signatures: [] })
  })
})

test('what a plan names of a signature is found by the verifier too', async () => {
  await osslsigncodeSign(signer, at('plain.exe'), at('named.exe'), '-h', 'sha384')
  const bytes = await readFile(at('named.exe'))
  const { existingSignatures } = await work.plan({ format: peFormat, name: 'plan.exe', bytes, signer: other })
  const { signatures } = await judge('named.exe')
  expect(signatures.map(({ signer: name, digestAlgorithm }) => ({ signer: name, digestAlgorithm }))).toMatchObject(
    existingSignatures.map((each) =>
      each.kind === 'signature' ? { signer: each.signer, digestAlgorithm: each.digestAlgorithm } : {},
    ),
  )
})
