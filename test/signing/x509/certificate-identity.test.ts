import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { issuedCertificate, publicKeyToken, readCertificate } from '../../../signing/x509/index.ts'
import { CertificateAuthority } from '../../support/certificate-authority.ts'
import { memoryKey } from '../../support/memory-key.ts'
import { openssl } from '../../support/openssl.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** The modulus, most significant octet last, of the key that Microsoft signs .NET libraries with; its token is in their names. */
const modulusOfMicrosoft =
  '07d1fa57c4aed9f0a32e84aa0faefd0de9e8fd6aec8f87fb03766c834c99921eb23be79ad9d5dcc1dd9ad236132102900b723cf980957fc4e177108fc607774f29e8320e92ea05ece4e821c0a5efe8f1645c4c0c93c1ab99285d622caa652c1dfad63d745d6f2de5f17e5eaf0fc4963d261c8a12436518206dc093344d5ad293'

test('the public key token of an RSA key is the one that .NET computes', () => {
  const n = Buffer.from(modulusOfMicrosoft, 'hex').reverse().toString('base64url')
  const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
  expect(publicKeyToken(key.export({ type: 'spki', format: 'der' }))).toBe('b03f5f7f11d50a3a')
  expect(publicKeyToken(memoryKey('ec-p256').publicKey)).toBeNull()
})

test('the identity of a certificate names what an authority issued, as the platforms write it', async () => {
  const root = await CertificateAuthority.root(temporaryFolder(), 'Root', 'ec')
  const folder = temporaryFolder()
  const csr = join(folder, 'csr')
  await openssl(
    ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(folder, 'key'), '-out', csr, '-utf8'],
    ...['-subj', '/C=DE/ST=NRW/L=Köln/O=Acme, "the" Ltd/CN=Acme #1'],
  )
  const leaf = await root.issue(await readFile(csr))
  const chain = [leaf, await root.certificate()]
  const { identity, ...issued } = issuedCertificate(chain)
  const facts = readCertificate(leaf)
  expect(issued).toMatchObject({
    subject: facts.subject,
    thumbprint: facts.thumbprintSha256,
    issuer: 'CN=Root,O=Authorities',
  })
  expect(identity).toMatchObject({
    subject: facts.subject,
    issuer: 'CN=Root,O=Authorities',
    extendedKeyUsages: ['1.3.6.1.5.5.7.3.3'],
    appxPublisher: 'CN="Acme #1", O="Acme, ""the"" Ltd", L=Köln, S=NRW, C=DE',
  })
  const keyOfRoot = await openssl(
    'pkey',
    '-in',
    root.keyFile,
    '-pubout',
    '-outform',
    'DER',
    '-out',
    join(folder, 'spki'),
  )
  expect(keyOfRoot).toBe('')
  const digest = await openssl('dgst', '-sha256', '-r', join(folder, 'spki'))
  expect(digest).toContain(identity.issuingKey)
})
