import { defaultKeyStore, type KeyStoreName } from '../domain/index.ts'
import type { OpenTokenOptions } from '../signing/pkcs11/index.ts'
import { environmentVariable, required, type Settings } from './configuration.ts'
import { readSecret } from './setting-files.ts'

/**
 * The key stores that a signer opens: `default` of the `pkcs11…` settings, and those that `keyStores` names. Where
 * `keyStores` names any, the first need not be there.
 *
 * @param softHsmConfigPath for SoftHSM2 only: its configuration file, one for all tokens of the process
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `SECRET_FILE_UNREADABLE`
 */
export function configuredKeyStores(
  settings: Settings,
  softHsmConfigPath: string | undefined,
): ReadonlyMap<KeyStoreName, OpenTokenOptions> {
  const softHsm = softHsmConfigPath === undefined ? {} : { softHsmConfigPath }
  const stores = new Map<KeyStoreName, OpenTokenOptions>()
  const further = Object.entries(settings.keyStores)
  if (further.length === 0 || settings.pkcs11Module !== undefined) {
    const { pkcs11TokenSerialNumber: tokenSerialNumber, pkcs11Sessions: sessions } = settings
    stores.set(defaultKeyStore, {
      modulePath: required(settings, 'pkcs11Module', 'signer'),
      tokenLabel: required(settings, 'pkcs11Token', 'signer'),
      pin: required(settings, 'pkcs11Pin', 'signer'),
      callLimitMs: settings.pkcs11CallTimeout * 1000,
      ...(tokenSerialNumber !== undefined && { tokenSerialNumber }),
      ...(sessions !== undefined && { sessions }),
      ...softHsm,
    })
  }
  for (const [name, { module, token, pinFile, callTimeout, tokenSerialNumber, sessions }] of further)
    stores.set(name as KeyStoreName, {
      modulePath: module,
      tokenLabel: token,
      pin: readSecret(pinFile, `${environmentVariable('keyStores')} (${name}: pinFile)`),
      callLimitMs: (callTimeout ?? settings.pkcs11CallTimeout) * 1000,
      ...(tokenSerialNumber !== undefined && { tokenSerialNumber }),
      ...(sessions !== undefined && { sessions }),
      ...softHsm,
    })
  return stores
}
