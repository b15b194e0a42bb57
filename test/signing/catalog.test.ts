import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { digestPeFile } from '../../signing/authenticode/index.ts'
import { catalogFormat } from '../../signing/catalog/index.ts'
import { der, inDerOrder } from '../../signing/cms/index.ts'
import { buildCatalog, buildList } from '../support/catalog-builder.ts'
import { codeOf } from '../support/code-of.ts'
import { formatWorkIn } from '../support/format-work.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { timestampsBy } from '../support/time-stamped.ts'

const folder = suiteFolder()
const work = formatWorkIn(folder)
const program = join(folder, 'program.exe')
let rsa: TestIdentity
let ec: TestIdentity
let authority: TestIdentity
let unsigned: Buffer

beforeAll(async () => {
  const extensions = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
  ;[rsa, ec, authority] = await Promise.all([
    makeIdentity(folder, 'rsa-2048'),
    makeIdentity(folder, 'ec-p256'),
    makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions }),
  ])
  await writeFile(program, buildPe({ format: 'PE32+' }).bytes)
  unsigned = buildCatalog([await digestPeFile(program, 'sha256')])
})

const ofCatalog = (name: string, bytes: Uint8Array, signer = ec) => ({ format: catalogFormat, name, bytes, signer })

/** What osslsigncode says of a program that is in a catalog. */
async function osslsigncodeVerifies(catalog: string, signer: TestIdentity, file = program) {
  const trust = ['-CAfile', signer.rootFile, '-TSA-CAfile', authority.rootFile]
  const arguments_ = ['verify', '-catalog', catalog, ...trust, '-in', file]
  return promisify(execFile)('osslsigncode', arguments_).then(
    ({ stdout }) => ({ ok: /^Signature verification: ok$/m.test(stdout), output: stdout }),
    ({ stdout }: { stdout: string }) => ({ ok: false, output: stdout }),
  )
}

describe('osslsigncode accepts programs by catalogs that are signed here', () => {
  test.each([
    ['RSA', true],
    ['RSA', false],
    ['EC', true],
    ['EC', false],
  ])('%s, with a time-stamp: %s', async (key, isStamped) => {
    const signer = key === 'RSA' ? rsa : ec
    const signing = {
      ...ofCatalog(`${key}-${isStamped}.cat`, unsigned, signer),
      attributes: { 'hash-algorithm': 'sha512' },
    }
    const { directives } = await work.plan(signing)
    const path = await work.sign({ ...signing, ...(isStamped && { timestamps: timestampsBy(authority) }) })
    const verdict = await osslsigncodeVerifies(path, signer)
    expect(verdict.ok, verdict.output).toBe(true)
    expect(verdict.output.includes('Timestamp verified')).toBe(isStamped)
    const [found] = await work.verify({ ...signing, trustedTimestampCertificates: [authority.root] })
    expect(found).toMatchObject({ contentDigests: directives[0]?.contentDigests })
    expect(found?.timestamp !== undefined).toBe(isStamped)
    // The list is as it was, and each byte of it counts.
    const signed = await readFile(path)
    const list = Buffer.from(buildList([await digestPeFile(program, 'sha256')]))
    const at = signed.indexOf(list)
    expect(at).toBeGreaterThan(0)
    signed[at + list.length - 1] = (signed[at + list.length - 1] ?? 0) ^ 1
    await writeFile(path, signed)
    expect((await osslsigncodeVerifies(path, signer)).ok).toBe(false)
    expect(await codeOf(work.verify(signing))).toBe('AUTHENTICODE_DIGEST_MISMATCH')
  })
})

test('certificates stand in the order of DER, each once', async () => {
  const twice = { ...rsa, chain: [...rsa.chain, ...rsa.chain] }
  await work.sign(ofCatalog('order.cat', unsigned, twice))
  const [found] = await work.verify(ofCatalog('order.cat', unsigned, twice))
  expect(found?.certificates.map((each) => Buffer.from(each))).toEqual(inDerOrder(rsa.chain))
  // In any other order the verifier finds no fault with the signature, but Windows does not find it.
  const path = join(folder, 'order.cat')
  const certificates = Buffer.concat(found?.certificates ?? [])
  const signed = await readFile(path)
  const at = signed.indexOf(certificates)
  signed.set(Buffer.concat((found?.certificates ?? []).toReversed()), at)
  await writeFile(path, signed)
  expect(await codeOf(work.verify(ofCatalog('order.cat', unsigned, twice)))).toBe('AUTHENTICODE_MALFORMED')
})

