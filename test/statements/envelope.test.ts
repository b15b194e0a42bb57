import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { canonicalJson, type KeyAlgorithm } from '../../domain/index.ts'
import { keyIdOf } from '../../signing/dsse/key-id.ts'
import {
  inTotoPayloadType,
  provenanceStatement,
  provenanceType,
  readBundle,
  readStatement,
  signStatement,
  verifyEnvelope,
  verifyReadEnvelope,
} from '../../statements/index.ts'
import { memoryKey } from '../support/memory-key.ts'
import { provenanceFacts, signedDocuments } from '../support/statements.ts'

const key = memoryKey('ec-p256')
const statement = provenanceStatement(provenanceFacts)
const { envelope: document, bundle } = await signedDocuments(key, statement)
const signed = JSON.parse(document.toString()) as {
  payload: string
  payloadType: string
  signatures: { keyid: string; sig: string }[]
}

const trusted = { keys: [key.publicKey] }
const code = (body: () => unknown) => {
  try {
    body()
    return 'accepted'
  } catch (error) {
    return (error as { code?: string }).code
  }
}
const outcome = (value: unknown, demand: Parameters<typeof verifyEnvelope>[1] = trusted) =>
  code(() => verifyEnvelope(JSON.stringify(value), demand))

describe('signing', () => {
  test.each<[KeyAlgorithm, string]>([
    ['rsa-3072', 'sha256'],
    ['ec-p256', 'sha256'],
    ['ec-p384', 'sha384'],
    ['ec-p521', 'sha512'],
  ])('%s signs the pre-authentication encoding with %s', async (algorithm, hash) => {
    const own = memoryKey(algorithm)
    const { payload, payloadType, signatures } = await signStatement(own, statement)
    const body = Buffer.from(payload, 'base64')
    expect(body.toString()).toBe(canonicalJson(statement))
    const encoded = `DSSEv1 28 application/vnd.in-toto+json ${body.length} ${body}`
    const publicKey = { key: Buffer.from(own.publicKey), format: 'der', type: 'spki' } as const
    expect(payloadType).toBe('application/vnd.in-toto+json')
    expect(verify(hash, Buffer.from(encoded), publicKey, Buffer.from(signatures[0]?.sig ?? '', 'base64'))).toBe(true)
    expect(outcome({ payload, payloadType, signatures }, { keys: [own.publicKey] })).toBe('accepted')
  })

  // Made by `ssh-keygen -l`.
  test.each([
    [
      'RSA 2048',
      'SHA256:Yq43J4VTkJ1efueqA3Ar6i1uJNhAIBNExhUJ+M+4X6E',
      'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtPfXBfOwP2KAca2VxcFYVcJVUy2YIrOqqn+YCksy1pPtxArrH3O0Uq2w9+wJ/dvnWmNb0bXPzxmCZJbyYa3lmz4Gr4ASRDNt53Ilp+C/ERYJTA23ldFY4sKkIs8o7IHPSwaa9pxCqU7tDa65T1/Vk4wN+4olhDrmq86Z5rSSXDGRLxpm40d3qDibcF/s0Ey1zZFqgl4R0OR+LQ2Xd+Aclex69qD1xVidzApvW2CX6/t4iKCw2HXsfsNur5ZhW378v90b5zpavKrhZ3q5v8Gbesfj/Lshliaoo3bji4kvTBVpfZwPG4nkAHN7YiKEnhJ3+7mHi0+dsMOMrK7zJM2ySwIDAQAB',
    ],
    [
      'P-256',
      'SHA256:yoXdDoxjodtvx2OoJ1voYC90ebvHRa65d0lliwntVGc',
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAApB0qoG0gBtB3Z/0H7J3EJ0H2teaifIhKy7MyDh14CQjs/Uh/3zDCrbiS28Qnh3TfNMAh8FjlybzfEFG8Tq9g==',
    ],
    [
      'P-521',
      'SHA256:XFIWPHToT8Q8SX74Rh62Hefq3wcc8jgGLPa6h1z3itc',
      'MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBNgsea5opFYsLueOR+GHqGBKA7iyp5bKmVU3KNvrm0+Fo/uFxv9tXbzjz2FU1q5KZc1jhghwpUnfAWJ3Fe+/IUs0BQEN+CDeA+3s2WM8E4PN1eTkp9SXi9Pa9kpNWteZ6NLojaS3djMIlSkmRnl7C0REz6rP54D4+rNAGFPzvGYVvrWY=',
    ],
  ])('the key is named by its SSH fingerprint: %s', (_, fingerprint, spki) => {
    expect(keyIdOf(createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' }))).toBe(
      fingerprint,
    )
  })

  test('asks before the key is used, and uses it no more when that fails', async () => {
    const withdrawn = new Error('withdrawn')
    await expect(signStatement(key, statement, () => Promise.reject(withdrawn))).rejects.toBe(withdrawn)
  })
})

describe('an envelope', () => {
  test('is accepted for the very bytes that were signed', () => {
    const { payload } = verifyEnvelope(document, trusted)
    expect(readStatement(payload, provenanceType)).toEqual(JSON.parse(canonicalJson(statement)))
  })

  test.each([0, 40, -2])('with another byte at %i of its payload is refused', (at) => {
    const bytes = Buffer.from(signed.payload, 'base64')
    const place = at < 0 ? bytes.length + at : at
    bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place)
    expect(outcome({ ...signed, payload: bytes.toString('base64') })).toBe('STATEMENT_SIGNATURE_INVALID')
  })

  test('whose signature is over the payload without the encoding of DSSE is refused', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const sig = sign('sha256', Buffer.from(signed.payload, 'base64'), privateKey).toString('base64')
    const keys = [publicKey.export({ format: 'der', type: 'spki' })]
    expect(outcome({ ...signed, signatures: [{ sig }] }, { keys })).toBe('STATEMENT_SIGNATURE_INVALID')
  })

  test('of another payload type is refused, even when that is what was signed', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const payload = Buffer.from('{}')
    const sig = sign(null, Buffer.from('DSSEv1 16 application/json 2 {}'), privateKey).toString('base64')
    const other = { payload: payload.toString('base64'), payloadType: 'application/json', signatures: [{ sig }] }
    const keys = [publicKey.export({ format: 'der', type: 'spki' })]
    expect(outcome(other, { keys })).toBe('STATEMENT_PAYLOAD_TYPE_UNEXPECTED')
    const inToto = sign(null, Buffer.from(`DSSEv1 28 ${inTotoPayloadType} 2 {}`), privateKey).toString('base64')
    const relabeled = { ...other, payloadType: inTotoPayloadType, signatures: [{ sig: inToto }] }
    expect(outcome(relabeled, { keys })).toBe('accepted')
  })

  test('is verified by keys, whatever its keyid says', () => {
    const keyid = '0'.repeat(64)
    const [own] = signed.signatures
    expect(outcome({ ...signed, signatures: [{ ...own, keyid }] })).toBe('accepted')
    expect(outcome({ ...signed, signatures: [{ sig: own?.sig }] })).toBe('accepted')
    const stranger = memoryKey('ec-p256')
    expect(outcome(signed, { keys: [stranger.publicKey] })).toBe('STATEMENT_SIGNATURE_INVALID')
    expect(outcome(signed, { keys: [] })).toBe('STATEMENT_SIGNATURE_INVALID')
  })

  test('that one key signed twice is signed once', async () => {
    const again = await signStatement(key, statement)
    const twice = { ...signed, signatures: [...signed.signatures, ...again.signatures] }
    expect(again.signatures[0]?.sig).not.toBe(signed.signatures[0]?.sig)
    const both = { keys: [key.publicKey, Buffer.from(key.publicKey)], threshold: 2 }
    expect(outcome(twice, both)).toBe('STATEMENT_SIGNATURE_INVALID')
    const other = memoryKey('rsa-2048')
    const more = {
      ...signed,
      signatures: [...signed.signatures, ...(await signStatement(other, statement)).signatures],
    }
    expect(outcome(more, { keys: [key.publicKey, other.publicKey], threshold: 2 })).toBe('accepted')
    expect(outcome(signed, { ...trusted, threshold: 0 })).toBe('accepted')
    expect(outcome(signed, { keys: [other.publicKey], threshold: 0 })).toBe('STATEMENT_SIGNATURE_INVALID')
  })

  test.each<[string, unknown]>([
    ['no object', []],
    ['without signatures', { ...signed, signatures: [] }],
    ['without payload', { ...signed, payload: '' }],
    ['with a payload that is no base64', { ...signed, payload: `${signed.payload}\n` }],
    ['with a signature that is no base64', { ...signed, signatures: [{ sig: '*' }] }],
    ['with more signatures than are looked at', { ...signed, signatures: Array(17).fill(signed.signatures[0]) }],
  ])('%s is malformed', (_, value) => {
    expect(outcome(value)).toBe('STATEMENT_ENVELOPE_MALFORMED')
  })

  test('in which a name stands twice, or that is no JSON in UTF-8, is malformed', () => {
    const text = document.toString()
    const repeated = text.replace('"payloadType":', '"payload":"e30=","payloadType":')
    for (const each of [
      repeated,
      `${text},`,
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), document]),
      Buffer.from([0xff]),
    ])
      expect(code(() => verifyEnvelope(each, trusted))).toBe('STATEMENT_ENVELOPE_MALFORMED')
  })

  test('may be in the URL-safe alphabet', () => {
    const payload = Buffer.from(signed.payload, 'base64').toString('base64url')
    const sig = Buffer.from(signed.signatures[0]?.sig ?? '', 'base64').toString('base64url')
    expect(outcome({ ...signed, payload, signatures: [{ sig }] })).toBe('accepted')
  })
})

