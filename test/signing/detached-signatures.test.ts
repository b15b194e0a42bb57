import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KeyAlgorithm } from '../../domain/index.ts'
import { startTimeStampAuthority, type TimeStampAuthority } from '../../server/embedded/time-stamp-authority.ts'
import { der } from '../../signing/cms/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { openToken, type Token } from '../../signing/pkcs11/index.ts'
import { createTimestampClient, type TimestampClient } from '../../signing/timestamp/index.ts'
import { createSelfSignedCertificate, toPem } from '../../signing/x509/index.ts'
import { codeOf } from '../support/code-of.ts'
import { type DetachedSigner, detachedSigning, type MadeDetached } from '../support/detached.ts'
import { openssl } from '../support/openssl.ts'
import { softHsmToken } from '../support/softhsm.ts'

const folder = await mkdtemp(join(tmpdir(), 'countersign-'))
const passes = new FilePasses(2)
const sign = detachedSigning(folder, passes)
let token: Token
let authority: TimeStampAuthority
let timestamps: TimestampClient
const signers = new Map<KeyAlgorithm, DetachedSigner>()
const algorithms = ['rsa-2048', 'ec-p256', 'ec-p384', 'ec-p521'] as const

beforeAll(async () => {
  token = await openToken(await softHsmToken(folder))
  for (const [index, algorithm] of algorithms.entries()) {
    const key = await token.generateKey({ id: Buffer.from([index + 1]), label: algorithm, algorithm })
    const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) }
    const leaf = await createSelfSignedCertificate({ key, subject: { commonName: algorithm }, ...validity })
    signers.set(algorithm, { key, certificateChain: [leaf] })
    await writeFile(join(folder, `${algorithm}.pem`), toPem(leaf))
    const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
    await writeFile(join(folder, `${algorithm}.pub`), publicKey.export({ format: 'pem', type: 'spki' }))
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(join(folder, 'tsa.key'), privateKey.export({ format: 'pem', type: 'pkcs8' }))
  await openssl(
    ...['req', '-x509', '-new', '-key', join(folder, 'tsa.key'), '-subj', '/CN=Time', '-days', '2'],
    ...['-addext', 'extendedKeyUsage=critical,timeStamping', '-outform', 'DER', '-out', join(folder, 'tsa.der')],
  )
  const certificate = await readFile(join(folder, 'tsa.der'))
  authority = await startTimeStampAuthority({ key: privateKey, certificateChain: [certificate] })
  timestamps = createTimestampClient({
    ...{ urls: [authority.url], transport: fetch, timeoutMs: 10_000, maximumSkewMs: 60_000 },
  })
})

afterAll(async () => {
  await authority?.close()
  await passes.close()
  await token?.close()
  await rm(folder, { recursive: true, force: true })
})

function signerOf(algorithm: KeyAlgorithm): DetachedSigner {
  const signer = signers.get(algorithm)
  if (signer === undefined) throw new Error(`There is no ${algorithm}.`)
  return signer
}

const accepts = (...args: readonly string[]) =>
  openssl(...args).then(
    () => true,
    () => false,
  )
const certificateOf = (algorithm: KeyAlgorithm) => join(folder, `${algorithm}.pem`)
const publicKeyOf = (algorithm: KeyAlgorithm) => join(folder, `${algorithm}.pub`)
const content = Buffer.from('A program.\nIts second line.\r\nand no end of the third')

/** Each type of key with each way in which it signs. */
const ways = algorithms.flatMap((algorithm): [KeyAlgorithm, 'pkcs1' | 'pss' | null][] =>
  algorithm === 'rsa-2048'
    ? [
        [algorithm, 'pkcs1'],
        [algorithm, 'pss'],
      ]
    : [[algorithm, null]],
)
const hashOf = { 'rsa-2048': 'sha256', 'ec-p256': 'sha256', 'ec-p384': 'sha384', 'ec-p521': 'sha512' } as const
const hashFor = (algorithm: KeyAlgorithm) => hashOf[algorithm as keyof typeof hashOf]

