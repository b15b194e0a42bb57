import { execFile } from 'node:child_process'
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { refuseDangerousLogin } from '../../../signing/pkcs11/dangerous-login.ts'
import {
  createToken,
  type OpenTokenOptions,
  openToken,
  type Token,
  type TokenKey,
} from '../../../signing/pkcs11/index.ts'
import { softHsmToken, type TestToken } from '../../support/softhsm.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

async function opened(options: OpenTokenOptions): Promise<Token> {
  const token = await openToken(options)
  onTestFinished(() => token.close())
  return token
}

async function softHsmUtil(settings: TestToken, ...args: readonly string[]): Promise<void> {
  await execute('softhsm2-util', args, { env: { ...process.env, SOFTHSM2_CONF: settings.softHsmConfigPath } })
}

async function refusal(options: OpenTokenOptions): Promise<Error & { code: string; transient: boolean }> {
  return await openToken(options).then(
    async (token) => {
      await token.close()
      throw new Error('The token was opened')
    },
    (error) => error,
  )
}

async function newKey(token: Token): Promise<TokenKey> {
  return await token.generateKey({ id: randomBytes(16), label: 'key', algorithm: 'ec-p256' })
}

async function signsValidly(key: TokenKey): Promise<boolean> {
  const message = randomBytes(32)
  const signature = await key.sign('sha256', createHash('sha256').update(message).digest())
  const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
  return verify('sha256', message, publicKey, signature)
}

test('a token says who it is, and that it is well', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const token = await opened(settings)
  expect(token.identity).toMatchObject({ label: 'test', model: 'SoftHSM v2' })
  expect(await token.health()).toEqual(token.identity)
})

test('a token can be named by label and serial number, and a wrong serial number is not found', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const { serialNumber } = (await opened(settings)).identity
  expect((await opened({ ...settings, tokenSerialNumber: serialNumber })).identity.serialNumber).toBe(serialNumber)
  expect(await refusal({ ...settings, tokenSerialNumber: 'f00' })).toMatchObject({ code: 'PKCS11_TOKEN_NOT_FOUND' })
})

test('two tokens with the same label are told apart by serial number only', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const { serialNumber } = (await opened(settings)).identity
  await softHsmUtil(settings, '--init-token', '--free', '--label', 'test', '--pin', '1234', '--so-pin', '5678')
  // A module shows tokens that others have made only after it was initialised anew.
  expect(await refusal({ ...settings, tokenLabel: 'third' })).toMatchObject({ code: 'PKCS11_TOKEN_NOT_FOUND' })
  const error = await refusal(settings)
  expect(error).toMatchObject({ code: 'PKCS11_TOKEN_AMBIGUOUS', transient: false })
  expect(error.message).toContain(serialNumber)
  expect((await opened({ ...settings, tokenSerialNumber: serialNumber })).identity.serialNumber).toBe(serialNumber)
})

test('a wrong PIN is refused, not shown, and tried once', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const error = await refusal({ ...settings, pin: 'wrong-hunter2' })
  expect(error).toMatchObject({ code: 'PKCS11_PIN_INCORRECT', transient: false })
  expect(`${error.message}${error.stack}${String(error.cause)}`).not.toContain('hunter2')
  expect(await signsValidly(await newKey(await opened(settings)))).toBe(true)
})

test('a wrong PIN is refused although this process is logged in already', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const token = await opened(settings)
  expect(await refusal({ ...settings, pin: 'wrong-hunter2' })).toMatchObject({ code: 'PKCS11_PIN_INCORRECT' })
  expect(await signsValidly(await newKey(token))).toBe(true)
})

test('no login is tried when one more wrong PIN would lock the token', () => {
  expect(() => refuseDangerousLogin({ label: 'x', flags: 0x20000 })).toThrow(
    expect.objectContaining({ code: 'PKCS11_PIN_FINAL_TRY' }),
  )
  expect(() => refuseDangerousLogin({ label: 'x', flags: 0x40000 })).toThrow(
    expect.objectContaining({ code: 'PKCS11_PIN_LOCKED' }),
  )
  // CKF_USER_PIN_COUNT_LOW: somebody mistyped once.
  expect(refuseDangerousLogin({ label: 'x', flags: 0x10000 })).toBeUndefined()
})

