import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type HashesToSign, hashDocument, keyAlgorithms, type SignableHash } from '../../domain/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { hashVerification, signHashes } from '../../signing/hashes/index.ts'
import { openToken, type Token, type TokenKey } from '../../signing/pkcs11/index.ts'
import { openssl } from '../support/openssl.ts'
import { softHsmToken } from '../support/softhsm.ts'

let folder: string
let token: Token

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-'))
  token = await openToken(await softHsmToken(folder))
})

const passes = new FilePasses(2)

afterAll(async () => {
  await passes.close()
  await token?.close()
  await rm(folder, { recursive: true, force: true })
})

const verifyHashDocument = (text: string, payload: HashesToSign, publicKey: Uint8Array) =>
  hashVerification(payload, publicKey, passes).document(text)

const hashNames = ['sha1', 'sha256', 'sha384', 'sha512'] as const
const digestsOf = ({ hashes }: HashesToSign) => hashes.map((hash) => Buffer.from(hash, 'base64'))
const digestOf = (hash: SignableHash, text: string) => createHash(hash).update(text).digest('base64')

function payloadOf(
  signature: Pick<HashesToSign, 'signatureAlgorithm' | 'hashAlgorithm' | 'signatureFormat'>,
  hashes: readonly string[],
): HashesToSign {
  return { ...signature, hashes, metadata: null }
}

const rsa = (signatureAlgorithm: 'RsaPkcs1' | 'RsaPss', hash: SignableHash) =>
  payloadOf({ signatureAlgorithm, hashAlgorithm: hash, signatureFormat: null }, [
    digestOf(hash, 'a'),
    digestOf(hash, 'b'),
  ])

const ecdsa = (signatureFormat: 'ieee' | 'asn1', hash: SignableHash) =>
  payloadOf({ signatureAlgorithm: 'Ecdsa', hashAlgorithm: null, signatureFormat }, [
    digestOf(hash, 'a'),
    digestOf(hash, 'b'),
  ])

/** What openssl thinks of a signature of a hash. */
async function opensslAccepts(
  key: TokenKey,
  payload: HashesToSign,
  index: number,
  signature: string,
): Promise<boolean> {
  const at = (name: string) => join(folder, `${Buffer.from(key.id).toString('hex')}.${name}`)
  await writeFile(at('spki'), key.publicKey)
  await openssl('pkey', '-pubin', '-inform', 'DER', '-in', at('spki'), '-out', at('pem'))
  await writeFile(at('hash'), Buffer.from(payload.hashes[index] ?? '', 'base64'))
  await writeFile(at('signature'), Buffer.from(signature, 'base64'))
  const { hashAlgorithm, signatureAlgorithm } = payload
  const named = hashAlgorithm === null ? [] : ['-pkeyopt', `digest:${hashAlgorithm}`]
  const pss = ['-pkeyopt', 'rsa_padding_mode:pss', '-pkeyopt', 'rsa_pss_saltlen:digest']
  const options = [...(signatureAlgorithm === 'RsaPss' ? pss : []), ...named]
  const files = ['-in', at('hash'), '-sigfile', at('signature')]
  return openssl('pkeyutl', '-verify', '-pubin', '-inkey', at('pem'), ...files, ...options).then(
    (output) => output.includes('Verified Successfully'),
    () => false,
  )
}

