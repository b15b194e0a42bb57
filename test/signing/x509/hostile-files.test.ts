import { expect, test } from 'vitest'
import { readCertificateFile, toPem } from '../../../signing/x509/index.ts'
import { makeIdentity } from '../../support/openssl.ts'
import { ber, der } from '../../support/pfx-builder.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** The code that a file is refused with, or how many certificates it has. */
function outcome(file: Uint8Array | string): string | number {
  try {
    return readCertificateFile(Buffer.from(file as string, 'latin1')).length
  } catch (error) {
    return (error as { readonly code: string }).code
  }
}

const signedDataType = der(0x06, Buffer.from('2a864886f70d010702', 'hex'))

/** SignedData around something in the place of its certificates. */
function pkcs7(certificates: Buffer, wrap: typeof der = der): Buffer {
  const version = der(0x02, Buffer.of(1))
  const content = wrap(0x30, version, der(0x31), wrap(0x30, signedDataType), certificates, der(0x31))
  return wrap(0x30, signedDataType, wrap(0xa0, content))
}

test('a file with certificates is bounded in size, number and depth, and each excess has its code', async () => {
  const { chain } = await makeIdentity(temporaryFolder(), 'ec-p256')
  const [leaf = Buffer.alloc(0)] = chain
  const pem = toPem(leaf)
  expect(outcome(pem.repeat(10_000))).toBe('CERTIFICATE_FILE_TOO_LARGE')
  expect(outcome(Buffer.concat(Array.from({ length: 700 }, () => leaf)))).toBe(1)
  expect(outcome(pkcs7(der(0xa0, leaf)))).toBe(1)
  expect(outcome(pkcs7(ber(0xa0, leaf), ber))).toBe(1)
  // Certificates whose own elements are nested, and messages in messages.
  let nested: Buffer = Buffer.from(leaf)
  for (let depth = 0; depth < 40; depth++) nested = ber(0x30, nested)
  expect(outcome(pkcs7(ber(0xa0, nested), ber))).toBe('PKCS7_MALFORMED')
  let message = pkcs7(der(0xa0, leaf))
  for (let depth = 0; depth < 40; depth++) message = pkcs7(der(0xa0, message))
  expect(outcome(message)).toBe('X509_MALFORMED')
  expect(outcome(Buffer.alloc(400_000, Buffer.of(0x30, 0x80)))).toMatch(/PKCS7_MALFORMED|X509_MALFORMED/)
})

test('a file of another kind is refused with a code', async () => {
  const { keyFile, chain } = await makeIdentity(temporaryFolder(), 'ec-p256')
  const { readFileSync } = await import('node:fs')
  const [leaf = Buffer.alloc(0)] = chain
  const others = [
    readFileSync(keyFile),
    toPem(leaf).replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST'),
    toPem(leaf).replaceAll('CERTIFICATE', 'X509 CRL'),
    toPem(leaf).slice(0, 200),
    toPem(leaf).replace(/^M/m, '*'),
    der(0x30),
    der(0x04, leaf),
    leaf.subarray(0, leaf.length - 1),
    'MAA=',
    '<html></html>',
    '',
    '\0'.repeat(100),
  ]
  for (const file of others) expect(outcome(file)).toMatch(/^(CERTIFICATE_FILE_EMPTY|X509_[A-Z_]+|PKCS7_MALFORMED)$/)
})
