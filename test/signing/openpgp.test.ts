import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { armored, type KeyAlgorithm } from '../../domain/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { makeOpenPgpCertificate, readOpenPgpCertificate } from '../../signing/openpgp/index.ts'
import { openToken, type Token, type TokenKey } from '../../signing/pkcs11/index.ts'
import { codeOf } from '../support/code-of.ts'
import { type DetachedSigner, detachedSigning } from '../support/detached.ts'
import { softHsmToken } from '../support/softhsm.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const run = promisify(execFile)
const folder = suiteFolder()
const passes = new FilePasses(2)
const sign = detachedSigning(folder, passes)
const algorithms = ['rsa-2048', 'ec-p256', 'ec-p384', 'ec-p521'] as const
/** GnuPG takes no hash that is shorter than the curve. */
const hashesOf = {
  'rsa-2048': ['sha256', 'sha384'],
  'ec-p256': ['sha256'],
  'ec-p384': ['sha384'],
  'ec-p521': ['sha512'],
}
const userId = 'Acme Releases (software) <release@acme.example>'
const createdAt = new Date(Date.now() - 3_600_000)
const content = Buffer.from('A release.\n')
let token: Token
const keys = new Map<KeyAlgorithm, TokenKey>()
const certificates = new Map<KeyAlgorithm, Uint8Array>()

beforeAll(async () => {
  token = await openToken(await softHsmToken(folder))
  for (const [index, algorithm] of algorithms.entries()) {
    const key = await token.generateKey({ id: Buffer.from([index + 1]), label: algorithm, algorithm })
    const request = { key, userId, createdAt, expiresAt: null, madeAt: createdAt }
    keys.set(algorithm, key)
    certificates.set(algorithm, await makeOpenPgpCertificate(request))
  }
})

afterAll(async () => {
  await passes.close()
  await token?.close()
})

function signerOf(algorithm: KeyAlgorithm): DetachedSigner & { readonly openPgpCertificate: Uint8Array } {
  const [key, openPgpCertificate] = [keys.get(algorithm), certificates.get(algorithm)]
  if (key === undefined || openPgpCertificate === undefined) throw new Error(`There is no ${algorithm}.`)
  // PSS is not asked for here.
  return { key, certificateChain: [], openPgpCertificate }
}

const keyBlock = (bytes: Uint8Array) => armored(Buffer.from(bytes).toString('base64'), 'PGP PUBLIC KEY BLOCK')

let homes = 0
/** A GnuPG of its own that knows a certificate. What it says is on standard error; `status` for programs. */
async function gnupg(certificate: Uint8Array | string) {
  const home = join(folder, `gnupg-${homes++}`)
  mkdirSync(home, { mode: 0o700 })
  const gpg = async (...args: readonly string[]) => {
    const common = [
      '--homedir',
      home,
      '--batch',
      '--no-autostart',
      '--no-tty',
      '--status-fd',
      '1',
      '--trust-model',
      'always',
    ]
    const result = await run('gpg', [...common, ...args]).catch((error: { stdout: string; stderr: string }) => error)
    return { isGood: !(result instanceof Error), status: result.stdout, said: result.stderr }
  }
  await writeFile(join(home, 'certificate'), certificate)
  const imported = await gpg('--import', join(home, 'certificate'))
  return { gpg, imported, keyring: join(home, 'certificate') }
}

