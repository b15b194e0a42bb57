import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pkcs11js from 'pkcs11js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashAlgorithms, keyAlgorithms } from '../../../domain/index.ts'
import { openToken, type Token, type TokenKey } from '../../../signing/pkcs11/index.ts'
import { openssl } from '../../support/openssl.ts'
import { softHsmToken, type TestToken } from '../../support/softhsm.ts'

let folder: string
let settings: TestToken
let token: Token

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-'))
  settings = await softHsmToken(folder)
  token = await openToken(settings)
})

afterAll(async () => {
  await token?.close()
  await rm(folder, { recursive: true, force: true })
})

/** What openssl thinks of a signature over a message. */
async function opensslAccepts(key: TokenKey, hash: string, message: Buffer, signature: Uint8Array): Promise<boolean> {
  const at = (name: string) => join(folder, `${Buffer.from(key.id).toString('hex')}.${name}`)
  await writeFile(at('spki'), key.publicKey)
  await openssl('pkey', '-pubin', '-inform', 'DER', '-in', at('spki'), '-pubcheck', '-out', at('pem'))
  await writeFile(at('message'), message)
  await writeFile(at('signature'), signature)
  return await openssl('dgst', `-${hash}`, '-verify', at('pem'), '-signature', at('signature'), at('message')).then(
    (output) => output.includes('Verified OK'),
    () => false,
  )
}

/** The token as the binding shows it, without our code. The process is logged in already. */
function withRawSession<T>(
  use: (module: pkcs11js.PKCS11, session: Buffer, find: (template: pkcs11js.Template) => Buffer[]) => T,
): T {
  const module = new pkcs11js.PKCS11()
  module.load(settings.modulePath)
  const slot = module.C_GetSlotList(true).find((candidate) => module.C_GetTokenInfo(candidate).label.trim() === 'test')
  if (slot === undefined) throw new Error('no token')
  const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
  const find = (template: pkcs11js.Template) => {
    module.C_FindObjectsInit(session, template)
    const found = module.C_FindObjects(session, 10)
    module.C_FindObjectsFinal(session)
    return found
  }
  try {
    return use(module, session, find)
  } finally {
    module.C_CloseSession(session)
  }
}

describe.each(keyAlgorithms)('a key of type %s', (algorithm) => {
  let key: TokenKey
  beforeAll(async () => {
    key = await token.generateKey({ id: randomBytes(16), label: `key ${algorithm} ä`, algorithm })
  })

  test.each(hashAlgorithms)('makes signatures over %s digests that openssl accepts', async (hash) => {
    const message = randomBytes(100)
    const signature = await key.sign(hash, createHash(hash).update(message).digest())
    expect(await opensslAccepts(key, hash, message, signature)).toBe(true)
    expect(await opensslAccepts(key, hash, Buffer.concat([message, Buffer.of(0)]), signature)).toBe(false)
  })

  test('makes the same valid signatures under 8 callers at once', async () => {
    const messages = Array.from({ length: 16 }, () => randomBytes(20))
    const signatures = await Promise.all(
      messages.map((message) => key.sign('sha256', createHash('sha256').update(message).digest())),
    )
    for (const [index, message] of messages.slice(0, 8).entries()) {
      expect(await opensslAccepts(key, 'sha256', message, signatures[index] ?? Buffer.alloc(0))).toBe(true)
    }
  })

  test('is found again by its id, with its label and public key', async () => {
    const found = await token.findKey(key.id)
    expect(found).toMatchObject({ id: key.id, label: `key ${algorithm} ä`, algorithm, publicKey: key.publicKey })
    expect((await token.listKeys()).map(({ id }) => Buffer.from(id).toString('hex'))).toContain(
      Buffer.from(key.id).toString('hex'),
    )
  })

  test('never leaves the token', () => {
    withRawSession((module, session, find) => {
      const [object] = find([
        { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
        { type: pkcs11js.CKA_ID, value: Buffer.from(key.id) },
      ])
      if (object === undefined) throw new Error('no private key')
      const flag = (type: number) =>
        module.C_GetAttributeValue(session, object, [{ type, value: Buffer.alloc(1) }])[0]?.value
      const set = [pkcs11js.CKA_SENSITIVE, pkcs11js.CKA_ALWAYS_SENSITIVE, pkcs11js.CKA_NEVER_EXTRACTABLE]
      for (const type of [...set, pkcs11js.CKA_PRIVATE, pkcs11js.CKA_LOCAL, pkcs11js.CKA_TOKEN, pkcs11js.CKA_SIGN]) {
        expect(flag(type)).toEqual(Buffer.of(1))
      }
      for (const type of [pkcs11js.CKA_EXTRACTABLE, pkcs11js.CKA_DECRYPT, pkcs11js.CKA_UNWRAP]) {
        expect(flag(type)).toEqual(Buffer.of(0))
      }
      const secret = algorithm.startsWith('rsa') ? pkcs11js.CKA_PRIVATE_EXPONENT : pkcs11js.CKA_VALUE
      expect(() => flag(secret)).toThrow(/CKR_ATTRIBUTE_SENSITIVE/)
    })
  })
})

test('an id is used once', async () => {
  const id = randomBytes(16)
  const key = await token.generateKey({ id, label: 'first', algorithm: 'ec-p256' })
  await expect(token.generateKey({ id, label: 'second', algorithm: 'ec-p384' })).rejects.toMatchObject({
    code: 'PKCS11_KEY_EXISTS',
    transient: false,
    message: expect.stringContaining(id.toString('hex')),
  })
  expect(await token.findKey(id)).toMatchObject({ label: 'first', publicKey: key.publicKey })
})

test('of callers that generate a key with the same id at once, exactly one gets it', async () => {
  for (let round = 0; round < 5; round++) {
    const id = randomBytes(16)
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(() => token.generateKey({ id, label: 'raced', algorithm: 'ec-p256' })),
    )
    const made = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'PKCS11_KEY_EXISTS' })
    }
    expect(made).toHaveLength(1)
    expect(await token.findKey(id)).toMatchObject({ publicKey: made[0]?.value.publicKey })
  }
})

