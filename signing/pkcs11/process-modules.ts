import { realpath } from 'node:fs/promises'
import { SigningError } from '../signing-error.ts'
import { SharedModule } from './shared-module.ts'

/**
 * The modules in use by this process, by real path. What a PKCS#11 module knows of its callers is one state per process,
 * so is this: it must be found by every copy of this code, whoever loaded it.
 */
const processModules = Symbol.for('countersign.pkcs11.modules')

/**
 * Finds the module, or its first user's share of it.
 *
 * @throws SigningError `PKCS11_MODULE_NOT_FOUND`, `PKCS11_MODULE_IN_USE`
 */
export async function shareModule(modulePath: string, softHsmConfigPath: string | undefined): Promise<SharedModule> {
  const path = await realpath(modulePath).catch((cause: unknown) => {
    throw new SigningError(
      'PKCS11_MODULE_NOT_FOUND',
      `There is no PKCS#11 module at '${modulePath}'. The path of the HSM's library is needed, such as /usr/lib/softhsm/libsofthsm2.so.`,
      { cause },
    )
  })
  const registry = globalThis as { [processModules]?: Map<string, SharedModule> }
  registry[processModules] ??= new Map()
  const modules = registry[processModules]
  const shared = modules.get(path) ?? new SharedModule(path)
  modules.set(path, shared)
  shared.enter(softHsmConfigPath ?? process.env.SOFTHSM2_CONF)
  return shared
}
