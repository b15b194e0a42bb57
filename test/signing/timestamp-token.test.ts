import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  buildSignedData,
  der,
  encodeAttribute,
  messageSignerOf,
  objectIdentifiers,
  readCertificateFields,
} from '../../signing/cms/index.ts'
import { imprintOf, verifyTimestampToken } from '../../signing/timestamp/index.ts'
import { encodeImprint } from '../../signing/timestamp/timestamp-request.ts'
import { encodeCommonName } from '../support/crafted-certificate.ts'
import { makeIdentity, openssl, type TestIdentity } from '../support/openssl.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// Tokens of an authority that is trusted and says odd things, each judged by openssl as well.
const folder = suiteFolder()
const stamping =
  'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping\nsubjectAltName=DNS:time.example,dirName:other'
const imprint = imprintOf(Buffer.from('a signature'), 'sha256')
let tsa: TestIdentity
let other: TestIdentity

beforeAll(async () => {
  tsa = await makeIdentity(folder, 'ec-p256', { commonName: 'Time', extensions: `${stamping}\n[other]\nCN=Other name` })
  other = await makeIdentity(folder, 'ec-p256', {
    commonName: 'Other time',
    extensions: stamping.split('\nsubject')[0] ?? '',
  })
})

interface Token {
  /** Elements behind the time. */
  readonly behindTime?: readonly Uint8Array[]
  readonly attributes?: readonly Uint8Array[]
}

/** SigningCertificate of version 1 (RFC 2634 §5.4) or 2 (RFC 5035 §3), with the certificate's hash only. */
function signingCertificate(version: 1 | 2, [certificate = new Uint8Array()]: readonly Uint8Array[]): Uint8Array {
  const digest = createHash(version === 1 ? 'sha1' : 'sha256')
    .update(certificate)
    .digest()
  const type = version === 1 ? objectIdentifiers.signingCertificate : objectIdentifiers.signingCertificateV2
  return encodeAttribute(type, der.sequence(der.sequence(der.sequence(der.octetString(digest)))))
}

function makeToken({ behindTime = [], attributes = [signingCertificate(2, tsa.chain)] }: Token): Promise<Uint8Array> {
  const info = der.sequence(
    der.integer(1),
    der.objectIdentifier('2.999.1'),
    encodeImprint(imprint),
    der.integer(7),
    der.generalizedTime(new Date()),
    ...behindTime,
  )
  return buildSignedData({
    version: 3,
    contentType: objectIdentifiers.timestampInfo,
    content: der.octetString(info),
    signer: messageSignerOf(tsa.key),
    certificates: tsa.chain.slice(0, 1),
    embedCertificates: true,
    hash: 'sha256',
    signedAttributes: attributes,
  })
}

const verify = (token: Uint8Array) =>
  verifyTimestampToken({ token, imprint, area: 'TIMESTAMP', trustedCertificates: [tsa.root] })

async function opensslTakes(token: Uint8Array): Promise<boolean> {
  const path = join(temporaryFolder(), 'token.der')
  await writeFile(path, token)
  const digest = Buffer.from(imprint.digest).toString('hex')
  return openssl('ts', '-verify', '-digest', digest, '-in', path, '-token_in', '-CAfile', tsa.rootFile).then(
    () => true,
    () => false,
  )
}

const subject = ({ chain }: TestIdentity) => readCertificateFields(chain[0] ?? new Uint8Array(), 'TEST').subject
const directoryName = (name: Uint8Array) => der.context(0, der.context(4, name))
const dnsName = (name: string) => der.context(0, der.contextPrimitive(2, Buffer.from(name)))
const extension = (...critical: readonly Uint8Array[]) =>
  der.context(1, der.sequence(der.objectIdentifier('1.2.3'), ...critical, der.octetString(der.nullValue())))

describe('a token is taken, as by openssl,', () => {
  test.each<[string, () => Token]>([
    ['without the name of its authority', () => ({})],
    ["with its certificate's subject as that name", () => ({ behindTime: [directoryName(subject(tsa))] })],
    ['with an alternative name', () => ({ behindTime: [dnsName('time.example')] })],
    ['with an alternative directory name', () => ({ behindTime: [directoryName(encodeCommonName('OTHER  name'))] })],
    ['with an extension that is not critical', () => ({ behindTime: [extension()] })],
    ['with a signing certificate of version 1', () => ({ attributes: [signingCertificate(1, tsa.chain)] })],
    [
      'with those of both versions',
      () => ({ attributes: [signingCertificate(1, tsa.chain), signingCertificate(2, tsa.chain)] }),
    ],
  ])('%s', async (_what, token) => {
    const made = await makeToken(token())
    expect(await opensslTakes(made)).toBe(true)
    expect(verify(made)).toMatchObject({ trusted: true })
  })
})

describe('a token is refused, as by openssl,', () => {
  test.each<[string, () => Token]>([
    ["with another authority's name", () => ({ behindTime: [directoryName(subject(other))] })],
    ['with another DNS name', () => ({ behindTime: [dnsName('evil.example')] })],
    ['without a signing certificate', () => ({ attributes: [] })],
    ['with another signing certificate', () => ({ attributes: [signingCertificate(2, other.chain)] })],
    [
      'with another one in one of two versions',
      () => ({ attributes: [signingCertificate(1, other.chain), signingCertificate(2, tsa.chain)] }),
    ],
  ])('%s', async (_what, token) => {
    const made = await makeToken(token())
    expect(await opensslTakes(made)).toBe(false)
    expect(() => verify(made)).toThrow(expect.objectContaining({ code: 'TIMESTAMP_ATTRIBUTES_INVALID' }))
  })
})

test('a token is refused with a critical extension, which openssl does not look at', async () => {
  const made = await makeToken({ behindTime: [extension(der.boolean(true))] })
  expect(await opensslTakes(made)).toBe(true)
  expect(() => verify(made)).toThrow(expect.objectContaining({ code: 'TIMESTAMP_MALFORMED' }))
})
