import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { der, objectIdentifiers, readCertificateFields, subjectOf } from '../../signing/cms/index.ts'
import { isNamedBy } from '../../signing/cms/signer-identifier.ts'
import { type CraftedCertificate, craftCertificate } from '../support/crafted-certificate.ts'
import { openssl } from '../support/openssl.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

function read(fields: Partial<CraftedCertificate>) {
  const key = { publicKey: publicKey.export({ type: 'spki', format: 'der' }), signedBy: privateKey }
  return readCertificateFields(craftCertificate({ subject: 'One', issuer: 'One', ...key, ...fields }), 'TEST_MALFORMED')
}

const generalizedTime = (text: string) => der.element(0x18, Buffer.from(text))
const malformed = (message: string) =>
  expect.objectContaining({ code: 'TEST_MALFORMED', message: expect.stringContaining(message) })

describe('a certificate is read', () => {
  test('with a GeneralizedTime of whole seconds', () => {
    expect(read({ notAfter: generalizedTime('20500101000000Z') }).notAfter).toEqual(new Date('2050-01-01T00:00:00Z'))
  })
})

test('a certificate without a subject is called that in messages, and is an error of nothing', async () => {
  const file = join(temporaryFolder(), 'none.pem')
  const make = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    '/dev/null',
  ]
  await openssl(...make, '-subj', '/', '-out', file)
  const { raw } = new X509Certificate(await readFile(file))
  expect(subjectOf(readCertificateFields(raw, 'TEST_MALFORMED'))).toBe('(no name)')
})

describe('a certificate is malformed, as to OpenSSL and RFC 5280,', () => {
  test('when a time of it has a fraction', () => {
    expect(() => read({ notAfter: generalizedTime('20500101000000.5Z') })).toThrow(malformed('notAfter'))
  })

  test('when it names two signature algorithms', () => {
    const innerAlgorithm = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.3'))
    expect(() => read({ innerAlgorithm })).toThrow(malformed('two signature algorithms'))
  })
})

describe("a certificate is named by its key's identifier", () => {
  const keyIdentifier = new Uint8Array(20).fill(7)
  const names = (value: Uint8Array) => {
    const identifier = der.objectIdentifier(objectIdentifiers.subjectKeyIdentifier)
    const certificate = read({ extensions: [der.sequence(identifier, der.octetString(value))] })
    return isNamedBy({ kind: 'subjectKeyIdentifier', keyIdentifier }, certificate, 'TEST_MALFORMED')
  }

  test('when it is the same', () => {
    expect(names(der.octetString(keyIdentifier))).toBe(true)
    expect(names(der.octetString(new Uint8Array(20)))).toBe(false)
  })

  test('and not when only bytes of its encoding are', () => {
    expect(() => names(Buffer.concat([Buffer.from([4, 5]), keyIdentifier]))).toThrow(malformed('do not belong there'))
    expect(() => names(Buffer.concat([Buffer.from([0x0c, 20]), keyIdentifier]))).toThrow(malformed('tag 0x4'))
  })
})
