import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultKeyStore, type KeyStoreName } from '../../domain/index.ts'
import { findSoftHsm } from '../../server/embedded/softhsm.ts'
import { createToken, type KeyStores, type OpenTokenOptions, openKeyStores } from '../../signing/pkcs11/index.ts'

/** A SoftHSM2 token that only one test knows of. */
export interface TestToken extends OpenTokenOptions {
  readonly soPin: string
  readonly softHsmConfigPath: string
  /** Where SoftHSM2 keeps its tokens, each in a folder of its own. */
  readonly tokensFolder: string
}

/**
 * Makes a token in `folder`. A process can use one SoftHSM2 configuration at a time, so a test closes one such token
 * before it opens another; several test files run in processes of their own.
 *
 * @param configuration further lines of softhsm2.conf
 */
export async function softHsmToken(folder: string, configuration: readonly string[] = []): Promise<TestToken> {
  const modulePath = await findSoftHsm(process.env.COUNTERSIGN_PKCS11_MODULE)
  const tokensFolder = join(folder, 'tokens')
  const softHsmConfigPath = join(folder, 'softhsm2.conf')
  await mkdir(tokensFolder, { recursive: true })
  const lines = [`directories.tokendir = ${tokensFolder}`, 'objectstore.backend = file', 'log.level = ERROR']
  await writeFile(softHsmConfigPath, [...lines, ...configuration, ''].join('\n'))
  const pins = { soPin: 'officer-4711', pin: 'user-0815' }
  const token = { modulePath, tokenLabel: 'test', ...pins, softHsmConfigPath, tokensFolder }
  await createToken(token)
  return token
}

/**
 * Opens a token as the key store `default`, and makes another one beside it for each further key store, which is labelled
 * with its name.
 */
export async function openTestKeyStores(token: TestToken, further: readonly KeyStoreName[] = []): Promise<KeyStores> {
  const stores = new Map<KeyStoreName, OpenTokenOptions>([[defaultKeyStore, token]])
  for (const name of further) {
    const other = { ...token, tokenLabel: name }
    await createToken(other)
    stores.set(name, other)
  }
  return openKeyStores(stores, (_, error) => {
    throw error
  })
}
