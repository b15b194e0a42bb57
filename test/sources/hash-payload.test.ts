import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { OrganizationId, ProjectId, Sha256Digest, UserId } from '../../domain/index.ts'
import { createSources, hashPayloadSource, uploadedFileSource } from '../../sources/index.ts'

const context = {
  organizationId: randomUUID() as OrganizationId,
  userId: randomUUID() as UserId,
  projectId: randomUUID() as ProjectId,
}
const source = hashPayloadSource({
  store: { open: () => Promise.reject(new Error('nothing is stored')) },
  uploads: { find: () => Promise.reject(new Error('nothing was uploaded')), submitted: async () => undefined },
})
const hash = (length: number) => Buffer.alloc(length, 7).toString('base64')
const sha256 = '2.16.840.1.101.3.4.2.1'
const rsa = { kind: 'hashPayload', signatureAlgorithm: 'RsaPkcs1', rsaHashAlgorithm: sha256, hashes: [hash(32)] }
const ecdsa = { kind: 'hashPayload', signatureAlgorithm: 'Ecdsa', hashes: [hash(32)] }
const check = (submitted: object) => source.check(submitted as typeof rsa, context)

async function documentOf(submitted: object): Promise<unknown> {
  const checked = await check(submitted)
  const kept: Uint8Array[] = []
  const put = async (bytes: AsyncIterable<Uint8Array>) => {
    for await (const chunk of bytes) kept.push(chunk)
    return { sha256: checked.sha256 as NonNullable<typeof checked.sha256>, size: checked.size ?? 0 }
  }
  await source.retrieve(checked, { request: { source: checked } as never, put, maximumSize: 1_000_000 })
  return JSON.parse(Buffer.concat(kept).toString())
}

describe('a payload of hashes', () => {
  it('becomes the document of the known service, the same whoever asks', async () => {
    expect(await documentOf({ ...rsa, metadata: '{ "b": [1.5, null], "a": "ä" }' })).toEqual({
      SignatureAlgorithm: 'RsaPkcs1',
      RsaHashAlgorithm: sha256,
      Base64EncodedHash: hash(32),
      Metadata: { a: 'ä', b: [1.5, null] },
    })
    expect(await documentOf({ ...ecdsa, hashes: [hash(32), hash(64)] })).toEqual({
      SignatureAlgorithm: 'Ecdsa',
      EcdsaSignatureFormat: 'Ieee',
      Base64EncodedHashes: [hash(32), hash(64)],
    })
    expect(await check({ ...rsa, metadata: '{"a":1,"b":2}' })).toEqual(
      await check({ ...rsa, metadata: '{"b":2, "a":1}' }),
    )
  })

  it.each([
    ['1.3.14.3.2.26', 20],
    [sha256, 32],
    ['2.16.840.1.101.3.4.2.2', 48],
    ['2.16.840.1.101.3.4.2.3', 64],
  ])('takes hashes of %s with %i bytes and no others', async (rsaHashAlgorithm, length) => {
    await expect(check({ ...rsa, rsaHashAlgorithm, hashes: [hash(length)] })).resolves.toBeDefined()
    for (const other of [0, 1, length - 1, length + 1, 66])
      await expect(check({ ...rsa, rsaHashAlgorithm, hashes: [hash(length), hash(other)] })).rejects.toMatchObject({
        code: other === 0 ? 'HASH_PAYLOAD_MALFORMED' : 'HASH_LENGTH_WRONG',
      })
  })

  it.each([32, 48, 64])('takes hashes of %i bytes for ECDSA, which names no algorithm', async (length) => {
    await expect(check({ ...ecdsa, hashes: [hash(length)] })).resolves.toBeDefined()
  })

  it.each([
    ['HASH_LENGTH_WRONG', { ...ecdsa, hashes: [hash(20)] }],
    ['HASH_LENGTH_WRONG', { ...ecdsa, hashes: [hash(33)] }],
    ['HASH_ALGORITHM_NOT_ALLOWED', { ...rsa, rsaHashAlgorithm: '1.2.840.113549.2.5', hashes: [hash(16)] }],
    ['HASH_PAYLOAD_MALFORMED', { ...rsa, rsaHashAlgorithm: 'sha256' }],
    ['HASH_PAYLOAD_MALFORMED', { ...rsa, rsaHashAlgorithm: null }],
    ['HASH_PAYLOAD_MALFORMED', { ...rsa, ecdsaSignatureFormat: 'Asn1' }],
    ['HASH_PAYLOAD_MALFORMED', { ...ecdsa, rsaHashAlgorithm: sha256 }],
    ['HASH_PAYLOAD_MALFORMED', { ...ecdsa, hashes: [] }],
    ['HASH_PAYLOAD_MALFORMED', { ...ecdsa, hashes: Array.from({ length: 4_097 }, () => hash(32)) }],
    ['HASH_PAYLOAD_MALFORMED', { ...ecdsa, hashes: ['not base64'] }],
    ['HASH_PAYLOAD_MALFORMED', { ...ecdsa, hashes: [`${hash(32)}\n`] }],
    ['HASH_PAYLOAD_MALFORMED', { ...ecdsa, metadata: '{' }],
    ['HASH_PAYLOAD_MALFORMED', { ...ecdsa, metadata: '{"a":[1e400]}' }],
    ['HASH_PAYLOAD_MALFORMED', { ...ecdsa, metadata: '-1e309' }],
    ['HASH_PAYLOAD_MALFORMED', { ...ecdsa, metadata: `${'['.repeat(30_000)}${']'.repeat(30_000)}` }],
    ['HASH_PAYLOAD_MALFORMED', { ...ecdsa, metadata: JSON.stringify('x'.repeat(65_537)) }],
    ['HASH_PAYLOAD_MALFORMED', { ...ecdsa, metadata: '"\\u0000"' }],
    ['SOURCE_MALFORMED', { ...ecdsa, signatureAlgorithm: 'Dsa' }],
    ['SOURCE_MALFORMED', { ...ecdsa, hashes: 'x' }],
  ])('is refused with %s: %#', async (code, submitted) => {
    await expect(check(submitted)).rejects.toMatchObject({ code })
  })
})

