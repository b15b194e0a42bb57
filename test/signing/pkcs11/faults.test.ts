import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pkcs11js from 'pkcs11js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openToken, type Token, type TokenKey } from '../../../signing/pkcs11/index.ts'
import { cryptokiSession } from '../../support/pkcs11-faults/cryptoki-session.ts'
import { type FaultyModule, faultyModule } from '../../support/pkcs11-faults/index.ts'
import { softHsmToken, type TestToken } from '../../support/softhsm.ts'

const rv = {
  CKR_GENERAL_ERROR: 0x5,
  CKR_FUNCTION_FAILED: 0x6,
  CKR_DEVICE_ERROR: 0x30,
  CKR_DEVICE_REMOVED: 0x32,
  CKR_KEY_HANDLE_INVALID: 0x60,
  CKR_MECHANISM_INVALID: 0x70,
  CKR_OBJECT_HANDLE_INVALID: 0x82,
  CKR_PIN_INCORRECT: 0xa0,
  CKR_PIN_EXPIRED: 0xa3,
  CKR_PIN_LOCKED: 0xa4,
  CKR_SESSION_CLOSED: 0xb0,
  CKR_SESSION_HANDLE_INVALID: 0xb3,
  CKR_TOKEN_NOT_PRESENT: 0xe0,
  CKR_TOKEN_NOT_RECOGNIZED: 0xe1,
  CKR_USER_NOT_LOGGED_IN: 0x101,
  CKR_CRYPTOKI_NOT_INITIALIZED: 0x190,
} as const

let folder: string
let settings: TestToken
let faults: FaultyModule
let token: Token
let keys: readonly TokenKey[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-'))
  settings = await softHsmToken(folder)
  faults = await faultyModule(folder, settings.modulePath)
  settings = { ...settings, modulePath: faults.modulePath }
  const preparing = await openToken(settings)
  await preparing.generateKey({ id: Buffer.from('rsa'), label: 'rsa', algorithm: 'rsa-2048' })
  await preparing.generateKey({ id: Buffer.from('ec'), label: 'ec', algorithm: 'ec-p256' })
  await preparing.close()
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  await faults.plan()
  token = await openToken({ ...settings, sessions: 2 })
  keys = await bothKeys(token)
})

afterEach(async () => {
  await faults.plan()
  await token.close()
})

async function bothKeys(token: Token): Promise<readonly TokenKey[]> {
  const found = await Promise.all(['rsa', 'ec'].map((id) => token.findKey(Buffer.from(id))))
  const keys = found.filter((key) => key !== undefined)
  expect(keys).toHaveLength(2)
  return keys
}

async function signsValidly(key: TokenKey): Promise<boolean> {
  const message = randomBytes(32)
  const signature = await key.sign('sha256', createHash('sha256').update(message).digest())
  const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
  return verify('sha256', message, publicKey, signature)
}

/** Signs in rounds of 8 at once with both keys. */
async function hammer(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const outcomes = await Promise.all([0, 1, 2, 3].flatMap(() => keys.map(signsValidly)))
    expect(outcomes).toEqual(Array(8).fill(true))
  }
}

describe('a call that fails now and then does not fail a signature', () => {
  test.each([
    ['C_Sign', 'CKR_GENERAL_ERROR'],
    ['C_Sign', 'CKR_DEVICE_ERROR'],
    ['C_Sign', 'CKR_SESSION_CLOSED'],
    ['C_Sign', 'CKR_CRYPTOKI_NOT_INITIALIZED'],
    ['C_SignInit', 'CKR_SESSION_HANDLE_INVALID'],
    ['C_SignInit', 'CKR_USER_NOT_LOGGED_IN'],
    ['C_SignInit', 'CKR_KEY_HANDLE_INVALID'],
    ['C_SignInit', 'CKR_OBJECT_HANDLE_INVALID'],
    ['C_SignInit', 'CKR_DEVICE_REMOVED'],
    ['C_SignInit', 'CKR_TOKEN_NOT_PRESENT'],
  ] as const)('%s answers %s', async (call, name) => {
    await faults.plan({ call, answer: rv[name], every: 7 })
    await hammer(10)
  })

  test('also when opening anew fails now and then', async () => {
    await faults.plan(
      { call: 'C_Sign', answer: rv.CKR_GENERAL_ERROR, every: 9 },
      { call: 'C_Initialize', answer: rv.CKR_GENERAL_ERROR, every: 3 },
      { call: 'C_OpenSession', answer: rv.CKR_FUNCTION_FAILED, every: 5 },
      { call: 'C_FindObjectsInit', answer: rv.CKR_GENERAL_ERROR, every: 11 },
    )
    await hammer(10)
  })

  test('also when objects are not found now and then', async () => {
    await faults.plan(
      { call: 'C_SignInit', answer: rv.CKR_OBJECT_HANDLE_INVALID, every: 5 },
      { call: 'C_FindObjects', answer: 'corrupt', every: 3 },
    )
    await hammer(10)
  })
})

