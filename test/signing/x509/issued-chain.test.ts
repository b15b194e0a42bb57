import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { KeyAlgorithm } from '../../../domain/index.ts'
import {
  chainOfIssued,
  createCertificationRequest,
  createSelfSignedCertificate,
  newNames,
  toPem,
} from '../../../signing/x509/index.ts'
import { CertificateAuthority, type Deviation } from '../../support/certificate-authority.ts'
import { memoryKey } from '../../support/memory-key.ts'
import { openssl } from '../../support/openssl.ts'
import { suiteFolder } from '../../support/suite-folder.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const day = 86_400_000
const subject = { commonName: 'Acme Code Signing', organization: 'Acme', country: 'DE' }

/** A request of a key, and what reading an answer to it gives. */
async function asking(algorithm: KeyAlgorithm = 'ec-p256') {
  const key = memoryKey(algorithm)
  const request = await createCertificationRequest({
    key,
    names: newNames(subject, [{ kind: 'email', value: 'release@example.org' }]),
    digitalSignature: true,
    extendedKeyUsages: ['1.3.6.1.5.5.7.3.3'],
  })
  const read = (file: Uint8Array | string, known: readonly Uint8Array[] = [], at = new Date()) =>
    chainOfIssued({ file: Buffer.from(file as Uint8Array), publicKey: key.publicKey, known, at })
  return { key, request, read }
}

/** A chain as DER, for comparisons. */
const encoded = (chain: ReturnType<typeof chainOfIssued>) => chain.map(({ der }) => Buffer.from(der).toString('hex'))
const hex = (certificates: readonly Uint8Array[]) => certificates.map((der) => Buffer.from(der).toString('hex'))
const pem = (...certificates: readonly Uint8Array[]) => certificates.map((der) => toPem(der)).join('')

async function pkcs7(form: 'DER' | 'PEM', ...certificates: readonly Uint8Array[]): Promise<Buffer> {
  const folder = temporaryFolder()
  await writeFile(join(folder, 'certificates.pem'), pem(...certificates))
  const out = join(folder, 'out')
  await openssl(
    ...['crl2pkcs7', '-nocrl', '-certfile', join(folder, 'certificates.pem'), '-outform', form, '-out', out],
  )
  return await readFile(out)
}

const folder = suiteFolder()
const hierarchies = {} as Record<'rsa' | 'ec', { root: CertificateAuthority; issuing: CertificateAuthority }>

beforeAll(async () => {
  for (const kind of ['rsa', 'ec'] as const) {
    const root = await CertificateAuthority.root(folder, `Root ${kind}`, kind)
    hierarchies[kind] = { root, issuing: await root.below(`Issuing ${kind}`, kind) }
  }
})

describe.each([
  ['rsa', 'rsa-3072'],
  ['ec', 'ec-p384'],
] as const)('what an authority of two levels with %s keys issues for a key of type %s', (kind, algorithm) => {
  test('is read in each form and each order, as the chain from the leaf to the root', async () => {
    const { request, read } = await asking(algorithm)
    const { root, issuing } = hierarchies[kind]
    const leaf = await issuing.issue(request)
    const [ca, top] = [await issuing.certificate(), await root.certificate()]
    const chain = hex([leaf, ca, top])
    for (const order of [
      [leaf, ca, top],
      [top, ca, leaf],
      [ca, leaf, top, leaf],
    ]) {
      const forms = [
        pem(...order),
        `Subject: whoever\r\n${pem(...order).replaceAll('\n', '\r\n')}trailing text`,
        Buffer.concat(order),
        await pkcs7('DER', ...order),
        await pkcs7('PEM', ...order),
        (await pkcs7('DER', ...order)).toString('base64'),
      ]
      for (const form of forms) expect(encoded(read(form))).toEqual(chain)
    }
    // Alone, it is completed from what is known.
    expect(encoded(read(leaf, [top, ca]))).toEqual(chain)
    expect(encoded(read(pem(leaf, ca), [top]))).toEqual(chain)
  })
})

test('PKCS #7 in BER with lengths that are not given is read', async () => {
  const { request, read } = await asking()
  const { root, issuing } = hierarchies.ec
  const chain = [await issuing.issue(request), ...(await issuing.chain())]
  expect(chain[2]).toEqual(await root.certificate())
  const indefinite = (tag: number, ...content: Uint8Array[]) =>
    Buffer.concat([Buffer.from([tag, 0x80]), ...content, Buffer.alloc(2)])
  const octets = (text: string) => Buffer.from(text, 'hex')
  const message = indefinite(
    0x30,
    octets('06092a864886f70d010702'),
    indefinite(
      0xa0,
      indefinite(
        0x30,
        octets('0201013100'),
        indefinite(0x30, octets('06092a864886f70d010701')),
        indefinite(0xa0, ...chain),
        octets('3100'),
      ),
    ),
  )
  expect(encoded(read(message))).toEqual(hex(chain))
})