describe('an uploaded document of hashes', () => {
  function uploading(text: string) {
    async function* read() {
      yield Buffer.from(text)
    }
    const bytes = { sha256: 'a'.repeat(64) as Sha256Digest, size: text.length, path: '', read }
    const expiresAt = '2099-01-01T00:00:00.000Z'
    const upload = {
      uploadId: 'u',
      userId: context.userId,
      expiresAt,
      fileName: 'payload.json',
      sha256: bytes.sha256,
      size: bytes.size,
    }
    return {
      store: { open: async () => bytes },
      uploads: { find: async () => upload, submitted: async () => undefined },
    }
  }
  const uploaded = (text: string) =>
    hashPayloadSource(uploading(text)).check({ kind: 'hashPayload', uploadId: 'u' }, context)
  /** Submitted like any file. */
  function submitted(text: string) {
    const { store, uploads } = uploading(text)
    const putting = { maximumSize: 2 ** 21, put: () => Promise.reject(new Error('nothing is put')) }
    const kinds = [uploadedFileSource({ store, uploads }), hashPayloadSource({ store, uploads })]
    return createSources({ kinds, store: putting }).check({ kind: 'uploadedFile', uploadId: 'u' }, context)
  }

  it.each([
    { SignatureAlgorithm: 'Ecdsa', Base64EncodedHash: hash(32) },
    { signatureAlgorithm: 'Ecdsa', ecdsaSignatureFormat: 'Ieee', base64EncodedHashes: [hash(32)] },
  ])('asks for the same as its fields would: %j', async (document) => {
    expect(await uploaded(JSON.stringify(document))).toEqual(await check(ecdsa))
    expect(await submitted(`\uFEFF\r\n ${JSON.stringify(document, null, 2)}`)).toEqual(await check(ecdsa))
  })

  it('is told from other files by its content alone', async () => {
    for (const file of ['MZ a program', '{"SignatureAlgorithm":"Ecdsa"}', '{"SignatureAlgorithm', '[]', '', ' '])
      expect([file, (await submitted(file)).kind]).toEqual([file, 'uploadedFile'])
    const large = JSON.stringify({ SignatureAlgorithm: 'Ecdsa', Base64EncodedHash: hash(32), x: 'x'.repeat(2 ** 20) })
    expect((await submitted(large)).kind).toBe('uploadedFile')
    const wrong = JSON.stringify({ SignatureAlgorithm: 'Ecdsa', Base64EncodedHash: hash(20) })
    await expect(submitted(wrong)).rejects.toMatchObject({ code: 'HASH_LENGTH_WRONG' })
  })

  it.each([
    'no JSON',
    '[]',
    JSON.stringify({ SignatureAlgorithm: 'Ecdsa' }),
    JSON.stringify({ SignatureAlgorithm: 'Ecdsa', Base64EncodedHash: hash(32), Base64EncodedHashes: [hash(32)] }),
    JSON.stringify({ SignatureAlgorithm: 'Ecdsa', Base64EncodedHash: hash(32), base64encodedhash: hash(48) }),
    JSON.stringify({ SignatureAlgorithm: 'Ecdsa', Base64EncodedHash: hash(32), Signature: 'AA==' }),
    ' '.repeat(1024 * 1024 + 1),
    `{"SignatureAlgorithm":"Ecdsa","Base64EncodedHash":"${hash(32)}","Metadata":{"a":1e400}}`,
    `{"SignatureAlgorithm":"Ecdsa","Base64EncodedHash":"${hash(32)}","Metadata":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
  ])('is refused when it is none: %#', async (text) => {
    await expect(uploaded(text)).rejects.toMatchObject({ code: 'HASH_PAYLOAD_MALFORMED' })
  })
})