function changed(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** Says which bytes of a signature can be changed without the verify side noticing. */
async function unnoticed(made: MadeDetached, step: number): Promise<readonly number[]> {
  const bytes = await readFile(made.signature)
  const missed: number[] = []
  for (let at = 0; at < bytes.length; at += step)
    if ((await codeOf(made.verify({ signature: changed(bytes, at) }))) === 'done') missed.push(at)
  return missed
}

describe.each(ways)('with a key of the type %s and the padding %s', (algorithm, padding) => {
  const common = { 'hash-algorithm': hashFor(algorithm), 'rsa-padding': padding }

  test('a raw signature is what openssl dgst takes, of these bytes alone', async () => {
    const made = await sign('create-raw-signature', common, content, signerOf(algorithm))
    expect(made.found.attributes).toMatchObject(common)
    const options = padding === 'pss' ? ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest'] : []
    const judged = ['dgst', `-${hashFor(algorithm)}`, '-verify', publicKeyOf(algorithm), '-signature', made.signature]
    const judge = (file: string) => accepts(...judged, ...options.flatMap((each) => ['-sigopt', each]), file)
    expect(await judge(made.file)).toBe(true)
    await writeFile(join(folder, 'changed'), changed(content, 3))
    expect(await judge(join(folder, 'changed'))).toBe(false)
    expect(await codeOf(made.verify({ file: changed(content, 3) }))).toBe('DETACHED_SIGNATURE_INVALID')
    expect(await unnoticed(made, 7)).toEqual([])
  })

  test.each(['pem', 'der'])('a CMS signature in %s is what openssl cms takes', async (encoding) => {
    const attributes = { ...common, 'output-encoding': encoding }
    const made = await sign('create-cms-signature', attributes, content, signerOf(algorithm))
    expect(made.found.attributes).toMatchObject(attributes)
    expect(made.found.timestamp).toBeUndefined()
    const judge = (file: string) =>
      accepts(
        ...['cms', '-verify', '-binary', '-inform', encoding.toUpperCase(), '-in', made.signature, '-content', file],
        ...['-CAfile', certificateOf(algorithm), '-purpose', 'any', '-out', '/dev/null'],
      )
    expect(await judge(made.file)).toBe(true)
    await writeFile(join(folder, 'changed'), changed(content, 3))
    expect(await judge(join(folder, 'changed'))).toBe(false)
    expect(await codeOf(made.verify({ file: changed(content, 3) }))).toBe('DETACHED_DIGEST_MISMATCH')
    if (algorithm === 'ec-p256') expect(await unnoticed(made, 5)).toEqual([])
  })

  test('an S/MIME message is what openssl smime and openssl cms take', async () => {
    const made = await sign('smime-sign', common, content, signerOf(algorithm))
    const message = await readFile(made.signature)
    expect(message.toString('latin1')).not.toMatch(/[^\r]\n|\r[^\n]/)
    const judge = (tool: string, path: string) =>
      openssl(tool, '-verify', '-in', path, '-CAfile', certificateOf(algorithm), '-purpose', 'any').catch(() => false)
    const text = 'A program.\r\nIts second line.\r\nand no end of the third'
    // `openssl smime` knows no RSASSA-PSS.
    expect(await judge('smime', made.signature)).toBe(padding === 'pss' ? false : text)
    expect(await judge('cms', made.signature)).toBe(text)
    await writeFile(join(folder, 'changed'), changed(message, message.indexOf('program')))
    expect(await judge('smime', join(folder, 'changed'))).toBe(false)
    expect(await codeOf(made.verify({ file: changed(content, 3) }))).toBe('DETACHED_DIGEST_MISMATCH')
    if (algorithm === 'ec-p256') expect(await unnoticed(made, 11)).toEqual([])
  })

  test('a DSSE envelope holds the file, and its signature is of the encoding that the specification says', async () => {
    const attributes = { ...common, 'payload-type': 'application/vnd.acme+json' }
    const made = await sign('dsse-sign', attributes, content, signerOf(algorithm))
    const envelope = JSON.parse(await readFile(made.signature, 'utf8'))
    expect(Buffer.from(envelope.payload, 'base64')).toEqual(content)
    const encoding = `DSSEv1 25 application/vnd.acme+json ${content.length} ${content.toString('latin1')}`
    await writeFile(join(folder, 'encoding'), encoding, 'latin1')
    await writeFile(join(folder, 'sig'), Buffer.from(envelope.signatures[0].sig, 'base64'))
    const options = padding === 'pss' ? ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'] : []
    const judged = ['dgst', `-${hashFor(algorithm)}`, '-verify', publicKeyOf(algorithm)]
    expect(await accepts(...judged, '-signature', join(folder, 'sig'), ...options, join(folder, 'encoding'))).toBe(true)
    expect(await codeOf(made.verify({ file: changed(content, 3) }))).toBe('DETACHED_DIGEST_MISMATCH')
    const other = { ...envelope, payloadType: 'application/vnd.acne+json' }
    const forged = made.verify({ signature: Buffer.from(JSON.stringify(other)) })
    expect(await codeOf(forged)).toBe('DETACHED_SIGNATURE_INVALID')
  })
})

describe('a time-stamp', () => {
  test.each(['create-cms-signature', 'smime-sign'])(
    'of %s says when the signature was there, and is verified',
    async (directive) => {
      const encoding = directive === 'smime-sign' ? {} : { 'output-encoding': 'der' }
      const trustedTimestampCertificates = [await readFile(join(folder, 'tsa.der'))]
      const signer = { ...signerOf('ec-p256'), timestamps, trustedTimestampCertificates }
      const made = await sign(directive, encoding, content, signer)
      expect(made.found.timestamp).toMatchObject({ authority: 'CN=Time', uncovered: [] })
      const form = directive === 'smime-sign' ? ['SMIME'] : ['DER', '-binary', '-content', made.file]
      const common = ['-CAfile', certificateOf('ec-p256'), '-purpose', 'any', '-out', '/dev/null']
      expect(await accepts('cms', '-verify', '-in', made.signature, '-inform', ...form, ...common)).toBe(true)
      expect(await unnoticed(made, 13)).toEqual([])
      const others = [signerOf('ec-p256').certificateChain[0] ?? new Uint8Array()]
      const distrusting = { ...signer, trustedTimestampCertificates: others }
      expect(await codeOf(sign(directive, encoding, content, distrusting))).toBe('DETACHED_TIMESTAMP_CHAIN_UNTRUSTED')
    },
  )
})

describe('an S/MIME message', () => {
  test.each([
    ['LF', 'a\nb\n', 'a\r\nb\r\n'],
    ['CR LF', 'a\r\nb\r\n', 'a\r\nb\r\n'],
    ['CR', 'a\rb\r', 'a\r\nb\r\n'],
    ['CR before CR LF', 'a\r\r\nb', 'a\r\n\r\nb'],
    ['form feeds and blanks at line ends, which stay', 'a \f\n\f b\t\n', 'a \f\r\n\f b\t\r\n'],
    ['nothing', '', ''],
    ['a line end alone', '\n', '\r\n'],
    ['a line like a boundary', '------x--\n--x', '------x--\r\n--x'],
  ])('has CR LF as line ends where the file has %s', async (_, file, signed) => {
    const made = await sign('smime-sign', {}, file, signerOf('ec-p256'))
    const common = ['-CAfile', certificateOf('ec-p256'), '-purpose', 'any']
    expect(await openssl('cms', '-verify', '-in', made.signature, ...common)).toBe(signed)
    expect(await openssl('smime', '-verify', '-in', made.signature, ...common)).toBe(signed)
  })

  test('keeps every byte without normalization, which openssl smime cannot judge', async () => {
    const made = await sign('smime-sign', { normalization: 'none' }, 'a\nb\rc\r\n\0', signerOf('ec-p256'))
    // Without -crlfeol openssl takes the CR before a boundary for the content's.
    const common = [
      '-verify',
      '-binary',
      '-crlfeol',
      '-in',
      made.signature,
      '-CAfile',
      certificateOf('ec-p256'),
      '-purpose',
      'any',
    ]
    expect(await openssl('cms', ...common)).toBe('a\nb\rc\r\n\0')
    const message = await readFile(made.signature, 'latin1')
    expect(await codeOf(made.verify({ signature: Buffer.from(message.replace('a\nb', 'a\r\nb'), 'latin1') }))).toBe(
      'DETACHED_DIGEST_MISMATCH',
    )
    expect(await codeOf(made.verify({ file: Buffer.from('a\r\nb\rc\r\n\0') }))).toBe('DETACHED_DIGEST_MISMATCH')
  })

  test('is written in blocks, whose borders may lie within a line end', async () => {
    const file = `${'x'.repeat(256 * 1024 - 1)}\r\n${'y'.repeat(300_000)}\n`
    const made = await sign('smime-sign', {}, file, signerOf('ec-p256'))
    const common = ['-CAfile', certificateOf('ec-p256'), '-purpose', 'any', '-out', join(folder, 'content')]
    await openssl('cms', '-verify', '-in', made.signature, ...common)
    expect((await readFile(join(folder, 'content'), 'latin1')) === file.replaceAll(/\r?\n/g, '\r\n')).toBe(true)
  })

  test('with anything before, between or behind its parts is refused', async () => {
    const made = await sign('smime-sign', {}, content, signerOf('ec-p256'))
    const message = await readFile(made.signature, 'latin1')
    const codes = [
      `X: y\r\n${message}`,
      `${message}\r\n`,
      message.replace('\r\n\r\nThis', '\r\nTo: b\r\n\r\nThis'),
      message.replace('Content-Transfer', 'X: y\r\nContent-Transfer'),
      message.replace('micalg=sha-256', 'micalg=sha-512'),
    ].map((text) => codeOf(made.verify({ signature: Buffer.from(text, 'latin1') })))
    for (const code of await Promise.all(codes)) expect(code).toBe('DETACHED_MALFORMED')
  })
})

describe('a CMS signature', () => {
  test('states all parameters of RSASSA-PSS, as the token signs', async () => {
    const attributes = { 'output-encoding': 'der', 'rsa-padding': 'pss', 'hash-algorithm': 'sha512' }
    const made = await sign('create-cms-signature', attributes, content, signerOf('rsa-2048'))
    const printed = await openssl('cms', '-cmsout', '-print', '-inform', 'DER', '-in', made.signature, '-noout')
    expect(printed).toMatch(
      /rsassaPss[\s\S]+cont \[ 0[\s\S]+:sha512[\s\S]+:mgf1[\s\S]+:sha512[\s\S]+cont \[ 2[\s\S]+INTEGER +:40\n/,
    )
  })

  test('has signed attributes in the order of DER, without which content could be read as attributes', async () => {
    const made = await sign('create-cms-signature', { 'output-encoding': 'der' }, content, signerOf('ec-p256'))
    const printed = await openssl('cms', '-cmsout', '-print', '-inform', 'DER', '-in', made.signature, '-noout')
    const named = ['contentType', 'signingTime', 'messageDigest', 'id-smime-aa-signingCertificateV2']
    const at = named.map((name) => printed.indexOf(`object: ${name}`))
    expect(at.every((each) => each > 0)).toBe(true)
    expect(printed).toContain('eContent: <ABSENT>')
  })

  test('whose certificates lead elsewhere than the configured chain is refused', async () => {
    const made = await sign('create-cms-signature', { 'output-encoding': 'der' }, content, signerOf('ec-p256'))
    const other = await sign('create-cms-signature', { 'output-encoding': 'der' }, content, signerOf('ec-p384'))
    expect(await codeOf(made.verify({ signature: await readFile(other.signature) }))).toBe('DETACHED_CHAIN_UNTRUSTED')
  })

  test('that states a time which has not come yet is refused', async () => {
    const signer = signerOf('ec-p256')
    const times = [new Date(Date.now() + 1_800_000), new Date()]
    const signing = sign('create-cms-signature', { 'output-encoding': 'der' }, content, {
      ...signer,
      now: () => times.shift() ?? new Date(),
    })
    expect(await codeOf(signing)).toBe('DETACHED_ATTRIBUTES_INVALID')
  })
})

describe('what cannot be signed', () => {
  test('is an order without padding for an RSA key, which says what is missing', async () => {
    const encoding = { 'output-encoding': 'pem' }
    for (const [directive, attributes] of [
      ['create-raw-signature', { 'hash-algorithm': 'sha256' }],
      ['create-cms-signature', encoding],
      ['smime-sign', {}],
      ['dsse-sign', { 'payload-type': 'text/plain' }],
    ] as const)
      expect(await codeOf(sign(directive, attributes, 'a', signerOf('rsa-2048')))).toBe('RSA_PADDING_MISSING')
  })

  const attributeSet = der.setOf(der.sequence(der.objectIdentifier('1.2.840.113549.1.9.3'), der.setOf(der.integer(1))))
  const openPgpTrailer = Buffer.concat([Buffer.from('text'), Buffer.from('04000108000004ff00000006', 'hex')])
  test.each([
    ['attributes of a CMS signature', attributeSet],
    ['the encoding of DSSE', Buffer.from('DSSEv1 4 text 1 a')],
    [
      'a certificate without its signature',
      der.sequence(der.context(0, der.integer(2)), der.integer(7), der.sequence()),
    ],
    ['what OpenPGP signs', openPgpTrailer],
  ])('raw is %s, whose signature would be one of that format', async (_, bytes) => {
    const attributes = { 'hash-algorithm': 'sha256' }
    expect(await codeOf(sign('create-raw-signature', attributes, bytes, signerOf('ec-p256')))).toBe(
      'RAW_CONTENT_REFUSED',
    )
    const harmless = Buffer.concat([bytes, Buffer.from('!')])
    const isPrefix = bytes.toString().startsWith('DSSE')
    if (!isPrefix) await sign('create-raw-signature', attributes, harmless, signerOf('ec-p256'))
  })

  test('is a file in a DSSE envelope that is larger than readers hold in memory', async () => {
    const attributes = { 'payload-type': 'text/plain' }
    const limit = 16 * 1024 * 1024
    await sign('dsse-sign', attributes, Buffer.alloc(limit, 'ab'), signerOf('ec-p256'))
    const signing = sign('dsse-sign', attributes, Buffer.alloc(limit + 1), signerOf('ec-p256'))
    expect(await codeOf(signing)).toBe('DSSE_PAYLOAD_TOO_LARGE')
  })
})
