import { randomBytes, randomUUID } from 'node:crypto'
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { createToken } from '../../signing/pkcs11/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { replaceFile, syncToDisk, writeNewFile } from '../whole-file.ts'

/** All that `openToken` needs for the embedded token. */
export interface PreparedSoftHsm {
  readonly modulePath: string
  readonly tokenLabel: string
  readonly pin: string
  /** The SoftHSM2 configuration of this data directory. */
  readonly configPath: string
}

const folderName = 'softhsm'
const tokenLabel = 'countersign'

/** SoftHSM2 reads its configuration in lines of 1024 bytes, which name the data directory and more. */
const longestPath = 900

/** Where packages put SoftHSM2: Debian, Fedora, Arch, from source, Homebrew on Apple silicon and on Intel. */
const usualModulePaths: readonly string[] = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm2.so',
  '/usr/lib64/libsofthsm2.so',
  '/usr/lib/pkcs11/libsofthsm2.so',
  '/usr/lib/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/opt/softhsm/lib/softhsm/libsofthsm2.so',
  '/usr/local/opt/softhsm/lib/softhsm/libsofthsm2.so',
]

/** `pins.json`: made once with the token, read on every start. */
const pinsSchema = z.object({ soPin: z.string().min(1), pin: z.string().min(1) })

/**
 * Opens the SoftHSM2 token of a data directory, making it on the first start: `softhsm/` with `softhsm2.conf`, `tokens/`
 * and `pins.json` (mode 0600, random PINs). The folder appears as a whole: what a killed first start leaves behind does
 * not count and is removed, and of several processes that start at once all end up with the same token. A folder that
 * is there is never made anew, because keys may be in it.
 *
 * @param options.modulePath the SoftHSM2 library; by default what COUNTERSIGN_PKCS11_MODULE says, or a usual place
 * @throws SigningError `SOFTHSM_NOT_FOUND`, `SOFTHSM_TOKEN_DAMAGED`, `SOFTHSM_DATA_DIRECTORY_UNUSABLE`, and those of `createToken`
 */
export async function prepareSoftHsm(options: {
  readonly dataDirectory: string
  readonly modulePath?: string | undefined
}): Promise<PreparedSoftHsm> {
  const dataDirectory = resolve(options.dataDirectory)
  if (/[#=\r\n]/.test(dataDirectory) || Buffer.byteLength(dataDirectory) > longestPath) {
    throw new SigningError(
      'SOFTHSM_DATA_DIRECTORY_UNUSABLE',
      `SoftHSM2 cannot be configured for ${JSON.stringify(dataDirectory)}: the path must not contain '#', '=' or line breaks, nor have more than ${longestPath} bytes.`,
    )
  }
  const modulePath = await findSoftHsm(options.modulePath ?? process.env.COUNTERSIGN_PKCS11_MODULE)
  const folder = join(dataDirectory, folderName)
  if (!(await exists(folder))) await makeFolder(modulePath, dataDirectory, folder)

  const { pin } = await readPins(folder)
  if (!(await exists(join(folder, 'tokens')))) throw damaged(folder, 'tokens/ is missing')
  await removeLeftovers(dataDirectory)
  // Written at each start, because it holds an absolute path and data directories are moved.
  const configPath = await writeConfiguration(folder)
  return { modulePath, tokenLabel, pin, configPath }
}

/**
 * Finds the SoftHSM2 library.
 *
 * @param configured the only path to look at, if given
 * @throws SigningError `SOFTHSM_NOT_FOUND`
 */
export async function findSoftHsm(configured: string | undefined): Promise<string> {
  for (const path of configured === undefined ? usualModulePaths : [configured]) {
    if (await exists(path)) return path
  }
  const problem = configured === undefined ? 'in none of the usual places' : `not at '${configured}'`
  throw new SigningError(
    'SOFTHSM_NOT_FOUND',
    `SoftHSM2 was looked for and is ${problem}. Install it (apt-get install softhsm2, dnf install softhsm, ` +
      'brew install softhsm), or set COUNTERSIGN_PKCS11_MODULE to the path of libsofthsm2.so.',
  )
}

async function makeFolder(modulePath: string, dataDirectory: string, folder: string): Promise<void> {
  const making = join(dataDirectory, `.${folderName}-${randomUUID()}`)
  await mkdir(join(making, 'tokens'), { recursive: true, mode: 0o700 })
  try {
    const pins = { soPin: randomPin(), pin: randomPin() }
    await writeNewFile(join(making, 'pins.json'), `${JSON.stringify(pins)}\n`)
    const softHsmConfigPath = await writeConfiguration(making)
    await createToken({ modulePath, tokenLabel, ...pins, softHsmConfigPath })
    await syncTree(making)
    await rename(making, folder)
    await syncToDisk(dataDirectory)
  } catch (failure) {
    await rm(making, { recursive: true, force: true })
    // Another process may have been faster: a folder that is not empty cannot be replaced.
    if (!(await exists(folder))) throw failure
  }
}

async function readPins(folder: string): Promise<z.infer<typeof pinsSchema>> {
  let content: string
  try {
    content = await readFile(join(folder, 'pins.json'), 'utf8')
  } catch (cause) {
    throw damaged(folder, 'pins.json cannot be read', cause)
  }
  // Without its cause: it would quote the file, and the file holds the PINs.
  try {
    return pinsSchema.parse(JSON.parse(content))
  } catch {
    throw damaged(folder, 'pins.json does not hold the two PINs')
  }
}

async function writeConfiguration(folder: string): Promise<string> {
  const path = join(folder, 'softhsm2.conf')
  const content = [
    `directories.tokendir = ${join(folder, 'tokens')}`,
    'objectstore.backend = file',
    'log.level = ERROR',
    'slots.removable = false',
    '',
  ].join('\n')
  if ((await readFile(path, 'utf8').catch(() => undefined)) === content) return path
  await replaceFile(path, content)
  return path
}

/** Removes the folders that first starts left when they were killed. */
async function removeLeftovers(dataDirectory: string): Promise<void> {
  for (const name of await readdir(dataDirectory)) {
    if (name.startsWith(`.${folderName}-`)) await rm(join(dataDirectory, name), { recursive: true, force: true })
  }
}

function randomPin(): string {
  return randomBytes(24).toString('base64url')
}

/** SoftHSM2 leaves it to the operating system when its files reach the disk. */
async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    await (entry.isDirectory() ? syncTree(path) : syncToDisk(path))
  }
  await syncToDisk(folder)
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

function damaged(folder: string, problem: string, cause?: unknown): SigningError {
  return new SigningError(
    'SOFTHSM_TOKEN_DAMAGED',
    `The token in ${folder} cannot be used: ${problem}. Put the folder back from a backup; only if no key in it is needed any more, remove it, and it is made anew.`,
    { cause },
  )
}