test('a failure that stays is reported by name after a bounded number of attempts, as passing trouble', async () => {
  await faults.plan({ call: 'C_Sign', answer: rv.CKR_FUNCTION_FAILED, every: 1 })
  await expect(keys[0]?.sign('sha256', Buffer.alloc(32))).rejects.toMatchObject({
    code: 'PKCS11_FAILED',
    transient: true,
    message: expect.stringContaining('CKR_FUNCTION_FAILED from C_Sign'),
  })
  expect(await faults.calls('C_Initialize')).toBeLessThanOrEqual(5)
  await faults.plan()
  await hammer(1)
})

test('a mechanism that the token refuses is reported at once, as lasting', async () => {
  await faults.plan({ call: 'C_SignInit', answer: rv.CKR_MECHANISM_INVALID, every: 1 })
  await expect(keys[0]?.sign('sha256', Buffer.alloc(32))).rejects.toMatchObject({
    code: 'PKCS11_MECHANISM_UNKNOWN',
    transient: false,
  })
  expect(await faults.calls('C_Initialize')).toBe(0)
})

test.each([0, 1])('a faulty signature is never handed out (key %i)', async (index) => {
  await faults.plan({ call: 'C_Sign', answer: 'corrupt', every: 1 })
  await expect(keys[index]?.sign('sha256', Buffer.alloc(32))).rejects.toMatchObject({
    code: 'PKCS11_SIGNATURE_FAULTY',
    transient: true,
  })
  await faults.plan()
  await hammer(1)
})

test.each([
  ['PKCS11_PIN_INCORRECT', rv.CKR_PIN_INCORRECT],
  ['PKCS11_PIN_LOCKED', rv.CKR_PIN_LOCKED],
] as const)('a PIN that is no longer accepted is tried once by all sessions together: %s', async (code, answer) => {
  await faults.plan(
    { call: 'C_Login', answer, every: 1 },
    { call: 'C_SignInit', answer: rv.CKR_DEVICE_ERROR, every: 1 },
  )
  const outcomes = await Promise.allSettled([0, 1, 2, 3].flatMap(() => keys.map(signsValidly)))
  expect(outcomes.map((outcome) => outcome.status)).toEqual(Array(8).fill('rejected'))
  const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
  expect(new Set(codes)).toEqual(new Set([code]))
  expect(await faults.calls('C_Login')).toBe(1)
  // Somebody who asks again later does not try it again either.
  await expect(token.health()).rejects.toMatchObject({ code, transient: false })
  expect(await faults.calls('C_Login')).toBe(1)
})

