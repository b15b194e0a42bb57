import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonFormat } from '../../signing/jsf/index.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { formatWorkIn } from '../support/format-work.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const run = promisify(execFile)
const format = jsonFormat as SignatureFormat
const folder = suiteFolder()
const { passes, ...works } = formatWorkIn(folder)
let identities: ReadonlyMap<string, TestIdentity>
const identity = (algorithm: string) => identities.get(algorithm) as TestIdentity

beforeAll(async () => {
  const algorithms = ['rsa-3072', 'ec-p256', 'ec-p521'] as const
  identities = new Map(
    await Promise.all(algorithms.map(async (each) => [each, await makeIdentity(folder, each)] as const)),
  )
})
afterAll(() => passes.close())

type Attributes = Readonly<Record<string, string>>

async function sign(content: string | Buffer, algorithm = 'ec-p256', attributes: Attributes = {}) {
  const work = {
    format,
    name: `${randomUUID()}.json`,
    bytes: Buffer.from(content),
    signer: identity(algorithm),
    attributes,
  }
  const planned = await works.plan(work)
  const path = await works.sign(work)
  return { path, planned, content: await readFile(path), found: await works.verify(work) }
}

/** The code with which the verify side refuses a file, against the chain of the signer on P-256. */
async function refusalOf(path: string): Promise<string> {
  return works.verify({ format, name: basename(path), signer: identity('ec-p256') }).then(
    () => 'taken',
    ({ code }) => code,
  )
}

/** Python writes the canonical form by itself, and OpenSSL verifies it. */
async function othersTake(path: string): Promise<boolean> {
  const out = join(folder, randomUUID())
  const script = join(import.meta.dirname, '../support/jsf-check.py')
  const algorithm = (await run('python3', [script, path, out])).stdout.trim()
  const pem = (await run('openssl', ['x509', '-inform', 'DER', '-in', `${out}.der`, '-pubkey', '-noout'])).stdout
  await writeFile(`${out}.pem`, pem)
  const padding = algorithm.startsWith('PS')
    ? ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']
    : []
  const args = [
    'dgst',
    `-sha${algorithm.slice(2)}`,
    '-verify',
    `${out}.pem`,
    ...padding,
    '-signature',
    `${out}.signature`,
  ]
  return run('openssl', [...args, `${out}.signed`]).then(
    () => true,
    () => false,
  )
}

const bom = `{
  "bomFormat": "CycloneDX",
  "specVersion": "1.6",
  "numbers": [0, -0, 1.10, 1E2, 1e-7, 123456789012345680000, 5e-324, 0.1],
  "text": "\\u00fc ü \\u2028 \\/ \\ud834\\udd1e \\b\\f\\n\\r\\t \\u0001",
  "components": [ { "name": "a\\u0000b", "\\ue000": 1, "\\ud83d\\ude00": 2 } ]
}
`

describe('a signed document', () => {
  test.each([
    ['in lines', bom, (signature: string) => bom.replace('\n}\n', `,\n  "signature": ${signature}\n}\n`)],
    ['without white space', '{"a":{"b":[]}}', (signature: string) => `{"a":{"b":[]},"signature":${signature}}`],
    ['without properties', '\ufeff{ }\r\n', (signature: string) => `\ufeff{"signature":${signature} }\r\n`],
  ])('%s stays as it was but for the property, and others verify it', async (_, text, expected) => {
    const { path, content, planned, found } = await sign(text)
    const signature = /\{"algorithm":"ES256".*?\}/.exec(content.toString())?.[0] ?? ''
    expect(content.toString()).toBe(expected(signature))
    expect(found).toMatchObject([{ directive: 'jsf-sign', contentDigests: planned.directives[0]?.contentDigests }])
    expect(await othersTake(path)).toBe(true)
  })

  test.each([
    ['rsa-3072', { 'rsa-padding': 'pkcs1' }, 'RS256'],
    ['rsa-3072', { 'rsa-padding': 'pss', 'hash-algorithm': 'sha384' }, 'PS384'],
    ['ec-p521', { 'hash-algorithm': 'sha512' }, 'ES512'],
  ])('by a key of the type %s and %o says %s', async (algorithm, attributes: Attributes, name) => {
    const { path, content, found } = await sign(bom, algorithm, attributes)
    expect(JSON.parse(content.toString()).signature).toMatchObject({ algorithm: name, value: expect.any(String) })
    expect(found[0]?.attributes).toEqual({ 'hash-algorithm': 'sha256', 'rsa-padding': null, ...attributes })
    expect(await othersTake(path)).toBe(true)
  })

  test('that is signed again has the new signature alone, wherever the old one stood', async () => {
    for (const text of [
      '{"signature":X,"a":1}',
      '{"a":1,"signature":X}',
      '{"a":1, "signature" : X, "b":2}',
      '{"signature":X}',
    ]) {
      const first = await sign('{"z":1}')
      const inner = JSON.stringify(JSON.parse(first.content.toString()).signature)
      const { planned, content, path } = await sign(text.replace('X', inner))
      expect(planned.existingSignatures).toMatchObject([
        {
          outcome: 'replaced',
          kind: 'signature',
          integrity: 'fileChanged',
          signer: expect.stringContaining('Signer ec-p256'),
        },
      ])
      expect(content.toString().match(/"signature"/g)).toHaveLength(1)
      expect(await othersTake(path)).toBe(true)
    }
    const again = await sign((await sign(bom)).content)
    expect(again.planned.existingSignatures).toMatchObject([{ integrity: 'intact' }])
  })
})

