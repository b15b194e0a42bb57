import { execFile } from 'node:child_process'
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openToken, type Token, type TokenKey } from '../../../signing/pkcs11/index.ts'
import { type FaultyModule, faultyModule } from '../../support/pkcs11-faults/index.ts'
import { softHsmToken, type TestToken } from '../../support/softhsm.ts'
import { suiteFolder } from '../../support/suite-folder.ts'
import { until } from '../../support/until.ts'

const folder = suiteFolder()
const timedOut = { name: 'SigningError', code: 'PKCS11_CALL_TIMED_OUT', transient: true }
let settings: TestToken
let faults: FaultyModule
let token: Token
let key: TokenKey

beforeAll(async () => {
  settings = await softHsmToken(folder)
  faults = await faultyModule(folder, settings.modulePath)
  settings = { ...settings, modulePath: faults.modulePath, callLimitMs: 500, sessions: 2 }
  const preparing = await openToken({ ...settings, callLimitMs: 10_000 })
  await preparing.generateKey({ id: Buffer.from('rsa'), label: 'rsa', algorithm: 'rsa-2048' })
  await preparing.close()
})

beforeEach(async () => {
  await faults.plan()
  token = await openToken(settings)
  key = await found(token)
})

afterEach(async () => {
  await faults.plan()
  await token.close()
})

async function found(token: Token): Promise<TokenKey> {
  const key = await token.findKey(Buffer.from('rsa'))
  if (key === undefined) throw new Error('There is no key')
  return key
}

async function signsValidly(): Promise<boolean> {
  const message = randomBytes(32)
  const signature = await key.sign('sha256', createHash('sha256').update(message).digest())
  const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
  return verify('sha256', message, publicKey, signature)
}

describe('a call that does not return costs its session, and nothing else', () => {
  test.each(['C_Sign', 'C_SignInit', 'C_FindObjectsInit', 'C_OpenSession'])('%s', async (call) => {
    const fresh = call === 'C_SignInit' || call === 'C_Sign' ? undefined : await openToken(settings)
    try {
      await faults.plan({ call, answer: 'hang', every: 1 })
      // Two at once, so that one of them needs a further session.
      const work = fresh === undefined ? signsValidly() : Promise.all([fresh.health(), fresh.health()])
      await expect(work).rejects.toMatchObject(timedOut)
      await faults.plan()
      expect(await Promise.all([0, 1, 2, 3].map(signsValidly))).toEqual([true, true, true, true])
    } finally {
      await faults.plan()
      await fresh?.close()
    }
  })

  test('the others sign on while it hangs, with as many sessions as before', async () => {
    // Every second call: one of the two sessions hangs, the other one signs.
    await faults.plan({ call: 'C_Sign', answer: 'hang', every: 2 })
    const outcomes = await Promise.allSettled([0, 1, 2, 3].map(signsValidly))
    const failed = outcomes.filter(({ status }) => status === 'rejected')
    expect(failed).toHaveLength(2)
    for (const failure of failed) expect(failure).toMatchObject({ reason: timedOut })
  })

  test('the error says what did not return, and that it may pass', async () => {
    await faults.plan({ call: 'C_Sign', answer: 'hang', every: 1 })
    await expect(signsValidly()).rejects.toThrow(
      'Could not sign: a call of the PKCS#11 module did not return within 500 ms. Its session was given up and replaced.',
    )
  })

  test('closing the token does not wait for it, nor is the module finalised under it', async () => {
    const other = await openToken(settings)
    await faults.plan({ call: 'C_Sign', answer: 'hang', every: 1 })
    await expect((await found(other)).sign('sha256', Buffer.alloc(32))).rejects.toMatchObject(timedOut)
    await other.close()
    await token.close()
    expect(await faults.calls('C_Finalize')).toBe(0)
  })

  test('nor is it opened anew while the call hangs; afterwards it is', async () => {
    await faults.plan({ call: 'C_Sign', answer: 'hang', every: 1 })
    await expect(signsValidly()).rejects.toMatchObject(timedOut)
    await faults.plan(
      { call: 'C_Sign', answer: 'hang', every: 1_000_000 },
      { call: 'C_SignInit', answer: 0x30, every: 2 },
    )
    expect(await Promise.all([0, 1, 2].map(signsValidly))).toEqual([true, true, true])
    expect(await faults.calls('C_Finalize')).toBe(0)
    await faults.plan({ call: 'C_SignInit', answer: 0x30, every: 2 })
    await until('the module is opened anew', async () => {
      await signsValidly()
      return (await faults.calls('C_Finalize')) > 0
    })
  })
})

test('when too many calls hang no more are made, and the reason is told at once; until they return', async () => {
  await token.close()
  token = await openToken({ ...settings, sessions: 8 })
  key = await found(token)
  await faults.plan({ call: 'C_Sign', answer: 'hang', every: 1 })
  const outcomes = await Promise.allSettled(Array.from({ length: 16 }, signsValidly))
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
    Array(16).fill('PKCS11_CALL_TIMED_OUT'),
  )
  await expect(signsValidly()).rejects.toMatchObject({ code: 'PKCS11_MODULE_HANGS', transient: true })
  await expect(token.health()).rejects.toMatchObject({ code: 'PKCS11_MODULE_HANGS' })
  await faults.plan()
  await until('it signs again', () => signsValidly().catch(() => false))
})

test('a process ends although a call never returns', async () => {
  await faults.plan({ call: 'C_Sign', answer: 'hang', every: 1 })
  const child = fileURLToPath(new URL('../../support/pkcs11-hang-child.ts', import.meta.url))
  const ended = await new Promise<{ stdout: string; signal: string | undefined }>((resolve) => {
    execFile(process.execPath, [child, JSON.stringify(settings), 'rsa'], (error, stdout) =>
      resolve({ stdout, signal: error?.signal ?? undefined }),
    )
  })
  expect(ended).toEqual({ stdout: 'PKCS11_CALL_TIMED_OUT\n', signal: 'SIGKILL' })
})