describe('the module is opened anew', () => {
  const losses = [
    'CKR_GENERAL_ERROR',
    'CKR_DEVICE_ERROR',
    'CKR_DEVICE_REMOVED',
    'CKR_TOKEN_NOT_PRESENT',
    'CKR_TOKEN_NOT_RECOGNIZED',
    'CKR_SESSION_HANDLE_INVALID',
    'CKR_SESSION_CLOSED',
    'CKR_CRYPTOKI_NOT_INITIALIZED',
  ] as const

  test.each(losses)('on %s that stays, once, however many calls meet it', async (name) => {
    await faults.plan({ call: 'C_SignInit', answer: rv[name], every: 1 })
    const outcomes = await Promise.allSettled([0, 1, 2, 3].flatMap(() => keys.map(signsValidly)))
    expect(outcomes.map(({ status }) => status)).toEqual(Array(8).fill('rejected'))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { transient: true } })
    expect(await faults.calls('C_Finalize')).toBe(1)
  })

  test('again when the time that it is left alone for is over', async () => {
    const token = await openToken({ ...settings, reopenIntervalMs: 0 })
    const key = await token.findKey(Buffer.from('rsa'))
    await faults.plan({ call: 'C_SignInit', answer: rv.CKR_DEVICE_ERROR, every: 1 })
    await expect(key?.sign('sha256', Buffer.alloc(32))).rejects.toMatchObject({ transient: true })
    expect(await faults.calls('C_Finalize')).toBe(5)
    await faults.plan()
    await token.close()
  })

  test.each(['CKR_FUNCTION_FAILED', 'CKR_USER_NOT_LOGGED_IN'] as const)(
    'not on one %s: a new session will do',
    async (name) => {
      await faults.plan({ call: 'C_SignInit', answer: rv[name], every: 2 })
      expect(await signsValidly(keys[0] as TokenKey)).toBe(true)
      expect(await signsValidly(keys[0] as TokenKey)).toBe(true)
      expect(await faults.calls('C_Finalize')).toBe(0)
    },
  )

  test.each(['CKR_PIN_INCORRECT', 'CKR_PIN_LOCKED', 'CKR_PIN_EXPIRED'] as const)('never after %s', async (name) => {
    const fresh = await openToken({ ...settings, reopenIntervalMs: 0 })
    await faults.plan(
      { call: 'C_Login', answer: rv[name], every: 1 },
      { call: 'C_FindObjectsInit', answer: rv.CKR_SESSION_HANDLE_INVALID, every: 1 },
    )
    await expect(fresh.health()).rejects.toMatchObject({ code: name.replace('CKR', 'PKCS11'), transient: false })
    await expect(fresh.health()).rejects.toMatchObject({ code: name.replace('CKR', 'PKCS11') })
    expect(await faults.calls('C_Login')).toBe(1)
    await faults.plan()
    await fresh.close()
  })

  test('and keys are found anew in it: one that was exchanged meanwhile signs no longer', async () => {
    const id = Buffer.from('exchanged')
    const first = await token.generateKey({ id, label: 'first', algorithm: 'ec-p256' })
    expect(await signsValidly(first)).toBe(true)
    await token.close()
    const cryptoki = cryptokiSession(settings)
    for (const object of cryptoki.objects(id)) cryptoki.module.C_DestroyObject(cryptoki.session, object)
    cryptoki.end()
    token = await openToken({ ...settings, sessions: 2 })
    const second = await token.generateKey({ id, label: 'second', algorithm: 'ec-p256' })
    await faults.plan({ call: 'C_SignInit', answer: rv.CKR_DEVICE_REMOVED, every: 3 })
    for (let round = 0; round < 4; round++) expect(await signsValidly(second)).toBe(true)
    expect(await faults.calls('C_Finalize')).toBe(1)
  })
})

test('"not found" is said only by a module that was opened anew', async () => {
  await faults.plan({ call: 'C_FindObjects', answer: 'corrupt', every: 2 })
  for (let i = 0; i < 6; i++) expect(await token.findKey(Buffer.from('ec'))).toBeDefined()
})

test('the module is never finalised while a call is under way', async () => {
  // SoftHSM2 crashes the process when it is; keys are generated because that takes long.
  await faults.plan({ call: 'C_SignInit', answer: rv.CKR_GENERAL_ERROR, every: 4 })
  const generating = Promise.all(
    [1, 2].map(() => token.generateKey({ id: randomBytes(16), label: 'slow', algorithm: 'rsa-3072' })),
  )
  await hammer(5)
  expect((await generating).map(({ algorithm }) => algorithm)).toEqual(['rsa-3072', 'rsa-3072'])
  expect(await faults.calls('C_Finalize')).toBeGreaterThan(0)
})

test('a key generation whose answer was lost does not make a second key', async () => {
  const id = randomBytes(16)
  await faults.plan({ call: 'C_GenerateKeyPair', answer: rv.CKR_GENERAL_ERROR, every: 2 })
  await token.generateKey({ id, label: 'first', algorithm: 'ec-p256' })
  await expect(token.generateKey({ id, label: 'second', algorithm: 'ec-p256' })).rejects.toMatchObject({
    code: 'PKCS11_KEY_EXISTS',
  })
})

test('a module that somebody else in the process has initialised is not finalised by us, and taken over when they finalise it', async () => {
  await token.close()
  const theirs = new pkcs11js.PKCS11()
  theirs.load(faults.modulePath)
  process.env.SOFTHSM2_CONF = settings.softHsmConfigPath
  try {
    theirs.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
  } finally {
    delete process.env.SOFTHSM2_CONF
  }
  token = await openToken({ ...settings, sessions: 2 })
  keys = await bothKeys(token)
  await faults.plan({ call: 'C_Sign', answer: rv.CKR_GENERAL_ERROR, every: 7 })
  await hammer(5)
  expect(await faults.calls('C_Finalize')).toBe(0)
  await faults.plan()
  theirs.C_Finalize()
  await hammer(2)
  await token.close()
  expect(await faults.calls('C_Finalize')).toBe(2)
})
