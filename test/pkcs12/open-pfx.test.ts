import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { beforeAll, describe, expect, test } from 'vitest'
import { openPfx } from '../../pkcs12/index.ts'
import { makeIdentity, openssl, type TestIdentity } from '../support/openssl.ts'
import { certificateBag, keyBag, nestedBag, pfxWithOldMac, pfxWithPbmac1 } from '../support/pfx-builder.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const password = 'gehéim €'
const folder = suiteFolder()
let rsa: TestIdentity
let ec: TestIdentity

beforeAll(async () => {
  ;[rsa, ec] = await Promise.all([makeIdentity(folder, 'rsa-2048'), makeIdentity(folder, 'ec-p384')])
})

/** What openssl exports of an identity. */
async function exported({ keyFile, chainFile }: TestIdentity, ...options: readonly string[]): Promise<Buffer> {
  const file = join(folder, 'exported.pfx')
  const pass = options.includes('-passout') ? [] : ['-passout', `pass:${password}`]
  await openssl('pkcs12', '-export', '-inkey', keyFile, '-in', chainFile, '-out', file, ...pass, ...options)
  return readFileSync(file)
}

function pkcs8({ privateKey }: TestIdentity): Buffer {
  return privateKey.export({ type: 'pkcs8', format: 'der' })
}

function bagsOf(identity: TestIdentity): readonly Buffer[] {
  return [keyBag(pkcs8(identity), password), ...identity.chain.map((each) => certificateBag(each))]
}

/** Opens the file, which must be that of the identity. */
async function expectOpened(file: Uint8Array, identity: TestIdentity, secret = password): Promise<void> {
  const { privateKey, publicKey, certificates } = await openPfx(file, secret)
  const key = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' })
  expect(key.equals(identity.privateKey)).toBe(true)
  expect(publicKey).toEqual(createPublicKey(key).export({ type: 'spki', format: 'der' }))
  expect(certificates[0]).toEqual(Buffer.from(identity.chain[0] ?? []))
  expect(new Set(certificates.map(String))).toEqual(new Set(identity.chain.map((each) => String(Buffer.from(each)))))
}

