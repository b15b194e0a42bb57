import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { peFormat, verifyPeFile } from '../../signing/authenticode/index.ts'
import { codeOf } from '../support/code-of.ts'
import { formatWorkIn } from '../support/format-work.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign, osslsigncodeVerify } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { timestampsBy } from '../support/time-stamped.ts'

const folder = suiteFolder()
const work = formatWorkIn(folder)
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
})

const both = { attributes: { 'hash-algorithm': 'sha256' }, further: [{ 'hash-algorithm': 'sha512', append: true }] }
const program = (overlay: number, subsystem = 3) => buildPe({ format: 'PE32+', overlay, subsystem }).bytes

describe('several directives for a program are carried out in their order', () => {
  // Of a size that is no multiple of 8, the first signature makes the image longer.
  test.each([0, 3])(
    'with %i bytes behind its sections, each signature with a time-stamp of its own',
    async (overlay) => {
      const signing = { format: peFormat, name: `both-${overlay}.exe`, bytes: program(overlay), signer, ...both }
      const plan = await work.plan(signing)
      expect(plan.directives.map(({ contentDigests }) => contentDigests[0]?.algorithm)).toEqual(['sha256', 'sha512'])
      const path = await work.sign({ ...signing, timestamps: timestampsBy(authority) })
      const verdict = await osslsigncodeVerify(path, signer.rootFile, authority.rootFile)
      expect(verdict).toMatchObject({ ok: true, signatures: 2 })
      expect(verdict.output.match(/Timestamp Server Signature verification: ok/g)).toHaveLength(2)
      expect(await verifyPeFile({ path })).toMatchObject([
        { nested: false, digestAlgorithm: 'sha256', timestamp: {} },
        { nested: true, digestAlgorithm: 'sha512', timestamp: {} },
      ])
      const signed = await readFile(path)
      signed[700] = (signed[700] ?? 0) ^ 1
      await writeFile(path, signed)
      expect((await osslsigncodeVerify(path, signer.rootFile)).ok).toBe(false)
    },
  )

  test('behind those that it has', async () => {
    const [plain, before] = [join(folder, 'plain.exe'), join(folder, 'before.exe')]
    await writeFile(plain, program(5))
    await osslsigncodeSign(other, plain, before, '-h', 'sha256')
    const bytes = await readFile(before)
    const appending = { ...both, attributes: { ...both.attributes, append: true } }
    const path = await work.sign({ format: peFormat, name: 'kept.exe', bytes, signer, ...appending })
    expect(await verifyPeFile({ path })).toMatchObject([
      { nested: false, signer: expect.stringContaining('ec-p256') },
      { nested: true, digestAlgorithm: 'sha256' },
      { nested: true, digestAlgorithm: 'sha512' },
    ])
    const replaced = await work.sign({ format: peFormat, name: 'replaced.exe', bytes, signer, ...both })
    expect(await osslsigncodeVerify(replaced, signer.rootFile)).toMatchObject({ ok: true, signatures: 2 })
  })

  test('of an EFI image as entries of its table, since firmware reads no nested ones', async () => {
    const path = await work.sign({ format: peFormat, name: 'efi.efi', bytes: program(0, 10), signer, ...both })
    expect(await verifyPeFile({ path })).toMatchObject([
      { nested: false, digestAlgorithm: 'sha256' },
      { nested: false, digestAlgorithm: 'sha512' },
    ])
  })
})

test('a directive that would remove what the one before it made is refused when it is planned', async () => {
  const signing = { format: peFormat, name: 'refused.exe', bytes: program(0), signer, further: [{}] }
  expect(await codeOf(work.plan(signing))).toBe('DIRECTIVE_INVALID')
})

test('a signed program with one signature less than was planned is not what was planned', async () => {
  const signing = { format: peFormat, name: 'less.exe', bytes: program(0), signer }
  const path = await work.sign(signing)
  const verifying = { path, kept: [], added: 2, trustedCertificates: [signer.root] }
  expect(await codeOf(verifyPeFile(verifying))).toBe('AUTHENTICODE_KEPT_SIGNATURE_CHANGED')
})