test('the signature that a catalog has is named in the plan, and gives way to the new one; none can be added', async () => {
  const [before, signedBefore] = [join(folder, 'before.cat'), join(folder, 'signed-before.cat')]
  await writeFile(before, unsigned)
  await osslsigncodeSign(rsa, before, signedBefore, '-h', 'sha256', '-n', 'x'.repeat(300))
  const resigned = ofCatalog('resigned.cat', await readFile(signedBefore))
  expect((await work.plan(resigned)).existingSignatures).toMatchObject([
    { place: 'catalog', outcome: 'replaced', integrity: 'intact', signer: expect.stringContaining('rsa-2048') },
  ])
  expect((await work.plan(ofCatalog('a.cat', unsigned))).existingSignatures).toEqual([])
  const path = await work.sign(resigned)
  expect((await readFile(path)).length).toBeLessThan((await readFile(signedBefore)).length)
  expect((await osslsigncodeVerifies(path, ec)).ok).toBe(true)
  expect(await work.verify(resigned)).toHaveLength(1)
  expect(await codeOf(work.plan({ ...resigned, attributes: { append: true } }))).toBe(
    'AUTHENTICODE_EXISTING_SIGNATURE_UNSUPPORTED',
  )
  // Without a signature there is none to add to.
  expect((await work.plan({ ...ofCatalog('b.cat', unsigned), attributes: { append: true } })).directives).toHaveLength(
    1,
  )
  const changed = await readFile(signedBefore)
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  expect((await work.plan(ofCatalog('c.cat', changed))).existingSignatures).toMatchObject([{ integrity: 'invalid' }])
})

test('catalogs are recognized by their content, however long the lengths before it are', async () => {
  const detected = (bytes: Buffer) =>
    catalogFormat.detect({
      name: 'a',
      size: bytes.length,
      readPart: async (start, length) => bytes.subarray(start, start + length),
    })
  for (const count of [0, 1, 3, 1000]) {
    const catalog = buildCatalog(Array.from({ length: count }, () => Buffer.alloc(32, 1)))
    expect(await detected(catalog), `${catalog.length} bytes`).toBe('recognized')
  }
  // 16 MiB and more: lengths of four octets.
  const large = buildCatalog([Buffer.alloc(17 * 1024 * 1024)])
  expect(await detected(large)).toBe('recognized')
  const other = Buffer.from(unsigned)
  other[other.indexOf(Buffer.from('06092b0601040182370a01', 'hex')) + 10] = 2
  expect(await detected(other)).toBe('foreign')
  expect(await detected(Buffer.from('MZ'))).toBe('foreign')
})

test.each<[string, (catalog: Buffer) => Buffer]>([
  ['bytes behind it', (catalog) => Buffer.concat([catalog, Buffer.from([0])])],
  ['an end before it is whole', (catalog) => catalog.subarray(0, -1)],
  ['a list in an OCTET STRING', () => catalogOf(der.octetString(buildList([])))],
])('a catalog with %s is refused', async (_what, change) => {
  expect(await codeOf(work.plan(ofCatalog('bad.cat', change(unsigned))))).toBe('CATALOG_MALFORMED')
})

test('a catalog that is too large is refused', async () => {
  expect(await codeOf(catalogFormat.checkStart(unsigned, 65 * 1024 * 1024))).toBe('CATALOG_TOO_LARGE')
})

function catalogOf(list: Uint8Array): Buffer {
  const content = der.sequence(der.objectIdentifier('1.3.6.1.4.1.311.10.1'), der.context(0, list))
  const signedData = der.sequence(der.integer(1), der.setOf(), content, der.setOf())
  return Buffer.from(der.sequence(der.objectIdentifier('1.2.840.113549.1.7.2'), der.context(0, signedData)))
}