test('an unknown token is refused with the labels that there are', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const error = await refusal({ ...settings, tokenLabel: 'nope' })
  expect(error).toMatchObject({ code: 'PKCS11_TOKEN_NOT_FOUND', transient: false })
  expect(error.message).toMatch(/labelled 'nope'; the module shows 'test' \(serial number [0-9a-f]+\)/)
})

test('a module that is not there, or is none, is refused', async () => {
  const folder = temporaryFolder()
  const settings = await softHsmToken(folder)
  const noModule = join(folder, 'none.so')
  await writeFile(noModule, 'no library')
  expect(await refusal({ ...settings, modulePath: join(folder, 'missing.so') })).toMatchObject({
    code: 'PKCS11_MODULE_NOT_FOUND',
  })
  expect(await refusal({ ...settings, modulePath: noModule })).toMatchObject({ code: 'PKCS11_MODULE_NOT_LOADABLE' })
})

test('a mechanism that the token does not know is refused by name', async () => {
  const settings = await softHsmToken(temporaryFolder(), ['slots.mechanisms = -CKM_EC_KEY_PAIR_GEN,CKM_ECDSA'])
  const token = await opened(settings)
  const generating = token.generateKey({ id: randomBytes(16), label: 'x', algorithm: 'ec-p256' })
  await expect(generating).rejects.toMatchObject({
    code: 'PKCS11_MECHANISM_UNKNOWN',
    transient: false,
    message: expect.stringContaining('CKM_ECDSA, which ec-p256 keys need'),
  })
  expect(await signsValidly(await token.generateKey({ id: randomBytes(16), label: 'x', algorithm: 'rsa-2048' }))).toBe(
    true,
  )
})

test('a token that is taken away is reported as passing trouble, and signs again when it is back', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const token = await opened({ ...settings, reopenIntervalMs: 0 })
  const keys = await Promise.all([newKey(token), newKey(token)])
  const [name = ''] = await readdir(settings.tokensFolder)
  const away = join(settings.tokensFolder, '..', 'away')

  await rename(join(settings.tokensFolder, name), away)
  for (const key of keys) {
    await expect(signsValidly(key)).rejects.toMatchObject({ code: 'PKCS11_TOKEN_REMOVED', transient: true })
  }
  await expect(token.health()).rejects.toMatchObject({ code: 'PKCS11_TOKEN_REMOVED', transient: true })

  await rename(away, join(settings.tokensFolder, name))
  await Promise.all(keys.map(async (key) => expect(await signsValidly(key)).toBe(true)))
  expect(await token.health()).toEqual(token.identity)
})

test('the same when everything that the module works on is taken away', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const token = await opened(settings)
  const key = await newKey(token)
  const away = join(settings.tokensFolder, '..', 'away')
  await rename(settings.tokensFolder, away)
  await expect(signsValidly(key)).rejects.toMatchObject({ code: 'PKCS11_TOKEN_REMOVED', transient: true })
  await rename(away, settings.tokensFolder)
  expect(await signsValidly(key)).toBe(true)
})

test('a token of another process is found although the module was open before it was made', async () => {
  const settings = await softHsmToken(temporaryFolder())
  await opened(settings)
  await softHsmUtil(settings, '--init-token', '--free', '--label', 'later', '--pin', '1234', '--so-pin', '5678')
  expect((await opened({ ...settings, tokenLabel: 'later', pin: '1234' })).identity.label).toBe('later')
})