describe('a payload', () => {
  const read = (payload: string) => code(() => readStatement(Buffer.from(payload), provenanceType))

  test.each(['', 'null', '{}', '{"_type":"https://in-toto.io/Statement/v1"', '{"a":1,"a":2}'])(
    'that cannot be read is refused: %s',
    (payload) => {
      expect(read(payload)).toBe('STATEMENT_PAYLOAD_MALFORMED')
    },
  )

  test('of another type or about nothing is refused', () => {
    const text = canonicalJson(statement)
    expect(read(text)).toBe('accepted')
    expect(read(text.replace('Statement/v1', 'Statement/v0.1'))).toBe('STATEMENT_PAYLOAD_MALFORMED')
    expect(read(canonicalJson({ ...statement, subject: [] }))).toBe('STATEMENT_PAYLOAD_MALFORMED')
    const other = canonicalJson({ ...statement, predicateType: 'https://slsa.dev/provenance/v0.2' })
    expect(read(other)).toBe('STATEMENT_PREDICATE_TYPE_UNEXPECTED')
  })
})

describe('a bundle', () => {
  const parsed = JSON.parse(bundle.toString()) as Record<string, object>
  const read = (value: unknown) => code(() => verifyReadEnvelope(readBundle(JSON.stringify(value)), trusted))

  test('holds the envelope and a hint at the key', () => {
    expect(read(parsed)).toBe('accepted')
    expect(parsed.dsseEnvelope).toEqual(signed)
    const hint = createHash('sha256').update(key.publicKey).digest('base64')
    expect(parsed.verificationMaterial).toEqual({ publicKey: { hint } })
  })

  test('with the log entry of whatever artifact is refused, since nothing here verifies that it is of this signature', () => {
    const { verificationMaterial } = parsed
    const material = { ...verificationMaterial, tlogEntries: [{ logIndex: '1' }] }
    expect(read({ ...parsed, verificationMaterial: material })).toBe('STATEMENT_BUNDLE_MALFORMED')
    expect(read({ ...parsed, verificationMaterial: { ...verificationMaterial, tlogEntries: [] } })).toBe('accepted')
  })

  test.each<[string, object]>([
    ['of another version', { mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' }],
    ['with a certificate', { verificationMaterial: { certificate: { rawBytes: 'MA==' } } }],
    ['without an envelope', { dsseEnvelope: undefined, messageSignature: {} }],
    ['with two signatures', { dsseEnvelope: { ...signed, signatures: [...signed.signatures, ...signed.signatures] } }],
  ])('%s is refused', (_, changes) => {
    expect(read({ ...parsed, ...changes })).toMatch(/^STATEMENT_(BUNDLE|ENVELOPE)_MALFORMED$/)
  })
})