test('a key that does not exist is not found', async () => {
  expect(await token.findKey(randomBytes(16))).toBeUndefined()
})

test('an id without bytes, or with too many, is refused', async () => {
  for (const id of [new Uint8Array(0), new Uint8Array(256)]) {
    await expect(token.findKey(id)).rejects.toMatchObject({ code: 'PKCS11_KEY_ID_INVALID' })
    await expect(token.generateKey({ id, label: 'x', algorithm: 'ec-p256' })).rejects.toMatchObject({
      code: 'PKCS11_KEY_ID_INVALID',
    })
  }
})

test('a digest of the wrong length is refused, and says what would be right', async () => {
  const key = await token.generateKey({ id: randomBytes(16), label: 'x', algorithm: 'ec-p256' })
  await expect(key.sign('sha256', Buffer.alloc(48))).rejects.toMatchObject({
    code: 'PKCS11_DIGEST_LENGTH',
    message: 'A sha256 digest has 32 bytes; this one has 48.',
  })
})

test('a public key that a crash left behind is not taken for the public half of a new key', async () => {
  const id = randomBytes(16)
  await token.generateKey({ id, label: 'lost', algorithm: 'ec-p256' })
  withRawSession((module, session, find) => {
    for (const object of find([
      { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
      { type: pkcs11js.CKA_ID, value: id },
    ])) {
      module.C_DestroyObject(session, object)
    }
  })
  expect(await token.findKey(id)).toBeUndefined()
  const key = await token.generateKey({ id, label: 'new', algorithm: 'ec-p256' })
  const message = randomBytes(10)
  const signature = await key.sign('sha256', createHash('sha256').update(message).digest())
  expect(await opensslAccepts(key, 'sha256', message, signature)).toBe(true)
})

test('a private key without its public half is reported, not guessed', async () => {
  const id = randomBytes(16)
  const key = await token.generateKey({ id, label: 'half', algorithm: 'ec-p256' })
  withRawSession((module, session, find) => {
    for (const object of find([
      { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PUBLIC_KEY },
      { type: pkcs11js.CKA_ID, value: id },
    ])) {
      module.C_DestroyObject(session, object)
    }
  })
  await expect(token.findKey(id)).rejects.toMatchObject({ code: 'PKCS11_PUBLIC_KEY_NOT_FOUND', transient: false })
  await expect(key.sign('sha256', Buffer.alloc(32))).rejects.toMatchObject({ transient: false })
})

test('a key that was replaced under its id does not sign for the one that was looked up', async () => {
  const id = randomBytes(16)
  const key = await token.generateKey({ id, label: 'old', algorithm: 'ec-p256' })
  withRawSession((module, session, find) => {
    for (const object of find([{ type: pkcs11js.CKA_ID, value: id }])) module.C_DestroyObject(session, object)
  })
  await expect(key.sign('sha256', Buffer.alloc(32))).rejects.toMatchObject({
    code: 'PKCS11_KEY_NOT_FOUND',
    transient: false,
  })
  await token.generateKey({ id, label: 'new', algorithm: 'ec-p256' })
  await expect(key.sign('sha256', Buffer.alloc(32))).rejects.toMatchObject({ code: 'PKCS11_KEY_CHANGED' })
})

test('keys of other types are left out of the list and refused by name', async () => {
  const id = randomBytes(16)
  withRawSession((module, session) => {
    module.C_GenerateKeyPair(
      session,
      { mechanism: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN },
      [
        { type: pkcs11js.CKA_TOKEN, value: true },
        { type: pkcs11js.CKA_ID, value: id },
        { type: pkcs11js.CKA_MODULUS_BITS, value: 1024 },
        { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.of(1, 0, 1) },
      ],
      [
        { type: pkcs11js.CKA_TOKEN, value: true },
        { type: pkcs11js.CKA_ID, value: id },
        { type: pkcs11js.CKA_SIGN, value: true },
      ],
    )
  })
  expect((await token.listKeys()).map((key) => Buffer.from(key.id).toString('hex'))).not.toContain(id.toString('hex'))
  await expect(token.findKey(id)).rejects.toMatchObject({ code: 'PKCS11_KEY_UNSUPPORTED' })
})

test('generating an RSA 4096 key does not stop the event loop', async () => {
  const turns: number[] = []
  let generating = true
  const count = () => {
    turns.push(1)
    if (generating) setImmediate(count)
  }
  setImmediate(count)
  await token.generateKey({ id: randomBytes(16), label: 'slow', algorithm: 'rsa-4096' })
  generating = false
  expect(turns.length).toBeGreaterThan(20)
})
