import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { keyAlgorithms } from '../../../domain/index.ts'
import { signPeFile } from '../../../signing/authenticode/index.ts'
import { openToken } from '../../../signing/pkcs11/index.ts'
import type { SigningKey } from '../../../signing/signing-key.ts'
import {
  type CertificateProfile,
  createSelfSignedCertificate,
  issueCertificate,
  readCertificate,
  toPem,
} from '../../../signing/x509/index.ts'
import { memoryKey } from '../../support/memory-key.ts'
import { openssl } from '../../support/openssl.ts'
import { smallPeFile } from '../../support/small-pe-file.ts'
import { softHsmToken } from '../../support/softhsm.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const execute = promisify(execFile)
const hour = 3_600_000
const validity = () => ({ notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + 24 * hour) })
const subject = { commonName: 'Acme Code Signing', organization: 'Acme', country: 'DE' }

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(temporaryFolder(), name)
  await writeFile(path, content)
  return path
}

async function certificateText(der: Uint8Array): Promise<string> {
  return await openssl('x509', '-in', await file('certificate.pem', toPem(der)), '-noout', '-text')
}

/** A root, and a certificate that it issued. */
async function hierarchy(profile: CertificateProfile) {
  const [rootKey, key] = [memoryKey('ec-p384'), memoryKey('ec-p256')]
  const root = await createSelfSignedCertificate({
    key: rootKey,
    subject: { commonName: 'Acme Root' },
    profile: 'ca',
    ...validity(),
  })
  const issuer = { certificate: root, key: rootKey }
  const leaf = await issueCertificate({ issuer, subject, publicKey: key.publicKey, profile, ...validity() })
  return { root, rootKey, key, leaf, issuer }
}

describe.each(keyAlgorithms)('a self-signed certificate with a key of type %s', (algorithm) => {
  test('is accepted by openssl as its own trust anchor, strictly, and by osslsigncode for what its key signed', async () => {
    const key = memoryKey(algorithm)
    const der = await createSelfSignedCertificate({ key, subject, ...validity() })
    const pem = await file('self.pem', toPem(der))
    for (const options of [['-purpose', 'any'], ['-x509_strict'], ['-check_ss_sig']]) {
      expect(await openssl('verify', ...options, '-CAfile', pem, pem)).toBe(`${pem}: OK\n`)
    }
    const program = await file('program.exe', smallPeFile(Buffer.from('code')))
    const signed = `${program}.signed`
    await signPeFile({
      inputPath: program,
      outputPath: signed,
      key,
      certificateChain: [der],
      hashAlgorithm: 'sha256',
    })
    const { stdout } = await execute('osslsigncode', ['verify', '-CAfile', pem, signed])
    expect(stdout).toMatch(/^Signature verification: ok$/m)
    expect(readCertificate(der)).toMatchObject({
      keyAlgorithm: algorithm,
      isSelfSigned: true,
      publicKey: new Uint8Array(key.publicKey),
    })
  })
})

test('a key inside a token signs its own certificate', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const token = await openToken(settings)
  onTestFinished(() => token.close())
  for (const algorithm of ['rsa-3072', 'ec-p521'] as const) {
    const key = await token.generateKey({ id: Buffer.from(algorithm), label: 'x', algorithm })
    const pem = await file('self.pem', toPem(await createSelfSignedCertificate({ key, subject, ...validity() })))
    expect(await openssl('verify', '-x509_strict', '-check_ss_sig', '-CAfile', pem, pem)).toBe(`${pem}: OK\n`)
  }
})

test('a code-signing certificate says what it is for', async () => {
  const der = await createSelfSignedCertificate({ key: memoryKey('ec-p256'), subject, ...validity() })
  const text = await certificateText(der)
  expect(text).toMatch(/Version: 3/)
  expect(text).toMatch(/Subject: C = DE, O = Acme, CN = Acme Code Signing/)
  expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/)
  expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/)
  expect(text).toMatch(/Extended Key Usage: \s+Code Signing\n/)
  const [, subjectKeyId] = /Subject Key Identifier: \s+([0-9A-F:]{59})/.exec(text) ?? []
  expect(text).toMatch(new RegExp(`Authority Key Identifier: \\s+${subjectKeyId}`))
})

test('an issued certificate for time-stamping has that usage alone, and critical', async () => {
  const { root, leaf } = await hierarchy('timeStamping')
  expect(await certificateText(leaf)).toMatch(/Extended Key Usage: critical\s+Time Stamping\n/)
  expect(readCertificate(leaf)).toMatchObject({ extendedKeyUsages: ['1.3.6.1.5.5.7.3.8'], isSelfSigned: false })
  const [rootFile, leafFile] = [await file('root.pem', toPem(root)), await file('leaf.pem', toPem(leaf))]
  expect(await openssl('verify', '-x509_strict', '-purpose', 'timestampsign', '-CAfile', rootFile, leafFile)).toBe(
    `${leafFile}: OK\n`,
  )
})

test('certificates issued in two steps lead to the root', async () => {
  const { root, issuer } = await hierarchy('ca')
  const [middleKey, leafKey] = [memoryKey('rsa-2048'), memoryKey('ec-p521')]
  const middle = await issueCertificate({
    issuer,
    subject: { commonName: 'Middle' },
    publicKey: middleKey.publicKey,
    profile: 'ca',
    ...validity(),
  })
  const leaf = await issueCertificate({
    issuer: { certificate: middle, key: middleKey },
    subject,
    publicKey: leafKey.publicKey,
    profile: 'codeSigning',
    ...validity(),
  })
  const files = await Promise.all([root, middle, leaf].map((der, index) => file(`${index}.pem`, toPem(der))))
  const [rootFile = '', middleFile = '', leafFile = ''] = files
  const output = await openssl('verify', '-x509_strict', '-CAfile', rootFile, '-untrusted', middleFile, leafFile)
  expect(output).toBe(`${leafFile}: OK\n`)
})

