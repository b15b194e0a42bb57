import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  verify,
} from 'node:crypto'
import pkcs11js from 'pkcs11js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sealKey } from '../../../cli/seal-key.ts'
import { openToken, type Token } from '../../../signing/pkcs11/index.ts'
import { softHsmToken, type TestToken } from '../../support/softhsm.ts'
import { suiteFolder } from '../../support/suite-folder.ts'

const folder = suiteFolder()
let settings: TestToken
let token: Token
const transportId = Buffer.from('transport')
let transportKey: string

beforeAll(async () => {
  settings = await softHsmToken(folder)
  token = await openToken(settings)
  const made = await token.generateKey({ id: transportId, label: 'transport', algorithm: 'rsa-3072', use: 'unwrap' })
  transportKey = Buffer.from(made.publicKey).toString('base64')
})

afterAll(() => token?.close())

const keyPairs = {
  'rsa-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'rsa-3072': () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
  'rsa-4096': () => generateKeyPairSync('rsa', { modulusLength: 4096 }),
  'ec-p256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ec-p384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'ec-p521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
}

function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' })
}

/** What a key is brought in with; its private half encrypted for the transport key, or what is given instead. */
function request(privateKey: KeyObject, wrapped?: { readonly wrappedSecret?: Buffer; readonly wrappedKey?: Buffer }) {
  const sealed = sealKey(privateKey.export({ type: 'pkcs8', format: 'der' }), transportKey)
  return {
    id: randomBytes(16),
    label: 'imported',
    publicKey: spkiOf(privateKey),
    transportId,
    wrappedSecret: Buffer.from(sealed.wrappedSecret, 'base64'),
    wrappedKey: Buffer.from(sealed.wrappedKey, 'base64'),
    ...wrapped,
  }
}

const flagTypes = [
  pkcs11js.CKA_TOKEN,
  pkcs11js.CKA_SENSITIVE,
  pkcs11js.CKA_EXTRACTABLE,
  pkcs11js.CKA_SIGN,
  pkcs11js.CKA_DECRYPT,
  pkcs11js.CKA_UNWRAP,
  pkcs11js.CKA_LOCAL,
]

/** The objects with an id as the binding shows them: class and some attributes of each. */
function objectsWith(id: Uint8Array) {
  const module = new pkcs11js.PKCS11()
  module.load(settings.modulePath)
  const slot = module.C_GetSlotList(true).find((each) => module.C_GetTokenInfo(each).label.trim() === 'test')
  if (slot === undefined) throw new Error('no token')
  const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
  const value = (object: Buffer, type: number) =>
    module.C_GetAttributeValue(session, object, [{ type }])[0]?.value as Buffer
  // A public key has not all of the private one's.
  const hasFlag = (object: Buffer, type: number) => {
    try {
      return value(object, type)[0] === 1
    } catch {
      return undefined
    }
  }
  try {
    module.C_FindObjectsInit(session, [{ type: pkcs11js.CKA_ID, value: Buffer.from(id) }])
    const found = module.C_FindObjects(session, 10)
    module.C_FindObjectsFinal(session)
    return found.map((object) => ({
      isPrivate: value(object, pkcs11js.CKA_CLASS).readUInt32LE() === pkcs11js.CKO_PRIVATE_KEY,
      flags: new Map(flagTypes.map((type) => [type, hasFlag(object, type)])),
      destroy: () => {
        const other = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
        module.C_DestroyObject(other, object)
        module.C_CloseSession(other)
      },
    }))
  } finally {
    module.C_CloseSession(session)
  }
}

describe.each(Object.keys(keyPairs) as (keyof typeof keyPairs)[])(
  'a key of type %s that is brought in',
  (algorithm) => {
    test('signs as its public key wants, can do nothing else, and cannot be read', async () => {
      const { privateKey, publicKey } = keyPairs[algorithm]()
      const given = request(privateKey)
      const key = await token.importKey(given)
      expect(key).toMatchObject({ algorithm, label: 'imported' })
      const message = randomBytes(100)
      const signature = await key.sign('sha256', createHash('sha256').update(message).digest())
      expect(verify('sha256', message, publicKey, signature)).toBe(true)
      const half = objectsWith(given.id).find(({ isPrivate }) => isPrivate)
      const is = (type: number) => half?.flags.get(type)
      expect([is(pkcs11js.CKA_TOKEN), is(pkcs11js.CKA_SENSITIVE), is(pkcs11js.CKA_SIGN)]).toEqual([true, true, true])
      const never = [pkcs11js.CKA_EXTRACTABLE, pkcs11js.CKA_DECRYPT, pkcs11js.CKA_UNWRAP, pkcs11js.CKA_LOCAL]
      expect(never.map(is)).toEqual([false, false, false, false])
    })
  },
)