describe.each(keyAlgorithms)('hashes signed with a key of the type %s', (algorithm) => {
  let key: TokenKey
  beforeAll(async () => {
    key = await token.generateKey({ id: randomBytes(16), label: algorithm, algorithm })
  })

  const isCurve = algorithm.startsWith('ec-')
  const payloads = isCurve
    ? hashNames.filter((hash) => hash !== 'sha1').map((hash) => ecdsa('asn1', hash))
    : hashNames.flatMap((hash) => [rsa('RsaPkcs1', hash), rsa('RsaPss', hash)])

  test.each(payloads)('have signatures that openssl accepts: $signatureAlgorithm $hashAlgorithm', async (payload) => {
    const signatures = await signHashes(key, payload)
    await verifyHashDocument(hashDocument(payload, signatures), payload, key.publicKey)
    for (const [index, signature] of signatures.entries())
      expect(await opensslAccepts(key, payload, index, signature)).toBe(true)
    expect(await opensslAccepts(key, payload, 0, signatures[1] ?? '')).toBe(false)
  })

  test.each(payloads.slice(0, 2))('have signatures of which no changed one holds', async (payload) => {
    const signatures = await signHashes(key, payload)
    const refused = (changed: readonly string[], hashes = payload) =>
      expect(verifyHashDocument(hashDocument(hashes, changed), hashes, key.publicKey)).rejects.toMatchObject({
        code: 'HASH_SIGNATURE_INVALID',
      })
    const [one = '', other = ''] = signatures
    await refused([other, one])
    await refused([one])
    await refused(signatures, { ...payload, hashes: [payload.hashes[1] ?? '', payload.hashes[0] ?? ''] })
    const bytes = Buffer.from(one, 'base64')
    for (const at of [0, 1, 5, bytes.length - 1]) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      await refused([changed.toString('base64'), other])
    }
    await refused([Buffer.concat([bytes, Buffer.from([0])]).toString('base64'), other])
    await refused([bytes.subarray(0, -1).toString('base64'), other])
    await refused(['', other])
  })

  test.runIf(isCurve)('have both encodings of ECDSA', async () => {
    const payload = ecdsa('ieee', 'sha512')
    const signatures = await signHashes(key, payload)
    const length = { 'ec-p256': 64, 'ec-p384': 96, 'ec-p521': 132 }[algorithm as 'ec-p256']
    for (const signature of signatures) expect(Buffer.from(signature, 'base64')).toHaveLength(length)
    await verifyHashDocument(hashDocument(payload, signatures), payload, key.publicKey)
    const asn1 = { ...payload, signatureFormat: 'asn1' } as const
    await expect(verifyHashDocument(hashDocument(asn1, signatures), asn1, key.publicKey)).rejects.toThrow(
      'does not hold',
    )
  })

  test('are refused by a key that is none for the algorithm', async () => {
    const payload = isCurve ? rsa('RsaPkcs1', 'sha256') : ecdsa('ieee', 'sha256')
    await expect(signHashes(key, payload)).rejects.toMatchObject({ code: 'PKCS11_MECHANISM_UNKNOWN' })
  })
})