test('names keep every character, and dates after 2049 and before 2050 are encoded as each must be', async () => {
  const der = await createSelfSignedCertificate({
    key: memoryKey('ec-p256'),
    subject: { commonName: 'Ünïcode, "quoted" \\ + <x>; #1 =', locality: ' x '.trim(), state: '東京', country: 'JP' },
    notBefore: new Date('2049-12-31T23:59:59.999Z'),
    notAfter: new Date('2061-02-03T04:05:06.789Z'),
  })
  expect(readCertificate(der)).toMatchObject({
    subject: 'CN=Ünïcode\\, \\"quoted\\" \\\\ \\+ \\<x\\>\\; #1 =,L=x,ST=東京,C=JP',
    notBefore: '2049-12-31T23:59:59.000Z',
    notAfter: '2061-02-03T04:05:06.000Z',
  })
  const path = await file('certificate.pem', toPem(der))
  expect(await openssl('x509', '-in', path, '-noout', '-dates')).toBe(
    'notBefore=Dec 31 23:59:59 2049 GMT\nnotAfter=Feb  3 04:05:06 2061 GMT\n',
  )
  const structure = await openssl('asn1parse', '-in', path)
  expect(structure).toMatch(/UTCTIME\s+:491231235959Z/)
  expect(structure).toMatch(/GENERALIZEDTIME\s+:20610203040506Z/)
  expect(structure).toMatch(/PRINTABLESTRING\s+:JP/)
})

test('serial numbers are given or random, positive, and never longer than 20 octets', async () => {
  const key = memoryKey('ec-p256')
  const withSerial = async (serialNumber?: string) =>
    readCertificate(
      await createSelfSignedCertificate({
        key,
        subject,
        ...validity(),
        ...(serialNumber === undefined ? {} : { serialNumber }),
      }),
    ).serialNumber
  expect(await withSerial('80')).toBe('80')
  expect(await withSerial('00ab1')).toBe('ab1'.padStart(4, '0'))
  expect(await withSerial('7f'.repeat(20))).toBe('7f'.repeat(20))
  const [one, other] = [await withSerial(), await withSerial()]
  expect(one).toMatch(/^[4-7][0-9a-f]{31}$/)
  expect(one).not.toBe(other)
  for (const wrong of ['', '0', '00', 'xyz', 'ff'.repeat(20), '01'.repeat(21), '-1', '1 ']) {
    await expect(withSerial(wrong)).rejects.toMatchObject({ code: 'X509_SERIAL_NUMBER_INVALID' })
  }
})

test.each([
  { commonName: '' },
  { commonName: 'x'.repeat(65) },
  { commonName: ' x' },
  { commonName: 'a\0b' },
  { commonName: 'a\nb' },
  { commonName: 'a\ud800' },
  { commonName: 'x', country: 'Germany' },
  { commonName: 'x', country: 'de' },
  { commonName: 'x', organization: '' },
])('a subject that cannot be encoded is refused: %j', async (unfit) => {
  await expect(
    createSelfSignedCertificate({ key: memoryKey('ec-p256'), subject: unfit, ...validity() }),
  ).rejects.toMatchObject({ code: 'X509_SUBJECT_INVALID' })
})

test.each([
  [new Date('2026-01-02'), new Date('2026-01-01')],
  [new Date('2026-01-01'), new Date('2026-01-01')],
  [new Date('2026-01-01'), new Date(Number.NaN)],
  [new Date('1900-01-01'), new Date('2026-01-01')],
])('a validity that makes no sense is refused', async (notBefore, notAfter) => {
  await expect(
    createSelfSignedCertificate({ key: memoryKey('ec-p256'), subject, notBefore, notAfter }),
  ).rejects.toMatchObject({ code: 'X509_VALIDITY_INVALID' })
})

test("only a CA's certificate issues others, and only with its own key", async () => {
  const { leaf, key, root } = await hierarchy('codeSigning')
  const request = { subject, publicKey: memoryKey('ec-p256').publicKey, profile: 'codeSigning' as const, ...validity() }
  for (const issuer of [
    { certificate: leaf, key },
    { certificate: root, key },
  ]) {
    await expect(issueCertificate({ issuer, ...request })).rejects.toMatchObject({ code: 'X509_ISSUER_INVALID' })
  }
})

test('a public key that is none is refused', async () => {
  const { issuer } = await hierarchy('codeSigning')
  await expect(
    issueCertificate({ issuer, subject, publicKey: Buffer.from('no key'), profile: 'codeSigning', ...validity() }),
  ).rejects.toMatchObject({ code: 'X509_PUBLIC_KEY_MALFORMED' })
})

test('a certificate that its key did not really sign is not handed out', async () => {
  const [key, another] = [memoryKey('ec-p256'), memoryKey('ec-p256')]
  const liar: SigningKey = { ...key, sign: another.sign }
  await expect(createSelfSignedCertificate({ key: liar, subject, ...validity() })).rejects.toMatchObject({
    code: 'X509_SIGNATURE_FAULTY',
  })
})
