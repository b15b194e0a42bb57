import { expect, onTestFinished, test } from 'vitest'
import { defaultKeyStore, type KeyStoreName, parseKeyStoreName } from '../../../domain/index.ts'
import { createToken, type KeyStores, type OpenTokenOptions, openKeyStores } from '../../../signing/pkcs11/index.ts'
import type { SigningError } from '../../../signing/signing-error.ts'
import { softHsmToken } from '../../support/softhsm.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const second = parseKeyStoreName('second')

/** A token, the same with another label, which is not there, and a way to open key stores. */
async function place() {
  const token = await softHsmToken(temporaryFolder())
  const other = { ...token, tokenLabel: 'other' }
  const unreachable: KeyStoreName[] = []
  async function open(stores: readonly (readonly [KeyStoreName, OpenTokenOptions])[]): Promise<KeyStores> {
    const opened = await openKeyStores(new Map(stores), (name) => unreachable.push(name))
    onTestFinished(() => opened.close())
    return opened
  }
  const fails = (stores: readonly (readonly [KeyStoreName, OpenTokenOptions])[]): Promise<SigningError> =>
    open(stores).then(
      () => {
        throw new Error('It was opened.')
      },
      (error: SigningError) => error,
    )
  return { token, other, unreachable, open, fails }
}

test('key stores of one module are used side by side, each by its own name and PIN', async () => {
  const { token, other, open, unreachable } = await place()
  const otherPin = { ...other, pin: 'another-pin' }
  await createToken(otherPin)
  const stores = await open([
    [defaultKeyStore, token],
    [second, otherPin],
  ])
  expect(stores.names).toEqual(['default', 'second'])
  const id = Buffer.from('0a0b', 'hex')
  const made = await (await stores.open(second)).generateKey({ id, label: 'x', algorithm: 'ec-p256' })
  expect(await (await stores.open(defaultKeyStore)).findKey(id)).toBeUndefined()
  expect((await (await stores.open(second)).findKey(id))?.publicKey).toEqual(made.publicKey)
  expect((await stores.open(second)).identity.label).toBe('other')
  expect(unreachable).toEqual([])
})

test('a key store that is not configured is named, with those that are', async () => {
  const { token, open } = await place()
  const stores = await open([[defaultKeyStore, token]])
  await expect(stores.open(second)).rejects.toMatchObject({
    code: 'KEY_STORE_NOT_CONFIGURED',
    transient: true,
    message: 'The key store second is not configured on this signer, which has: default.',
  })
})

test('one that cannot be reached does not keep the others from work, and is opened once it is there', async () => {
  const { token, other, open, unreachable } = await place()
  const stores = await open([
    [defaultKeyStore, token],
    [second, other],
  ])
  expect(unreachable).toEqual(['second'])
  expect((await stores.open(defaultKeyStore)).identity.label).toBe('test')
  await expect(stores.open(second)).rejects.toMatchObject({
    code: 'PKCS11_TOKEN_NOT_FOUND',
    message: expect.stringContaining('Key store second: '),
  })
  await createToken(other)
  expect((await stores.open(second)).identity.label).toBe('other')
})

test('a start where none can be reached fails', async () => {
  const { other, fails } = await place()
  expect(await fails([[second, other]])).toMatchObject({ code: 'PKCS11_TOKEN_NOT_FOUND' })
})

test('a wrong PIN fails the start, whatever else can be opened, and is in no message', async () => {
  const { token, other, fails } = await place()
  await createToken(other)
  const wrong = { ...other, pin: 'wrong-pin-123' }
  const error = await fails([
    [defaultKeyStore, token],
    [second, wrong],
  ])
  expect(error).toMatchObject({ code: 'PKCS11_PIN_INCORRECT', message: expect.stringContaining('Key store second: ') })
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    expect(`${cause.message} ${JSON.stringify(cause)}`).not.toContain(wrong.pin)
})

test('a PIN that turns out to be wrong later is given to the token once', async () => {
  const { token, other, open } = await place()
  const stores = await open([
    [defaultKeyStore, token],
    [second, { ...other, pin: 'wrong-pin-123' }],
  ])
  await createToken(other)
  const failure = () => stores.open(second).catch((error: unknown) => error)
  const first = await failure()
  expect(first).toMatchObject({ code: 'PKCS11_PIN_INCORRECT' })
  // The same failure, not another one like it: the token was not asked again.
  expect(await failure()).toBe(first)
})
