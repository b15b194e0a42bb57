import pkcs11js from 'pkcs11js'
import type { TestToken } from '../softhsm.ts'

/** A token without anything of ours in between, logged in; nobody else of this process may have its module open. */
export function cryptokiSession(settings: TestToken) {
  const module = new pkcs11js.PKCS11()
  module.load(settings.modulePath)
  process.env.SOFTHSM2_CONF = settings.softHsmConfigPath
  try {
    module.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
  } finally {
    delete process.env.SOFTHSM2_CONF
  }
  const slot = module.C_GetSlotList(true).find((each) => module.C_GetTokenInfo(each).label.startsWith('test'))
  if (slot === undefined) throw new Error('There is no token')
  const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
  module.C_Login(session, pkcs11js.CKU_USER, settings.pin)
  return {
    module,
    session,
    objects(id: Buffer) {
      module.C_FindObjectsInit(session, [{ type: pkcs11js.CKA_ID, value: id }])
      const objects = module.C_FindObjects(session, 10)
      module.C_FindObjectsFinal(session)
      return objects
    },
    /** A key pair, RSA 2048, whose private half has CKA_ALWAYS_AUTHENTICATE. */
    generateStrictKey(id: Buffer) {
      const both = [
        { type: pkcs11js.CKA_TOKEN, value: true },
        { type: pkcs11js.CKA_ID, value: id },
      ]
      module.C_GenerateKeyPair(
        session,
        { mechanism: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN },
        [
          ...both,
          { type: pkcs11js.CKA_VERIFY, value: true },
          { type: pkcs11js.CKA_MODULUS_BITS, value: 2048 },
          { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
        ],
        [
          ...both,
          { type: pkcs11js.CKA_PRIVATE, value: true },
          { type: pkcs11js.CKA_SENSITIVE, value: true },
          { type: pkcs11js.CKA_SIGN, value: true },
          { type: pkcs11js.CKA_ALWAYS_AUTHENTICATE, value: true },
        ],
      )
    },
    end() {
      module.C_Finalize()
      module.close()
    },
  }
}