describe('a PKCS #12 file is opened as openssl writes it', () => {
  test.each([
    ['by default', []],
    ['-legacy (3DES, RC2-40, SHA-1)', ['-legacy']],
    ['with two keys of DES and RC2-128', ['-legacy', '-keypbe', 'PBE-SHA1-2DES', '-certpbe', 'PBE-SHA1-RC2-128']],
    ['with AES-128 and a MAC with SHA-512', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-192-CBC', '-macalg', 'sha512']],
    ['with 3DES by PBES2', ['-keypbe', 'DES-EDE3-CBC', '-certpbe', 'DES-EDE3-CBC', '-macalg', 'sha384']],
    ['without encryption', ['-keypbe', 'NONE', '-certpbe', 'NONE']],
    ['without a MAC', ['-nomac']],
    ['with one iteration', ['-iter', '1', '-maciter']],
  ])('%s', async (_name, options) => {
    await expectOpened(await exported(rsa, ...options), rsa)
    await expectOpened(await exported(ec, ...options), ec)
  })

  test('with an empty password', async () => {
    await expectOpened(await exported(ec, '-passout', 'pass:'), ec, '')
  })
})

const hasKeytool = () => {
  try {
    execFileSync('keytool', ['-help'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test.runIf(hasKeytool())('a PKCS #12 file is opened as Java writes it', async () => {
  const file = join(folder, 'java.p12')
  const store = ['-keystore', file, '-storetype', 'PKCS12', '-storepass', 'geheim']
  execFileSync(
    'keytool',
    ['-genkeypair', '-alias', 'a', '-keyalg', 'EC', '-groupname', 'secp384r1', '-dname', 'CN=Java', ...store],
    { stdio: 'ignore' },
  )
  const { publicKey, certificates } = await openPfx(readFileSync(file), 'geheim')
  expect(new X509Certificate(certificates[0] ?? '').publicKey.export({ type: 'spki', format: 'der' })).toEqual(
    publicKey,
  )
})

describe('a PKCS #12 file of other forms', () => {
  test.each([false, true])('has PBMAC1, and lengths that are given or not (%s)', async (ber) => {
    const file = pfxWithPbmac1(bagsOf(ec), { password, ber })
    // OpenSSL inside of Node reads PBMAC1 too: what the test builds is right.
    if (!ber) createSecureContext({ pfx: file, passphrase: password })
    await expectOpened(file, ec)
  })

  test('names the certificate of the key first, whatever its place', async () => {
    const bags = [...bagsOf(ec).toReversed(), ...rsa.chain.map((each) => certificateBag(each))]
    const { certificates } = await openPfx(pfxWithPbmac1(bags, { password }), password)
    expect(certificates[0]).toEqual(Buffer.from(ec.chain[0] ?? []))
    expect(certificates).toHaveLength(4)
  })

  test('may have bags in bags, and the same key twice', async () => {
    const [key = Buffer.alloc(0), ...others] = bagsOf(ec)
    await expectOpened(pfxWithPbmac1([nestedBag(2, key), key, ...others], { password }), ec)
  })
})

describe('a PKCS #12 file is refused with a code of its own', () => {
  const code = (file: Uint8Array, secret = password) =>
    openPfx(file, secret).then(
      () => 'opened',
      (error: { code: string }) => error.code,
    )
  const built = (...bags: readonly Uint8Array[]) => pfxWithPbmac1(bags, { password })

  test.each([[], ['-legacy'], ['-nomac']])('when the password is wrong (%s)', async (...options) => {
    const file = await exported(ec, ...options)
    for (const wrong of ['', 'geheim', `${password} `, '\ud800'])
      expect(await code(file, wrong)).toBe('PFX_PASSWORD_WRONG')
  })

  test('when it has no key, several, or none of its certificates is for the key', async () => {
    const [key = Buffer.alloc(0), certificate = Buffer.alloc(0)] = bagsOf(ec)
    expect(await code(built(certificate))).toBe('PFX_NO_KEY')
    expect(await code(built(key, keyBag(pkcs8(rsa)), certificate))).toBe('PFX_SEVERAL_KEYS')
    expect(await code(built(key))).toBe('PFX_NO_CERTIFICATE')
    expect(await code(built(key, certificateBag(rsa.chain[0] ?? Buffer.alloc(0))))).toBe('PFX_NO_CERTIFICATE')
  })

  test.each([
    ['PFX_KEY_WEAK', () => generateKeyPairSync('rsa', { modulusLength: 1024 })],
    ['PFX_KEY_WEAK', () => generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })],
    ['PFX_KEY_UNSUPPORTED', () => generateKeyPairSync('rsa', { modulusLength: 2560 })],
    ['PFX_KEY_UNSUPPORTED', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 })],
    ['PFX_KEY_UNSUPPORTED', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
    ['PFX_KEY_UNSUPPORTED', () => generateKeyPairSync('ed25519')],
  ])('when its key cannot sign code: %s', async (expected, generate) => {
    const { privateKey } = generate()
    expect(await code(built(keyBag(privateKey.export({ type: 'pkcs8', format: 'der' }))))).toBe(expected)
  })

  test('before any work, when it asks for more iterations than are made, for the MAC or a key', async () => {
    const [, certificate = Buffer.alloc(0)] = bagsOf(ec)
    const most = 2 ** 31 - 1
    expect(await code(pfxWithPbmac1(bagsOf(ec), { password, iterations: most }))).toBe('PFX_ITERATIONS_EXCEEDED')
    expect(await code(built(keyBag(pkcs8(ec), password, most), certificate))).toBe('PFX_ITERATIONS_EXCEEDED')
    expect(await code(pfxWithOldMac(bagsOf(ec), most))).toBe('PFX_ITERATIONS_EXCEEDED')
    expect(await code(pfxWithOldMac(bagsOf(ec), 2_000))).toBe('PFX_PASSWORD_WRONG')
  })

  test('when it is too large, nested too deep, or has too many bags', async () => {
    const [key = Buffer.alloc(0), ...others] = bagsOf(ec)
    expect(await code(Buffer.alloc(256 * 1024 + 1))).toBe('PFX_TOO_LARGE')
    for (const levels of [4, 40, 2_000])
      expect(await code(built(nestedBag(levels, key), ...others))).toBe('PFX_MALFORMED')
    const empty = certificateBag(Buffer.alloc(0))
    expect(await code(built(...Array.from({ length: 200 }, () => empty)))).toBe('PFX_MALFORMED')
    const deep = Buffer.concat([Buffer.alloc(60_000, Buffer.of(0x30, 0x80)), Buffer.alloc(60_000)])
    expect(await code(deep)).toBe('PFX_MALFORMED')
  })

  test('wherever it is cut off, and whatever else the file is', async () => {
    const file = await exported(ec)
    for (let length = 0; length < file.length; length += 31)
      expect(['PFX_MALFORMED', 'PFX_PASSWORD_WRONG']).toContain(await code(file.subarray(0, length)))
    expect(await code(Buffer.concat([file, Buffer.of(0)]))).toBe('PFX_MALFORMED')
    expect(await code(readFileSync(ec.keyFile))).toBe('PFX_MALFORMED')
    expect(await code(Buffer.from(ec.chain[0] ?? []))).toBe('PFX_MALFORMED')
  })
})

test('no error of a PKCS #12 file holds its password or anything of its key', async () => {
  const secret = 'canary-0815'
  const damaged = Buffer.from(pkcs8(rsa))
  damaged.fill(0xff, 4, 30)
  const file = pfxWithPbmac1([keyBag(damaged, secret), certificateBag(rsa.chain[0] ?? Buffer.alloc(0))], {
    password: secret,
  })
  const error: Error = await openPfx(file, secret).then(
    () => new Error('opened'),
    (reason: Error) => reason,
  )
  expect(error).toMatchObject({ code: 'PFX_MALFORMED' })
  const shown = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`
  expect(shown).not.toContain(secret)
})
