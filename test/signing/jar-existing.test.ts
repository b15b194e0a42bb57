import { createHash } from 'node:crypto'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { openZip, rewriteZip, usualArchiveLimits, type ZipArchive, type ZipChanges } from '../../archives/index.ts'
import { buildSignedData, der, messageSignerOf, objectIdentifiers } from '../../signing/cms/index.ts'
import { jarFormat, jarVerifier } from '../../signing/jar/index.ts'
import { codeOf } from '../support/code-of.ts'
import { type FormatWork, formatWorkIn } from '../support/format-work.ts'
import { jarsignerSign, jarsignerVerdicts } from '../support/jarsigner/jarsigner.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { type BuiltEntry, buildZip } from '../support/zip-builder.ts'

const folder = suiteFolder()
const work = formatWorkIn(folder)
let own: TestIdentity
let other: TestIdentity
/** What jarsigner signed, of {@link files}. */
let byJarsigner: Buffer

const files: readonly BuiltEntry[] = [
  { name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0\r\nMain-Class: a.A\r\n\r\n' },
  { name: 'a/A.class', content: 'class A'.repeat(200) },
  { name: 'a/B.class', content: 'class B', isStored: true },
]

beforeAll(async () => {
  ;[own, other] = await Promise.all([
    makeIdentity(folder, 'ec-p256'),
    makeIdentity(folder, 'rsa-2048', { commonName: 'Other' }),
  ])
  const path = join(folder, 'by-jarsigner.jar')
  await writeFile(path, buildZip(files))
  await jarsignerSign(path, other, folder, '-sigfile', 'OTHER')
  byJarsigner = await readFile(path)
})

const jar = (bytes: Uint8Array, append: boolean, name = 'a.jar'): FormatWork => ({
  ...{ format: jarFormat, name, bytes, signer: own, attributes: { append } },
})
const identities = (plan: { existingSignatures: readonly { sha256: string }[] }) =>
  plan.existingSignatures.map(({ sha256 }) => sha256)

describe('verdicts on signatures of others', () => {
  async function judged(bytes: Uint8Array, roots: readonly Uint8Array[]) {
    const path = join(folder, 'judged.jar')
    await writeFile(path, bytes)
    const handle = await open(path)
    try {
      const trust = { trustedCertificates: roots, at: new Date() }
      return await jarVerifier.verify({ handle, size: bytes.length, name: 'judged.jar' }, trust, work)
    } finally {
      await handle.close()
    }
  }

  test('are those of jarsigner', async () => {
    expect(await judged(byJarsigner, [other.root])).toMatchObject({
      isAccepted: true,
      signatures: [
        { verdict: 'valid', place: 'META-INF/OTHER.RSA', signer: 'CN=Other,O=Countersign test', integrity: 'intact' },
      ],
    })
    expect(await judged(byJarsigner, [own.root])).toMatchObject({
      isAccepted: false,
      signatures: [{ verdict: 'untrusted', reason: expect.any(String) }],
    })
    expect(await judged(await withContent(byJarsigner, 'a/A.class', 'other'), [other.root])).toMatchObject({
      isAccepted: false,
      signatures: [{ verdict: 'invalid', integrity: 'fileChanged' }],
    })
    expect(await judged(buildZip(files), [other.root])).toEqual({ isAccepted: false, signatures: [] })
    // As jarsigner does, it takes an archive to which files were added, and says so.
    expect(await judged(await withFile(byJarsigner, 'c', 'c'), [other.root])).toMatchObject({
      isAccepted: true,
      signatures: [{ weaknesses: expect.arrayContaining(['Nothing signed covers 1 file that it does not name.']) }],
    })
  })
})

describe('an archive that is signed already', () => {
  test('is described: who signed it, and whether it is as it was', async () => {
    const { existingSignatures } = await work.plan(jar(byJarsigner, false))
    expect(existingSignatures).toMatchObject([
      {
        ...{ kind: 'signature', outcome: 'replaced', place: 'META-INF/OTHER.RSA', depth: 0, integrity: 'intact' },
        ...{ signer: 'CN=Other,O=Countersign test', digestAlgorithm: 'sha256', timestamp: null, uncovered: [] },
      },
    ])
    const changed = Buffer.from(byJarsigner)
    const at = changed.indexOf('class B')
    changed.write('class C', at)
    expect(await codeOf(work.plan(jar(changed, false)))).toBe('ARCHIVE_ENTRY_DAMAGED')
  })

  test('is signed by us alone, or by both', async () => {
    const paths: string[] = []
    for (const append of [false, true]) {
      const order = jar(byJarsigner, append, `append-${append}.jar`)
      const kept = append ? identities(await work.plan(order)) : []
      paths.push(await work.sign(order))
      expect(await work.verify(order, kept)).toHaveLength(1)
      // And the other way round it is not what was planned.
      const wrong = append ? [] : ['0'.repeat(64)]
      expect(await codeOf(work.verify(order, wrong))).toBe('JAR_KEPT_SIGNATURE_CHANGED')
    }
    const verdicts = await jarsignerVerdicts(folder, [own.rootFile, other.rootFile], paths)
    const [replaced, appended] = paths.map((path) => verdicts.get(path))
    expect(replaced, replaced?.output).toMatchObject({ status: 0 })
    expect(replaced?.output).not.toContain('CN=Other')
    expect(appended, appended?.output).toMatchObject({ status: 0 })
    for (const signer of ['CN=Signer ec-p256', 'CN=Other']) expect(appended?.output).toContain(signer)
  })

  test('gets files that the other signer does not cover, whose signature stays right for its own', async () => {
    // The whole-manifest digest of the first signature is wrong then: its sections decide.
    const first = await readFile(await work.sign(jar(buildZip(files), false, 'first.jar')))
    const added = await withFile(first, 'c', 'c')
    const order = { ...jar(added, true, 'second.jar'), signer: other }
    const plan = await work.plan(order)
    expect(plan.existingSignatures).toMatchObject([
      { integrity: 'intact', uncovered: ['1 file that it does not name'] },
    ])
    await work.sign(order)
    expect(await work.verify(order, identities(plan))).toHaveLength(1)
  })

  test('is refused when a signature that is to stay is not valid, and replaced all the same', async () => {
    const first = await readFile(await work.sign(jar(buildZip(files), false, 'valid.jar')))
    const cases = {
      fileChanged: await withContent(first, 'a/A.class', 'other'),
      unreadable: await withContent(first, 'META-INF/CSIGN.EC', 'other'),
    }
    for (const [what, bytes] of Object.entries(cases)) {
      expect(await codeOf(work.plan(jar(bytes, true))), what).toBe('JAR_EXISTING_SIGNATURE_INVALID')
      const plan = await work.plan(jar(bytes, false))
      const [existing] = plan.existingSignatures
      expect(existing?.kind === 'signature' ? existing.integrity : existing?.kind).toBe(what)
      await work.sign(jar(bytes, false))
      expect(await work.verify(jar(bytes, false))).toHaveLength(1)
    }
  })

  test('says digests that prove nothing any more, and one strong one counts', async () => {
    const sha1 = (text: string) => createHash('sha1').update(text).digest('base64')
    const sha256 = (text: string) => createHash('sha256').update(text).digest('base64')
    const manifest = `Manifest-Version: 1.0\r\n\r\nName: a\r\nSHA1-Digest: ${sha1('A')}\r\n\r\nName: b\r\nSHA1-Digest: ${sha1('B')}\r\nSHA-256-Digest: ${sha256('B')}\r\n\r\n`
    const signatureFile = `Signature-Version: 1.0\r\nSHA1-Digest-Manifest: ${sha1(manifest)}\r\n\r\nName: a\r\nSHA1-Digest: x\r\n\r\nName: b\r\nSHA1-Digest: x\r\n\r\n`
    const block = await buildSignedData({
      ...{ version: 1, contentType: objectIdentifiers.data, isDetached: true, embedCertificates: true, hash: 'sha256' },
      ...{ content: der.octetString(Buffer.from(signatureFile)), signer: messageSignerOf(other.key) },
      ...{ certificates: other.chain, signedAttributes: [] },
    })
    const weak = (digest: string) =>
      buildZip([
        { name: 'META-INF/MANIFEST.MF', content: digest },
        { name: 'META-INF/OLD.SF', content: signatureFile },
        { name: 'META-INF/OLD.RSA', content: block },
        { name: 'a', content: 'A' },
        { name: 'b', content: 'B' },
      ])
    expect((await work.plan(jar(weak(manifest), false))).existingSignatures).toMatchObject([
      {
        integrity: 'intact',
        uncovered: ['1 file covered by MD5 or SHA-1 alone', 'the manifest, covered by sha1 alone'],
      },
    ])
    // A section that has no strong digest would have to change.
    expect(await codeOf(work.plan(jar(weak(manifest), true)))).toBe('JAR_EXISTING_SIGNATURE_UNSUPPORTED')
    // Digests are base64, whose letters are large or small.
    const folded = manifest.replace(sha256('B'), sha256('B').toLowerCase())
    expect((await work.plan(jar(weak(folded), false))).existingSignatures).toMatchObject([{ integrity: 'fileChanged' }])
  })
})

async function withFile(bytes: Buffer, name: string, content: string): Promise<Buffer> {
  return rewritten(bytes, () => ({
    inserted: [{ before: 'end', name, content: Buffer.from(content), method: 'stored' }],
  }))
}

async function withContent(bytes: Buffer, name: string, content: string): Promise<Buffer> {
  return rewritten(bytes, ({ entries }) => ({
    replaced: new Map([[entries.findIndex((entry) => entry.name === name), Buffer.from(content)]]),
  }))
}

async function rewritten(bytes: Buffer, change: (archive: ZipArchive) => ZipChanges): Promise<Buffer> {
  const [input, output] = [await open(join(folder, 'input'), 'w+'), await open(join(folder, 'output'), 'w+')]
  try {
    await input.writeFile(bytes)
    const file = { handle: input, size: bytes.length }
    const archive = await openZip(file, { limits: usualArchiveLimits, passes: work.passes })
    await rewriteZip(archive, change(archive), { output, passes: work.passes })
    return await readFile(join(folder, 'output'))
  } finally {
    await input.close()
    await output.close()
  }
}