test('roll-over certificates of a root lead to the new root, and to the old one where only that is known', async () => {
  const folder = temporaryFolder()
  const oldRoot = await CertificateAuthority.root(join(folder, 'old'), 'Root that rolls', 'ec')
  const newRoot = await CertificateAuthority.root(join(folder, 'new'), 'Root that rolls', 'ec')
  const authority = { extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign' }
  const newWithOld = await oldRoot.issue(await newRoot.request(), authority)
  const oldWithNew = await newRoot.issue(await oldRoot.request(), authority)
  const issuing = await newRoot.below('Issuing', 'ec')
  const { request, read } = await asking()
  const leaf = await issuing.issue(request)
  const [ca, newTop, oldTop] = [await issuing.certificate(), await newRoot.certificate(), await oldRoot.certificate()]
  for (const file of [
    pem(oldTop, newWithOld, oldWithNew, newTop, ca, leaf),
    pem(leaf, ca, newTop, oldWithNew, newWithOld),
  ])
    expect(encoded(read(file))).toEqual(hex([leaf, ca, newTop]))
  expect(encoded(read(pem(leaf, ca, newWithOld), [oldTop]))).toEqual(hex([leaf, ca, newWithOld, oldTop]))
})

const leafExtensions = (...lines: string[]) => ({ extensions: lines.join('\n') })
const basic = 'basicConstraints=critical,CA:FALSE'
const usage = 'keyUsage=critical,digitalSignature'

test.each<[string, string, Deviation]>([
  [
    'has expired',
    'ISSUED_EXPIRED',
    { notBefore: new Date(Date.now() - 3 * day), notAfter: new Date(Date.now() - day) },
  ],
  ['is not valid yet', 'ISSUED_NOT_YET_VALID', { notBefore: new Date(Date.now() + day) }],
  [
    'is an authority',
    'ISSUED_IS_AUTHORITY',
    leafExtensions('basicConstraints=critical,CA:TRUE', usage, 'extendedKeyUsage=codeSigning'),
  ],
  [
    'does not allow signatures',
    'ISSUED_KEY_USAGE',
    leafExtensions(basic, 'keyUsage=critical,keyEncipherment', 'extendedKeyUsage=codeSigning'),
  ],
  ['is for servers', 'ISSUED_EXTENDED_KEY_USAGE', leafExtensions(basic, usage, 'extendedKeyUsage=serverAuth')],
  [
    'has a critical extension that nobody knows',
    'ISSUED_CRITICAL_EXTENSION',
    leafExtensions(basic, usage, 'extendedKeyUsage=codeSigning', '1.2.3.4=critical,DER:0500'),
  ],
  ['is signed with SHA-1', 'CHAIN_ALGORITHM_WEAK', { digest: 'sha1' }],
])('a certificate that %s is refused with %s', async (_, code, deviation) => {
  const { request, read } = await asking()
  const { issuing } = hierarchies.rsa
  const file = pem(await issuing.issue(request, deviation), ...(await issuing.chain()))
  expect(() => read(file)).toThrow(expect.objectContaining({ code }))
})

test('a certificate without any extended key usage is refused', async () => {
  const key = memoryKey('ec-p256')
  const request = await createCertificationRequest({ key, names: newNames(subject, []) })
  const { issuing } = hierarchies.rsa
  const file = Buffer.from(pem(await issuing.issue(request, leafExtensions(basic, usage)), ...(await issuing.chain())))
  expect(() => chainOfIssued({ file, publicKey: key.publicKey, known: [], at: new Date() })).toThrow(
    expect.objectContaining({ code: 'ISSUED_EXTENDED_KEY_USAGE' }),
  )
})

const caUsage = 'keyUsage=critical,keyCertSign,cRLSign'

test.each<[string, string, Deviation, 'ec' | 'weak-rsa']>([
  [
    'has expired',
    'CHAIN_NOT_VALID',
    { notBefore: new Date(Date.now() - 3 * day), notAfter: new Date(Date.now() - day) },
    'ec',
  ],
  ['is no authority', 'CHAIN_NOT_AUTHORITY', leafExtensions(basic, caUsage), 'ec'],
  ['has no basic constraints', 'CHAIN_NOT_AUTHORITY', leafExtensions(caUsage), 'ec'],
  [
    'may not issue',
    'CHAIN_KEY_USAGE',
    leafExtensions('basicConstraints=critical,CA:TRUE', 'keyUsage=critical,cRLSign'),
    'ec',
  ],
  [
    'may only issue for servers',
    'CHAIN_EXTENDED_KEY_USAGE',
    leafExtensions('basicConstraints=critical,CA:TRUE', caUsage, 'extendedKeyUsage=serverAuth'),
    'ec',
  ],
  [
    'has a critical extension that nobody knows',
    'CHAIN_CRITICAL_EXTENSION',
    leafExtensions('basicConstraints=critical,CA:TRUE', caUsage, '1.2.3.4=critical,DER:0500'),
    'ec',
  ],
  ['has a weak key', 'CHAIN_ALGORITHM_WEAK', {}, 'weak-rsa'],
  ['was signed with SHA-1', 'CHAIN_ALGORITHM_WEAK', { digest: 'sha1' }, 'ec'],
])('an issuer that %s makes its certificates refused with %s', async (_, code, deviation, key) => {
  const { root } = hierarchies.rsa
  const issuing = await root.below(`Deviating ${process.hrtime.bigint()}`, key, deviation)
  const { request, read } = await asking()
  const file = pem(await issuing.issue(request), ...(await issuing.chain()))
  expect(() => read(file)).toThrow(expect.objectContaining({ code }))
})

test('an authority below one that allows none is refused', async () => {
  const below = await hierarchies.ec.issuing.below('Too deep', 'ec')
  const { request, read } = await asking()
  const file = pem(await below.issue(request), ...(await below.chain()))
  expect(() => read(file)).toThrow(expect.objectContaining({ code: 'CHAIN_PATH_LENGTH' }))
})

test('a bundle without our certificate, or with too many of it, is refused', async () => {
  const { key, request, read } = await asking()
  const { issuing } = hierarchies.ec
  const chain = await issuing.chain()
  const other = await issuing.issue((await asking()).request)
  expect(() => read(pem(other, ...chain))).toThrow(expect.objectContaining({ code: 'ISSUED_KEY_MISMATCH' }))
  const [one, two] = [await issuing.issue(request), await issuing.issue(request)]
  expect(() => read(pem(one, two, ...chain))).toThrow(expect.objectContaining({ code: 'ISSUED_AMBIGUOUS' }))
  const own = await createSelfSignedCertificate({
    key,
    subject,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
  })
  expect(() => read(pem(own))).toThrow(expect.objectContaining({ code: 'ISSUED_SELF_SIGNED' }))
  expect(encoded(read(pem(own, one, ...chain)))[0]).toBe(Buffer.from(one).toString('hex'))
})

test('a chain with a gap, and one of another authority of the same name, are refused', async () => {
  const { request, read } = await asking()
  const { issuing } = hierarchies.ec
  const leaf = await issuing.issue(request)
  expect(() => read(pem(leaf))).toThrow(/"CN=Issuing ec,O=Authorities" is missing/)
  const withoutRoot = pem(leaf, await issuing.certificate())
  expect(() => read(withoutRoot)).toThrow(expect.objectContaining({ code: 'CHAIN_INCOMPLETE' }))
  const impostor = await CertificateAuthority.root(temporaryFolder(), 'Issuing ec', 'ec')
  const withImpostor = pem(leaf, await impostor.certificate())
  expect(() => read(withImpostor)).toThrow(expect.objectContaining({ code: 'CHAIN_SIGNATURE_INVALID' }))
})

test.each<[string, string, (leaf: Uint8Array) => Uint8Array | string]>([
  ['nothing', 'CERTIFICATE_FILE_EMPTY', () => ''],
  ['10 MB of rubbish', 'CERTIFICATE_FILE_TOO_LARGE', () => Buffer.alloc(10_000_000, 0x30)],
  ['half a megabyte of nested elements', 'X509_MALFORMED', () => Buffer.alloc(500_000, '3080')],
  ['DER with bytes behind it', 'X509_MALFORMED', (leaf) => Buffer.concat([leaf, Buffer.from('x')])],
  ['DER that is cut', 'X509_MALFORMED', (leaf) => leaf.subarray(0, -1)],
  ['PEM with bytes behind the certificate', 'X509_MALFORMED', (leaf) => toPem(Buffer.concat([leaf, Buffer.alloc(1)]))],
  ['PEM without an end', 'X509_PEM_MALFORMED', (leaf) => toPem(leaf).replace(/-----END.*/, '')],
  [
    'a private key',
    'X509_PEM_MALFORMED',
    (leaf) => `-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${toPem(leaf)}`,
  ],
  ['PKCS #7 that is cut', 'PKCS7_MALFORMED', () => Buffer.from('301006092a864886f70d010702a0033001', 'hex')],
])('%s is refused with %s', async (_, code, make) => {
  const { request, read } = await asking()
  const leaf = await hierarchies.ec.issuing.issue(request)
  expect(() => read(make(leaf))).toThrow(expect.objectContaining({ code }))
})

test('PKCS #7 with bytes behind it, or with no certificates, is refused', async () => {
  const { request, read } = await asking()
  const message = await pkcs7('DER', await hierarchies.ec.issuing.issue(request))
  expect(() => read(Buffer.concat([message, Buffer.from('x')]))).toThrow(
    expect.objectContaining({ code: 'PKCS7_MALFORMED' }),
  )
  expect(() => read(Buffer.from('301d06092a864886f70d010702a010300e0201013100300506032a03043100', 'hex'))).toThrow(
    expect.objectContaining({ code: 'CERTIFICATE_FILE_EMPTY' }),
  )
})