test('two who opened the same module do not end each other: closing one leaves the other at work', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const [one, other] = [await opened(settings), await opened(settings)]
  const key = await newKey(one)
  const same = await other.findKey(key.id)
  if (same === undefined) throw new Error('not found')
  const signing = Promise.all(Array.from({ length: 40 }, () => signsValidly(same)))
  await one.close()
  expect(new Set(await signing)).toEqual(new Set([true]))
  expect(await signsValidly(same)).toBe(true)
  await expect(key.sign('sha256', Buffer.alloc(32))).rejects.toMatchObject({ code: 'PKCS11_TOKEN_CLOSED' })
})

test('closing waits for what is under way', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const token = await opened({ ...settings, sessions: 2 })
  const key = await newKey(token)
  const signing = Promise.all(Array.from({ length: 20 }, () => signsValidly(key)))
  await token.close()
  expect(new Set(await signing)).toEqual(new Set([true]))
})

test('a process uses one SoftHSM2 configuration at a time, and says so', async () => {
  const one = await softHsmToken(temporaryFolder())
  const token = await openToken(one)
  const folder = temporaryFolder()
  await expect(softHsmToken(folder)).rejects.toMatchObject({ code: 'PKCS11_MODULE_IN_USE' })
  await token.close()
  expect((await opened(await softHsmToken(folder))).identity.label).toBe('test')
})

test('SOFTHSM2_CONF is as it was after a token was opened', async () => {
  const before = process.env.SOFTHSM2_CONF
  await opened(await softHsmToken(temporaryFolder()))
  expect(process.env.SOFTHSM2_CONF).toBe(before)
})

test('a token is created once, with a label that fits', async () => {
  const settings = await softHsmToken(temporaryFolder())
  await expect(createToken(settings)).rejects.toMatchObject({ code: 'PKCS11_TOKEN_EXISTS' })
  for (const tokenLabel of ['', 'ä'.repeat(17)]) {
    await expect(createToken({ ...settings, tokenLabel })).rejects.toMatchObject({ code: 'PKCS11_TOKEN_LABEL_INVALID' })
  }
  const longest = 'ä'.repeat(16)
  await createToken({ ...settings, tokenLabel: longest })
  expect((await opened({ ...settings, tokenLabel: longest })).identity.label).toBe(longest)
})

test('a number of sessions that makes no sense is refused', async () => {
  const settings = await softHsmToken(temporaryFolder())
  expect(await refusal({ ...settings, sessions: 0 })).toMatchObject({ code: 'PKCS11_SESSIONS_INVALID' })
})

const execute = promisify(execFile)
const hammerChild = fileURLToPath(new URL('../../support/pkcs11-hammer-child.ts', import.meta.url))

test('two processes at one token make 2,000 signatures: none fails, all are valid', async () => {
  const settings = await softHsmToken(temporaryFolder())
  const token = await opened(settings)
  const keys = [
    await token.generateKey({ id: randomBytes(16), label: 'rsa', algorithm: 'rsa-2048' }),
    await token.generateKey({ id: randomBytes(16), label: 'ec', algorithm: 'ec-p256' }),
  ]
  const ids = keys.map((key) => Buffer.from(key.id).toString('hex'))
  const hammer = async () =>
    JSON.parse((await execute(process.execPath, [hammerChild, JSON.stringify(settings), '1000', ...ids])).stdout)
  // Meanwhile this process writes into the token, which makes the others read it anew.
  const writing = (async () => {
    for (let i = 0; i < 10; i++) await newKey(token)
  })()
  const outcomes = await Promise.all([hammer(), hammer()])
  await writing
  for (const outcome of outcomes) expect(outcome).toEqual({ valid: 1000, invalid: 0, failures: [] })
})

test('a process that forgets to close its token ends all the same', async () => {
  const folder = temporaryFolder()
  const settings = await softHsmToken(folder)
  const script = join(folder, 'forgetful.ts')
  const door = new URL('../../../signing/pkcs11/index.ts', import.meta.url).href
  await writeFile(
    script,
    `import { openToken } from ${JSON.stringify(door)}
     const token = await openToken(${JSON.stringify(settings)})
     console.log(token.identity.label)`,
  )
  const { stdout } = await execute(process.execPath, [script], { timeout: 20_000 })
  expect(stdout).toBe('test\n')
})
