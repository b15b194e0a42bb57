import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type AlternativeName, keyAlgorithms } from '../../../domain/index.ts'
import { openToken } from '../../../signing/pkcs11/index.ts'
import type { SigningKey } from '../../../signing/signing-key.ts'
import {
  createCertificationRequest,
  createSelfSignedCertificate,
  namesOfCertificate,
  newNames,
  sameNames,
  toPem,
} from '../../../signing/x509/index.ts'
import { memoryKey } from '../../support/memory-key.ts'
import { openssl } from '../../support/openssl.ts'
import { softHsmToken } from '../../support/softhsm.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const subject = {
  commonName: 'Grüße GmbH Code Signing',
  organization: 'Grüße GmbH',
  organizationalUnit: 'Releases',
  locality: 'Köln',
  state: 'NRW',
  country: 'DE',
}
const alternativeNames: readonly AlternativeName[] = [
  { kind: 'email', value: 'release@example.org' },
  { kind: 'dns', value: 'example.org' },
  { kind: 'uri', value: 'https://example.org/releases' },
]
const codeSigning = '1.3.6.1.5.5.7.3.3'

async function pemFile(der: Uint8Array): Promise<string> {
  const path = join(temporaryFolder(), 'request.pem')
  await writeFile(path, toPem(der, 'CERTIFICATE REQUEST'))
  return path
}

/** What openssl reads in a request, whose signature it has verified. */
async function requestText(der: Uint8Array): Promise<string> {
  return await openssl('req', '-in', await pemFile(der), '-verify', '-noout', '-text')
}

test.each(keyAlgorithms)('a request that a key of type %s signed is verified by openssl', async (algorithm) => {
  const key = memoryKey(algorithm)
  const names = newNames(subject, alternativeNames)
  const der = await createCertificationRequest({
    key,
    names,
    digitalSignature: true,
    extendedKeyUsages: [codeSigning],
  })
  const text = await requestText(der)
  expect(text).toContain('Version: 1 (0x0)')
  expect(text).toMatch(/Requested Extensions:\s+X509v3 Key Usage: critical\s+Digital Signature\n/)
  expect(text).toMatch(/X509v3 Extended Key Usage:\s+Code Signing\n/)
  expect(text).toMatch(
    /X509v3 Subject Alternative Name:\s+email:release@example.org, DNS:example.org, URI:https:\/\/example.org\/releases\n/,
  )
  const publicKey = await openssl('req', '-in', await pemFile(der), '-noout', '-pubkey')
  expect(publicKey.replaceAll(/-----.*?-----|\s/g, '')).toBe(Buffer.from(key.publicKey).toString('base64'))
})

test('the whole subject is in the request, in UTF-8', async () => {
  const der = await createCertificationRequest({ key: memoryKey('ec-p256'), names: newNames(subject, []) })
  const shown = await openssl(
    ...['req', '-in', await pemFile(der), '-noout', '-subject', '-nameopt', 'RFC2253,-esc_msb,utf8'],
  )
  expect(shown).toBe('subject=CN=Grüße GmbH Code Signing,OU=Releases,O=Grüße GmbH,L=Köln,ST=NRW,C=DE\n')
})

test('a request without extensions has an empty set of attributes, which is not left out', async () => {
  const der = await createCertificationRequest({ key: memoryKey('rsa-2048'), names: newNames(subject, []) })
  expect(await requestText(der)).toMatch(/Attributes:\s+\(none\)/)
  const structure = await openssl('asn1parse', '-in', await pemFile(der))
  expect(structure).toMatch(/d=2 +hl=2 l= +0 cons: cont \[ 0 \]/)
})

test('keys inside a token sign requests, with the hash that fits each', async () => {
  const token = await openToken(await softHsmToken(temporaryFolder()))
  onTestFinished(() => token.close())
  for (const [algorithm, expected] of [
    ['rsa-3072', 'sha256WithRSAEncryption'],
    ['ec-p256', 'ecdsa-with-SHA256'],
    ['ec-p384', 'ecdsa-with-SHA384'],
    ['ec-p521', 'ecdsa-with-SHA512'],
  ] as const) {
    const key = await token.generateKey({ id: Buffer.from(algorithm), label: 'x', algorithm })
    const der = await createCertificationRequest({ key, names: newNames(subject, alternativeNames) })
    expect(await requestText(der)).toContain(`Signature Algorithm: ${expected}`)
  }
})

test('a request that its key did not really sign is not handed out', async () => {
  const [key, another] = [memoryKey('ec-p256'), memoryKey('ec-p256')]
  const liar: SigningKey = { ...key, sign: another.sign }
  await expect(createCertificationRequest({ key: liar, names: newNames(subject, []) })).rejects.toMatchObject({
    code: 'X509_SIGNATURE_FAULTY',
  })
})

describe('the names of a certificate', () => {
  test('are asked for again to the byte, in whatever encoding an authority gave them', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'old.pem')
    // T61String and a critical alternative name: not as we would encode them.
    await openssl(
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(folder, 'key'), '-outform', 'DER'],
      ...['-out', path, '-subj', '/O=Späte/CN=x+serialNumber=77/emailAddress=a@example.org'],
      ...['-addext', 'subjectAltName=critical,email:a@example.org,otherName:1.3.6.1.5.5.7.8.9;UTF8:ä@example.org'],
    )
    const names = namesOfCertificate(await readFile(path))
    const der = await createCertificationRequest({ key: memoryKey('ec-p256'), names })
    const issued = join(folder, 'new.der')
    await openssl(
      ...['x509', '-req', '-in', await pemFile(der), '-signkey', join(folder, 'key'), '-copy_extensions', 'copyall'],
      ...['-outform', 'DER', '-out', issued],
    )
    const again = namesOfCertificate(await readFile(issued))
    expect(again).toEqual(names)
    expect(sameNames(names, again)).toBe(true)
    expect(names.alternativeNames?.critical).toBe(true)
  })

  test('are others when a letter, or an alternative name, is another one', async () => {
    const key = memoryKey('ec-p256')
    const validity = { notBefore: new Date(), notAfter: new Date(Date.now() + 3_600_000) }
    const names = namesOfCertificate(await createSelfSignedCertificate({ key, subject, ...validity }))
    expect(sameNames(names, newNames(subject, []))).toBe(true)
    expect(sameNames(names, newNames({ ...subject, locality: 'Koln' }, []))).toBe(false)
    expect(sameNames(names, newNames(subject, alternativeNames))).toBe(false)
  })
})

test.each<AlternativeName>([
  { kind: 'dns', value: '' },
  { kind: 'dns', value: 'a b' },
  { kind: 'dns', value: '-a.example' },
  { kind: 'dns', value: `${'a'.repeat(64)}.example` },
  { kind: 'dns', value: 'bücher.example' },
  { kind: 'email', value: 'nobody' },
  { kind: 'email', value: 'a@x.example,b@y.example' },
  { kind: 'uri', value: 'not a uri' },
  { kind: 'uri', value: '/relative' },
  { kind: 'uri', value: `https://example.org/${'x'.repeat(255)}` },
])('an alternative name that cannot be encoded is refused: %j', (name) => {
  expect(() => newNames(subject, [name])).toThrow(expect.objectContaining({ code: 'X509_ALTERNATIVE_NAME_INVALID' }))
})

test('more alternative names than an authority would take are refused', () => {
  const names = Array.from({ length: 21 }, (_, index) => ({ kind: 'dns', value: `host${index}.example` }) as const)
  expect(() => newNames(subject, names)).toThrow(expect.objectContaining({ code: 'X509_ALTERNATIVE_NAME_INVALID' }))
})
