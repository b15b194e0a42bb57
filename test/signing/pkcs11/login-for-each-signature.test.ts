import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openToken, type Token, type TokenKey } from '../../../signing/pkcs11/index.ts'
import { cryptokiSession } from '../../support/pkcs11-faults/cryptoki-session.ts'
import { type FaultyModule, faultyModule } from '../../support/pkcs11-faults/index.ts'
import { softHsmToken, type TestToken } from '../../support/softhsm.ts'
import { suiteFolder } from '../../support/suite-folder.ts'

const rv = {
  CKR_FUNCTION_FAILED: 0x6,
  CKR_DEVICE_ERROR: 0x30,
  CKR_PIN_INCORRECT: 0xa0,
  CKR_PIN_EXPIRED: 0xa3,
  CKR_PIN_LOCKED: 0xa4,
  CKR_SESSION_CLOSED: 0xb0,
} as const

const folder = suiteFolder()
let settings: TestToken
let faults: FaultyModule
let token: Token
let plain: TokenKey
let strict: TokenKey

beforeAll(async () => {
  settings = await softHsmToken(folder)
  faults = await faultyModule(folder, settings.modulePath)
  settings = { ...settings, modulePath: faults.modulePath, sessions: 3 }
  const preparing = await openToken(settings)
  await preparing.generateKey({ id: Buffer.from('plain'), label: 'plain', algorithm: 'ec-p256' })
  await preparing.close()
  const cryptoki = cryptokiSession(settings)
  cryptoki.generateStrictKey(Buffer.from('strict'))
  cryptoki.end()
})

beforeEach(async () => {
  await faults.plan()
  token = await openToken(settings)
  plain = await found('plain')
  strict = await found('strict')
})

afterEach(async () => {
  await faults.plan()
  await token.close()
})

async function found(id: string): Promise<TokenKey> {
  const key = await token.findKey(Buffer.from(id))
  if (key === undefined) throw new Error(`There is no key ${id}`)
  return key
}

async function signsValidly(key: TokenKey): Promise<boolean> {
  const message = randomBytes(32)
  const signature = await key.sign('sha256', createHash('sha256').update(message).digest())
  const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
  return verify('sha256', message, publicKey, signature)
}

describe('a key that wants the PIN for each signature (CKA_ALWAYS_AUTHENTICATE)', () => {
  test('is given it, once for each, by any number of callers, and other keys are not', async () => {
    expect(await Promise.all([0, 1, 2, 3, 4, 5].map(() => signsValidly(strict)))).toEqual(Array(6).fill(true))
    expect(await signsValidly(plain)).toBe(true)
    expect(await faults.calls('C_LoginContext')).toBe(6)
  })

  test.each(['CKR_PIN_INCORRECT', 'CKR_PIN_LOCKED', 'CKR_PIN_EXPIRED'] as const)(
    'is not given it again after %s, whoever asks, so that the token is not locked',
    async (name) => {
      await faults.plan({ call: 'C_LoginContext', answer: rv[name], every: 1 })
      const outcomes = await Promise.allSettled([0, 1, 2, 3, 4, 5].map(() => signsValidly(strict)))
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ reason: { code: name.replace('CKR', 'PKCS11'), transient: false } })
      await faults.plan()
      await expect(signsValidly(strict)).rejects.toMatchObject({ code: name.replace('CKR', 'PKCS11') })
      expect(await faults.calls('C_LoginContext')).toBe(0)
    },
  )

  test('is tried one login at a time: a wrong PIN counts once', async () => {
    await faults.plan({ call: 'C_LoginContext', answer: rv.CKR_PIN_INCORRECT, every: 1 })
    await Promise.allSettled([0, 1, 2, 3, 4, 5].map(() => signsValidly(strict)))
    expect(await faults.calls('C_LoginContext')).toBe(1)
  })

  test('signs in a session that was opened anew', async () => {
    await faults.plan(
      { call: 'C_Sign', answer: rv.CKR_DEVICE_ERROR, every: 3 },
      { call: 'C_LoginContext', answer: rv.CKR_SESSION_CLOSED, every: 4 },
    )
    for (let round = 0; round < 6; round++) expect(await signsValidly(strict)).toBe(true)
  })

  test('leaves no operation behind that another key could end', async () => {
    await faults.plan({ call: 'C_LoginContext', answer: rv.CKR_FUNCTION_FAILED, every: 1 })
    await expect(signsValidly(strict)).rejects.toMatchObject({ transient: true })
    await faults.plan()
    expect(await signsValidly(plain)).toBe(true)
    expect(await signsValidly(strict)).toBe(true)
  })
})
