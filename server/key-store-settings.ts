import { z } from 'zod'
import { defaultKeyStore } from '../domain/index.ts'

/** A key store beside the one of the `pkcs11…` settings. */
const keyStore = z.strictObject({
  /** The PKCS#11 library of the HSM. */
  module: z.string().min(1),
  /** The token's label. */
  token: z.string().min(1),
  /** The token's serial number, where several of the module share the label. */
  tokenSerialNumber: z.string().min(1).optional(),
  /** A file with the user PIN. */
  pinFile: z.string().min(1),
  /** How many sessions the token is given, hence signatures at once. */
  sessions: z.int().min(1).max(64).optional(),
  /** How long one call of the module may take, in seconds. */
  callTimeout: z.int().min(1).max(600).optional(),
})

/** Further key stores by name: an object, in the environment as JSON. */
export const keyStoresSetting = z.preprocess(
  (value) => (typeof value === 'string' ? parsedObject(value) : value),
  z
    .record(
      z
        .string()
        .regex(
          /^[a-z0-9][a-z0-9-]{0,62}$/,
          'a name must be 1 to 63 lower-case letters, digits or hyphens and begin with a letter or digit',
        )
        .refine(
          (name) => name !== defaultKeyStore,
          `the key store ${defaultKeyStore} is the one of the settings pkcs11…`,
        ),
      keyStore,
      'must be an object of key stores by name, such as {"hsm-2":{"module":"…","token":"…","pinFile":"…"}}',
    )
    .default({}),
)

/** The settings of one key store. */
export type KeyStoreSettings = z.output<typeof keyStore>

function parsedObject(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