describe('a key that is brought in', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  test('is brought in once, however often, also when the transport key is gone', async () => {
    const given = request(privateKey)
    await token.importKey(given)
    const again = await token.importKey({ ...given, transportId: Buffer.from('gone') })
    expect(Buffer.from(again.publicKey)).toEqual(spkiOf(privateKey))
    expect(objectsWith(given.id)).toHaveLength(2)
  })

  test.each([true, false])('replaces a half that an interruption left behind (private: %s)', async (left) => {
    const given = request(privateKey)
    await token.importKey(given)
    for (const object of objectsWith(given.id)) if (object.isPrivate !== left) object.destroy()
    await token.importKey(given)
    expect(
      objectsWith(given.id)
        .map(({ isPrivate }) => isPrivate)
        .sort(),
    ).toEqual([false, true])
  })

  test('is refused and leaves nothing when it is another than was announced, or not encrypted for the token', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const refusals = [
      [{ ...request(other), publicKey: spkiOf(privateKey) }, 'PKCS11_KEY_NOT_PAIRED'],
      [request(privateKey, { wrappedSecret: randomBytes(384) }), 'PKCS11_UNWRAP_FAILED'],
      [request(privateKey, { wrappedKey: randomBytes(144) }), 'PKCS11_UNWRAP_FAILED'],
      [request(privateKey, { wrappedKey: randomBytes(7) }), 'PKCS11_UNWRAP_FAILED'],
      [request(privateKey, { wrappedKey: request(rsa).wrappedKey }), 'PKCS11_UNWRAP_FAILED'],
      [{ ...request(privateKey), publicKey: Buffer.from('3000', 'hex') }, 'PKCS11_KEY_UNSUPPORTED'],
      [{ ...request(privateKey), transportId: Buffer.from('none') }, 'PKCS11_KEY_NOT_FOUND'],
    ] as const
    for (const [given, code] of refusals) {
      await expect(token.importKey(given)).rejects.toMatchObject({ code })
      expect(objectsWith(given.id)).toEqual([])
    }
  })

  test('that is an RSA key and announced as an EC one leaves nothing', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const given = { ...request(rsa), publicKey: spkiOf(privateKey) }
    await expect(token.importKey(given)).rejects.toMatchObject({ code: 'PKCS11_UNWRAP_FAILED' })
    expect(objectsWith(given.id)).toEqual([])
  })
})

test('a transport key unwraps keys and does nothing else', () => {
  const half = objectsWith(transportId).find(({ isPrivate }) => isPrivate)
  const is = (type: number) => half?.flags.get(type)
  expect(is(pkcs11js.CKA_UNWRAP)).toBe(true)
  const never = [pkcs11js.CKA_SIGN, pkcs11js.CKA_DECRYPT, pkcs11js.CKA_EXTRACTABLE]
  expect(never.map(is)).toEqual([false, false, false])
})

test('a key pair that is destroyed is gone for every session, and destroying it again finds nothing', async () => {
  const given = request(
    createPrivateKey(
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ),
  )
  const key = await token.importKey(given)
  const digest = createHash('sha256').update('x').digest()
  await Promise.all(Array.from({ length: 8 }, () => key.sign('sha256', digest)))
  expect(await token.destroyKey(given.id)).toBe(true)
  expect(objectsWith(given.id)).toEqual([])
  expect(await token.findKey(given.id)).toBeUndefined()
  await expect(key.sign('sha256', digest)).rejects.toMatchObject({ code: 'PKCS11_KEY_NOT_FOUND' })
  expect(await token.destroyKey(given.id)).toBe(false)
})