function changed(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

describe.each(algorithms)('an OpenPGP signature by a key of the type %s', (algorithm) => {
  test.each(hashesOf[algorithm])(
    'with %s is what gpg and gpgv take, of these bytes alone',
    async (hash) => {
      const signer = signerOf(algorithm)
      const { gpg, imported, keyring } = await gnupg(keyBlock(signer.openPgpCertificate))
      expect(imported.status).toContain('IMPORT_OK 1')
      const { fingerprint } = await readOpenPgpCertificate(signer.openPgpCertificate)
      for (const encoding of ['ascii-armored', 'binary']) {
        const attributes = { 'hash-algorithm': hash, 'output-encoding': encoding }
        const made = await sign('create-gpg-signature', attributes, content, signer)
        expect(made.found.attributes).toMatchObject({ ...attributes, version: 4 })
        const verified = await gpg('--verify', made.signature, made.file)
        expect(verified.status).toContain(`VALIDSIG ${fingerprint.toUpperCase()}`)
        expect(verified.status).toContain('GOODSIG')
        await writeFile(join(folder, 'changed'), changed(content, 2))
        expect((await gpg('--verify', made.signature, join(folder, 'changed'))).status).toContain('BADSIG')
        expect(await codeOf(made.verify({ file: changed(content, 2) }))).toBe('DETACHED_SIGNATURE_INVALID')
        if (encoding === 'ascii-armored') continue
        await writeFile(`${keyring}.gpg`, signer.openPgpCertificate)
        await run('gpgv', ['--keyring', `${keyring}.gpg`, made.signature, made.file])
        const { stdout } = await run('gpg', ['--list-packets', made.signature])
        expect(stdout).toContain(`issuer fpr v4 ${fingerprint.toUpperCase()}`)
      }
    },
    20_000,
  )
})

describe('an OpenPGP signature', () => {
  test.each(['ascii-armored', 'binary'])(
    'in %s is refused with any byte of it changed, but for the CRC of armor',
    async (encoding) => {
      const made = await sign('create-gpg-signature', { 'output-encoding': encoding }, content, signerOf('ec-p256'))
      const bytes = await readFile(made.signature)
      const crcAt = encoding === 'binary' ? bytes.length : bytes.lastIndexOf('\n=') + 2
      const missed: number[] = []
      for (let at = 0; at < bytes.length; at++) {
        if (at >= crcAt && at < crcAt + 4) continue
        if ((await codeOf(made.verify({ signature: changed(bytes, at) }))) === 'done') missed.push(at)
      }
      expect(missed).toEqual([])
    },
  )

  test('is not before its key was made, and not behind its end', async () => {
    const signer = signerOf('ec-p256')
    const early = { ...signer, now: () => new Date(createdAt.getTime() - 10_000) }
    const made = await sign('create-gpg-signature', { 'output-encoding': 'binary' }, content, early)
    const { stdout } = await run('gpg', ['--list-packets', made.signature])
    expect(stdout).toContain(`created ${Math.floor(createdAt.getTime() / 1000)},`)
    const request = { key: signer.key, userId, createdAt, madeAt: createdAt }
    const ended = await makeOpenPgpCertificate({ ...request, expiresAt: new Date(Date.now() - 60_000) })
    const signing = sign('create-gpg-signature', {}, content, { ...signer, openPgpCertificate: ended })
    expect(await codeOf(signing)).toBe('DETACHED_CERTIFICATE_EXPIRED')
  })

  test('is only made by the key of the certificate, and only with an OpenPGP certificate', async () => {
    const mixed = { ...signerOf('ec-p256'), openPgpCertificate: signerOf('ec-p384').openPgpCertificate }
    expect(await codeOf(sign('create-gpg-signature', {}, content, mixed))).toBe('CMS_KEY_MISMATCH')
    const { openPgpCertificate: _, ...without } = signerOf('ec-p256')
    expect(await codeOf(sign('create-gpg-signature', {}, content, without))).toBe('CERTIFICATE_FORMAT_UNSUITABLE')
    const attributes = { 'hash-algorithm': 'sha256' }
    const raw = sign('create-raw-signature', attributes, content, signerOf('ec-p256'))
    expect(await codeOf(raw)).toBe('CERTIFICATE_FORMAT_UNSUITABLE')
  })

  test('is not ordered with a hash that is shorter than the curve', async () => {
    for (const [algorithm, hash] of [
      ['ec-p384', 'sha256'],
      ['ec-p521', 'sha384'],
    ] as const)
      expect(await codeOf(sign('create-gpg-signature', { 'hash-algorithm': hash }, content, signerOf(algorithm)))).toBe(
        'OPENPGP_HASH_TOO_SHORT',
      )
  })

  test('has numbers without leading zeros, which are put back when it is verified', async () => {
    const signer = signerOf('ec-p521')
    const lengths = new Set<number>()
    for (let count = 0; count < 12; count++) {
      const attributes = { 'output-encoding': 'binary', 'hash-algorithm': 'sha512' }
      const made = await sign('create-gpg-signature', attributes, content, signer)
      lengths.add((await readFile(made.signature)).length)
    }
    expect(lengths.size).toBeGreaterThan(1)
  })
})

describe('an OpenPGP certificate', () => {
  test('keeps its earlier self-signatures when it gets a new end, so that what was signed before stays valid', async () => {
    const { key, openPgpCertificate: before } = signerOf('ec-p384')
    const made = await sign('create-gpg-signature', { 'hash-algorithm': 'sha384' }, content, signerOf('ec-p384'))
    const end = new Date(Math.floor(Date.now() / 1000) * 1000 + 86_400_000)
    const request = { key, userId, createdAt, expiresAt: end, madeAt: new Date(), before }
    const after = await makeOpenPgpCertificate(request)
    expect(Buffer.from(after).subarray(0, before.length)).toEqual(Buffer.from(before))
    expect(await readOpenPgpCertificate(after)).toMatchObject({ userId, expiresAt: end, selfSignatures: 2 })
    const { gpg, imported } = await gnupg(keyBlock(after))
    expect(imported.status).toContain('IMPORT_OK 1')
    const listed = await gpg('--list-keys', '--with-colons')
    expect(listed.status).toContain(`:${end.getTime() / 1000}:`)
    expect((await gpg('--verify', made.signature, made.file)).status).toContain('GOODSIG')
    expect((await gpg('--list-sigs', '--with-colons')).status.match(/^sig:/gm)).toHaveLength(2)
  })

  test('binds its user id by SHA-256 or better, of the length of its curve', async () => {
    for (const [algorithm, digest] of [
      ['rsa-2048', 8],
      ['ec-p256', 8],
      ['ec-p384', 9],
      ['ec-p521', 10],
    ] as const) {
      const path = join(folder, 'certificate')
      await writeFile(path, signerOf(algorithm).openPgpCertificate)
      const { stdout } = await run('gpg', ['--list-packets', path])
      expect(stdout).toContain(`digest algo ${digest}`)
      expect(stdout).toContain(':user ID packet: "Acme Releases (software) <release@acme.example>"')
    }
  })

  test('is refused with any byte of it changed', async () => {
    const { openPgpCertificate } = signerOf('ec-p256')
    const missed: number[] = []
    for (let at = 0; at < openPgpCertificate.length; at++)
      if ((await codeOf(readOpenPgpCertificate(changed(openPgpCertificate, at)))) === 'done') missed.push(at)
    expect(missed).toEqual([])
  })
})
