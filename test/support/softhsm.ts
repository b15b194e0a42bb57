import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
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
  const token = await configureSoftHsm(folder, configuration)
  await createToken(token)
  return token
}

/** The files of a token that SoftHSM2 has just made, by their paths among its tokens. */
let newToken: ReadonlyMap<string, Buffer> | undefined

/**
 * The same without further lines: the first of a process is made, the others are copies of its files. They have its serial number,
 * and making one takes a tenth of a second of processor time.
 */
export async function softHsmTokenCopy(folder: string): Promise<TestToken> {
  if (newToken === undefined) {
    const token = await softHsmToken(folder)
    newToken = await filesIn(token.tokensFolder)
    return token
  }
  const token = await configureSoftHsm(folder)
  for (const [path, bytes] of newToken) {
    await mkdir(dirname(join(token.tokensFolder, path)), { recursive: true })
    await writeFile(join(token.tokensFolder, path), bytes, { mode: 0o600 })
  }
  return token
}

async function configureSoftHsm(folder: string, configuration: readonly string[] = []): Promise<TestToken> {
  const modulePath = await findSoftHsm(process.env.COUNTERSIGN_PKCS11_MODULE)
  const tokensFolder = join(folder, 'tokens')
  const softHsmConfigPath = join(folder, 'softhsm2.conf')
  await mkdir(tokensFolder, { recursive: true })
  const lines = [`directories.tokendir = ${tokensFolder}`, 'objectstore.backend = file', 'log.level = ERROR']
  await writeFile(softHsmConfigPath, [...lines, ...configuration, ''].join('\n'))
  const pins = { soPin: 'officer-4711', pin: 'user-0815' }
  return { modulePath, tokenLabel: 'test', ...pins, softHsmConfigPath, tokensFolder }
}

async function filesIn(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return new Map(await Promise.all(files.map(async (path) => [relative(folder, path), await readFile(path)] as const)))
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
