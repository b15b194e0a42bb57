import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SigningError } from '../../../signing/signing-error.ts'
import {
  createSelfSignedCertificate,
  issueCertificate,
  orderChain,
  parseCertificates,
  readCertificate,
  toPem,
} from '../../../signing/x509/index.ts'
import { craftCertificate } from '../../support/crafted-certificate.ts'
import { memoryKey } from '../../support/memory-key.ts'
import { openssl } from '../../support/openssl.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const day = 86_400_000
const validity = (days = 1) => ({ notBefore: new Date(), notAfter: new Date(Date.now() + days * day) })

async function root(commonName: string, key = memoryKey('ec-p256'), days?: number) {
  const certificate = await createSelfSignedCertificate({
    key,
    subject: { commonName },
    profile: 'ca',
    ...validity(days),
  })
  return { certificate, key }
}

type Authority = Awaited<ReturnType<typeof root>>

async function issued(issuer: Authority, commonName: string, key = memoryKey('ec-p256'), days?: number) {
  const certificate = await issueCertificate({
    issuer,
    subject: { commonName },
    publicKey: key.publicKey,
    profile: 'ca',
    ...validity(days),
  })
  return { certificate, key }
}

/** A certificate that openssl made, with all that ours do not have. */
async function foreignCertificate(): Promise<{ pem: string; path: string }> {
  const folder = temporaryFolder()
  const path = join(folder, 'foreign.pem')
  await openssl(
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(folder, 'key'), '-out', path, '-days', '9'],
    ...['-set_serial', '0x0badcafe', '-utf8', '-subj', '/C=AT/OU=a/O=Späte, GmbH/emailAddress=x@example.org/CN=Who'],
    ...['-addext', 'extendedKeyUsage=codeSigning,1.3.6.1.4.1.311.10.3.13'],
  )
  return { pem: await readFile(path, 'utf8'), path }
}