describe('is refused', () => {
  test.each([
    ['a name twice', '{"a":{"b":1,"\\u0062":2}}', 'JSON_NAME_REPEATED'],
    ['a number that no double is', '{"a":12345678901234567890}', 'JSON_NUMBER_UNSUPPORTED'],
    ['a number beyond doubles', '{"a":1e400}', 'JSON_NUMBER_UNSUPPORTED'],
    ['half of a surrogate pair', '{"a":"\\ud834"}', 'JSON_DOCUMENT_MALFORMED'],
    ['an array', '[1]', 'JSON_ROOT_NOT_OBJECT'],
    ['a property of that name that is no signature', '{"signature":"x"}', 'JSF_PROPERTY_TAKEN'],
    ['what is cut off', '{"a":', 'JSON_DOCUMENT_MALFORMED'],
    ['something behind the end', '{} {}', 'JSON_DOCUMENT_MALFORMED'],
    ['300 levels', `{"a":${'['.repeat(300)}${']'.repeat(300)}}`, 'JSON_DOCUMENT_MALFORMED'],
    ['other bytes than UTF-8', Buffer.from('7b2261223a22ff227d', 'hex'), 'JSON_DOCUMENT_MALFORMED'],
  ])('%s', async (_, document, code) => {
    await expect(sign(document)).rejects.toMatchObject({ name: 'SigningError', code })
  })

  test('a padding that is not said, and a hash that is not of the curve', async () => {
    await expect(sign('{}', 'rsa-3072')).rejects.toMatchObject({ code: 'RSA_PADDING_MISSING' })
    await expect(sign('{}', 'ec-p521')).rejects.toMatchObject({ code: 'JSF_HASH_UNSUITABLE' })
  })

  test.each([
    ['another property', (text: string) => text.replace('"a":1', '"a":2'), 'JSF_SIGNATURE_INVALID'],
    ['a property more', (text: string) => text.replace('{"a"', '{"b":0,"a"'), 'JSF_SIGNATURE_INVALID'],
    ['another value', (text: string) => text.replace(/"value":".../, '"value":"AAA'), 'JSF_SIGNATURE_INVALID'],
    ['another algorithm', (text: string) => text.replace('ES256', 'RS256'), 'JSF_SIGNATURE_INVALID'],
    [
      'a property of the signature more',
      (text: string) => text.replace('{"algorithm"', '{"excludes":["a"],"algorithm"'),
      'JSF_UNSIGNED_CONTENT',
    ],
    ['no certificates', (text: string) => text.replace(/"certificatePath":\[.*?\],/, ''), 'JSF_CERTIFICATE_MISSING'],
    ['no signature', () => '{"a":1}', 'JSF_SIGNATURE_MISSING'],
    ['white space', (text: string) => text.replace('"a":1', ' "a" : 1.0 '), 'taken'],
  ] as const)('when verifying, a document with %s', async (_, change, expected) => {
    const { path, content } = await sign('{"a":1}')
    await writeFile(path, change(content.toString()))
    expect(await refusalOf(path)).toBe(expected)
  })

  test("a signature by somebody else's certificate", async () => {
    const { path } = await sign('{}', 'rsa-3072', { 'rsa-padding': 'pkcs1' })
    expect(await refusalOf(path)).toBe('JSF_CHAIN_UNTRUSTED')
  })
})