describe('many hashes', () => {
  let key: TokenKey
  const payload = payloadOf(
    { signatureAlgorithm: 'Ecdsa', hashAlgorithm: null, signatureFormat: 'ieee' },
    Array.from({ length: 200 }, (_, index) => digestOf('sha256', `${index}`)),
  )
  beforeAll(async () => {
    key = await token.generateKey({ id: randomBytes(16), label: 'many', algorithm: 'ec-p256' })
  })

  test('are signed in their order, and the log is asked between parts of them', async () => {
    const before = vi.fn(async () => undefined)
    const signatures = await signHashes(key, payload, { before })
    await verifyHashDocument(hashDocument(payload, signatures), payload, key.publicKey)
    expect(before.mock.calls.length).toBeGreaterThan(3)
  })

  test('are verified without keeping the process from everything else', async () => {
    const signatures = await signHashes(key, payload)
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    }, 0)
    await verifyHashDocument(hashDocument(payload, signatures), payload, key.publicKey)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(3)
  })

  test('are not signed to the end when what they rest on was withdrawn', async () => {
    let asked = 0
    const withdrawn = new Error('withdrawn')
    const before = async () => {
      asked += 1
      if (asked === 2) throw withdrawn
    }
    const signed = vi.fn(async () => undefined)
    await expect(signHashes(key, payload, { before, signed })).rejects.toBe(withdrawn)
    expect(asked).toBeLessThanOrEqual(4)
    // What others had begun was over by then.
    const { length } = signed.mock.calls
    await signHashes(key, payload)
    expect(signed.mock.calls).toHaveLength(length)
  })

  test('are verified while others are signed, and once more where their document says something else', async () => {
    const verification = hashVerification(payload, key.publicKey, passes)
    const parts: number[] = []
    const signatures = await signHashes(key, payload, {
      async signed(first, part) {
        await verification.signatures(first, part)
        parts.push(first)
      },
    })
    expect(parts.toSorted((a, b) => a - b)).toEqual([0, 32, 64, 96, 128, 160, 192])
    await verification.document(hashDocument(payload, signatures))
    const exchanged = signatures.with(100, signatures[101] ?? '').with(101, signatures[100] ?? '')
    await expect(verification.document(hashDocument(payload, exchanged))).rejects.toThrow(
      'The signature of hash 101 of 200 does not hold',
    )
  })

  test('are not signed to the end when one of the signatures does not hold', async () => {
    const invalid = new Error('invalid')
    const before = vi.fn(async () => undefined)
    const signed = async () => {
      throw invalid
    }
    await expect(signHashes(key, payload, { before, signed })).rejects.toBe(invalid)
    expect(before.mock.calls.length).toBeLessThanOrEqual(4)
  })

  test('are not signed to the end either when that cannot even be asked', async () => {
    const before = vi.fn(async () => undefined)
    const signed = vi
      .fn(async () => undefined)
      .mockImplementationOnce(() => {
        throw new Error('no encoding')
      })
    await expect(key.signHashes({ scheme: 'ecdsa' }, digestsOf(payload), { before, signed })).rejects.toThrow(
      'no encoding',
    )
    expect(before.mock.calls.length).toBeLessThanOrEqual(4)
  })

  test('have no signature beyond the last of them, not even one that anybody can make of the number 0', async () => {
    const one = { ...payload, hashes: payload.hashes.slice(0, 1) }
    const x = Buffer.from(key.publicKey).subarray(-64, -32)
    const signature = Buffer.concat([x, x]).toString('base64')
    const zero = { ...payload, hashes: [Buffer.alloc(32).toString('base64')] }
    await verifyHashDocument(hashDocument(zero, [signature]), zero, key.publicKey)
    const beyond = hashVerification(one, key.publicKey, passes).signatures(1, [signature])
    await expect(beyond).rejects.toMatchObject({ code: 'HASH_SIGNATURE_INVALID' })
  })

  test('hold only with r and s below the order of the curve', async () => {
    const one = { ...payload, hashes: payload.hashes.slice(0, 1) }
    const [signature = ''] = await signHashes(key, one)
    const [r, s] = [0, 32].map((at) => Buffer.from(signature, 'base64').subarray(at, at + 32))
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
    for (const other of [Buffer.alloc(32), order, Buffer.alloc(32, 0xff)])
      for (const changed of [
        [other, s],
        [r, other],
      ]) {
        const document = hashDocument(one, [Buffer.concat(changed as Buffer[]).toString('base64')])
        await expect(verifyHashDocument(document, one, key.publicKey)).rejects.toThrow('hash 1 of 1 does not hold')
      }
  })
})

test('a signature of the hash of the empty message holds for that hash and for no other', async () => {
  const key = await token.generateKey({ id: randomBytes(16), label: 'nothing', algorithm: 'ec-p256' })
  const payload = { ...ecdsa('ieee', 'sha256'), hashes: [digestOf('sha256', ''), digestOf('sha256', 'a')] }
  const signatures = await signHashes(key, payload)
  await verifyHashDocument(hashDocument(payload, signatures), payload, key.publicKey)
  const exchanged = hashDocument(payload, signatures.toReversed())
  await expect(verifyHashDocument(exchanged, payload, key.publicKey)).rejects.toThrow('hash 1 of 2 does not hold')
})

test('by a key of another curve no signature holds', async () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' })
  const payload = { ...ecdsa('ieee', 'sha256'), hashes: [digestOf('sha256', 'a')] }
  const document = hashDocument(payload, [Buffer.alloc(64, 1).toString('base64')])
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  await expect(verifyHashDocument(document, payload, spki)).rejects.toMatchObject({ code: 'HASH_SIGNATURE_INVALID' })
})

test('a document that holds more than hashes and signatures is refused', async () => {
  const key = await token.generateKey({ id: randomBytes(16), label: 'document', algorithm: 'ec-p256' })
  const payload = { ...ecdsa('ieee', 'sha256'), hashes: [digestOf('sha256', 'a')] }
  const document = hashDocument(payload, await signHashes(key, payload))
  await verifyHashDocument(document, payload, key.publicKey)
  for (const other of [
    document.replace('{', '{"Extra":1,'),
    `${document}\n`,
    document.replace('Signature"', 'Signatures"'),
  ])
    await expect(verifyHashDocument(other, payload, key.publicKey)).rejects.toThrow('is not that of the hashes')
})