describe('readCertificate', () => {
  test('reads what openssl reads', async () => {
    const { pem, path } = await foreignCertificate()
    const facts = readCertificate(pem)
    const shown = await openssl('x509', '-in', path, '-noout', '-serial', '-fingerprint', '-sha256')
    expect(shown).toContain(`serial=${facts.serialNumber.toUpperCase().padStart(8, '0')}`)
    expect(shown.replaceAll(':', '').toLowerCase()).toContain(facts.thumbprintSha256)
    const sha1 = await openssl('x509', '-in', path, '-noout', '-fingerprint', '-sha1')
    expect(sha1.replaceAll(':', '').toLowerCase()).toContain(facts.thumbprintSha1)
    const names = await openssl('x509', '-in', path, '-noout', '-subject', '-nameopt', 'RFC2253,-esc_msb,utf8')
    expect(names).toBe(`subject=${facts.subject}\n`)
    const publicKey = await openssl('x509', '-in', path, '-noout', '-pubkey')
    expect(publicKey.replaceAll(/-----.*?-----|\s/g, '')).toBe(Buffer.from(facts.publicKey).toString('base64'))
    expect(facts).toMatchObject({
      issuer: facts.subject,
      keyAlgorithm: 'rsa-2048',
      isSelfSigned: true,
      extendedKeyUsages: ['1.3.6.1.5.5.7.3.3', '1.3.6.1.4.1.311.10.3.13'],
    })
    expect(readCertificate(facts.der)).toEqual(facts)
  })

  test('does not call a certificate self-signed that only says so', async () => {
    const key = memoryKey('ec-p256')
    const one = await root('Same name', key)
    const other = await issued(one, 'Same name')
    expect(readCertificate(one.certificate).isSelfSigned).toBe(true)
    expect(readCertificate(other.certificate)).toMatchObject({ isSelfSigned: false, issuer: 'CN=Same name' })
  })

  test('names a key type that we do not sign with as undefined', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'ed25519.pem')
    await openssl(
      ...[
        'req',
        '-x509',
        '-newkey',
        'ed25519',
        '-nodes',
        '-keyout',
        join(folder, 'key'),
        '-out',
        path,
        '-subj',
        '/CN=Ed',
      ],
    )
    expect(readCertificate(await readFile(path))).toMatchObject({ keyAlgorithm: undefined, isSelfSigned: true })
  })

  test('refuses bytes behind the certificate', async () => {
    const { certificate } = await root('Tail')
    expect(() => readCertificate(Buffer.concat([certificate, Buffer.of(0)]))).toThrow(
      expect.objectContaining({ code: 'X509_MALFORMED' }),
    )
  })

  test('takes any bytes and either reads them or says with a code that they are malformed', async () => {
    const { certificate } = await root('Fuzzed')
    const pem = Buffer.from(toPem(certificate))
    const damaged = fc
      .tuple(
        fc.constantFrom(certificate, pem),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.option(fc.nat()),
      )
      .map(([original, changes, cut]) => {
        const bytes = Buffer.from(original)
        for (const [position, value] of changes) bytes[position % bytes.length] = value
        return cut === null ? bytes : bytes.subarray(0, cut % bytes.length)
      })
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        for (const read of [readCertificate, parseCertificates]) {
          try {
            read(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(SigningError)
            expect((error as SigningError).code).toMatch(/^X509_(PEM_)?MALFORMED$/)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('parseCertificates', () => {
  test('reads PEM with text in between, and joined DER, in their order', async () => {
    const ders = (await Promise.all(['A', 'B', 'C'].map((name) => root(name)))).map(({ certificate }) => certificate)
    const bundle = `# our roots\r\n${ders.map((der) => `subject: x\n${toPem(der).replaceAll('\n', '\r\n')}`).join('\n')}`
    for (const encoded of [bundle, Buffer.from(bundle), Buffer.concat(ders)]) {
      expect(parseCertificates(encoded).map(({ der }) => der)).toEqual(ders)
    }
  })

  test.each([
    ['', 'X509_MALFORMED'],
    ['hello', 'X509_MALFORMED'],
    ['-----BEGIN CERTIFICATE-----\nMII', 'X509_PEM_MALFORMED'],
    ['-----BEGIN CERTIFICATE-----\n$$$$\n-----END CERTIFICATE-----', 'X509_PEM_MALFORMED'],
    ['-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----', 'X509_PEM_MALFORMED'],
    ['-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----', 'X509_PEM_MALFORMED'],
    ['-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----', 'X509_MALFORMED'],
  ])('refuses %j', (encoded, code) => {
    expect(() => parseCertificates(encoded)).toThrow(expect.objectContaining({ code }))
  })

  test('one certificate is asked for, two are refused', async () => {
    const pem = toPem((await root('A')).certificate)
    expect(() => readCertificate(pem + pem)).toThrow(expect.objectContaining({ code: 'X509_PEM_MALFORMED' }))
  })

  test('openssl reads the PEM that we write', async () => {
    const { certificate } = await root('A')
    const path = join(temporaryFolder(), 'a.pem')
    await writeFile(path, toPem(certificate))
    expect(await openssl('x509', '-in', path, '-outform', 'PEM')).toBe(toPem(certificate))
  })
})

describe('orderChain', () => {
  test('finds the way to the root among unrelated certificates, in whatever order they come', async () => {
    const top = await root('Top')
    const middle = await issued(top, 'Middle')
    const low = await issued(middle, 'Low')
    const leaf = await issued(low, 'Leaf')
    // An impostor with the right name and the wrong key.
    const impostor = await root('Middle')
    const others = [top, impostor, await root('Other'), leaf, low, middle].map(({ certificate }) => certificate)
    const chain = [leaf, low, middle, top].map(({ certificate }) => certificate)
    expect(orderChain(leaf.certificate, others)).toEqual(chain)
    expect(orderChain(leaf.certificate, others.toReversed())).toEqual(chain)
    expect(orderChain(leaf.certificate, [...others, ...others])).toEqual(chain)
  })

  test('goes as far as the candidates lead', async () => {
    const top = await root('Top')
    const middle = await issued(top, 'Middle')
    const leaf = await issued(middle, 'Leaf')
    expect(orderChain(leaf.certificate, [])).toEqual([leaf.certificate])
    expect(orderChain(leaf.certificate, [middle.certificate])).toEqual([leaf.certificate, middle.certificate])
    expect(orderChain(top.certificate, [middle.certificate])).toEqual([top.certificate])
  })

  test('prefers a root to a cross-signed certificate, and then what is valid longest', async () => {
    const key = memoryKey('ec-p256')
    const elder = await root('Elder')
    const self = await root('Top', key)
    const crossed = await issued(elder, 'Top', key, 5)
    const longer = await issued(elder, 'Top', key, 50)
    const leaf = await issued(self, 'Leaf')
    const candidates = [crossed, elder, longer, self].map(({ certificate }) => certificate)
    expect(orderChain(leaf.certificate, candidates)).toEqual([leaf.certificate, self.certificate])
    expect(orderChain(leaf.certificate, candidates.slice(0, 3))).toEqual(
      [leaf, longer, elder].map(({ certificate }) => certificate),
    )
  })

  test('ends where two certificates have issued each other', async () => {
    const [keyA, keyB] = [memoryKey('ec-p256'), memoryKey('ec-p256')]
    const [rootA, rootB] = [await root('A', keyA), await root('B', keyB)]
    const aByB = await issued(rootB, 'A', keyA)
    const bByA = await issued(rootA, 'B', keyB)
    const chain = orderChain(aByB.certificate, [aByB.certificate, bByA.certificate])
    expect(chain.slice(0, 2)).toEqual([aByB.certificate, bByA.certificate])
    expect(chain.length).toBeLessThanOrEqual(3)
  })
})

test('a certificate is refused whose bytes are not what OpenSSL makes of them', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { publicKey: publicKey.export({ type: 'spki', format: 'der' }), signedBy: privateKey }
  const certificate = craftCertificate({ subject: 'One', issuer: 'One', ...key })
  expect(readCertificate(certificate).subject).toBe('CN=One')
  const changed = Uint8Array.from(certificate)
  changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) | 1
  const signature = changed.lastIndexOf(0x03, changed.length - 70)
  // A bit of the signature that is said not to be used, and is set.
  changed[signature + 2] = 1
  expect(() => readCertificate(changed)).toThrow(expect.objectContaining({ code: 'X509_MALFORMED' }))
})
