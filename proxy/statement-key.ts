import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { NodeStatementKey } from '../domain/index.ts'
import { ProxyError } from './proxy-error.ts'

/** The key by which a proxy signs statements about nodes. */
export type StatementKey = NodeStatementKey & {
  /** Its Ed25519 signature of these bytes. */
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

/**
 * Reads the key of a proxy from its file, PEM, and makes it where there is no such file yet: readable by its owner alone.
 *
 * @throws ProxyError `PROXY_STATEMENT_KEY_INVALID`
 */
export async function openStatementKey(file: string): Promise<StatementKey> {
  const key = await readKey(file)
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    keyId: createHash('sha256').update(der).digest('hex'),
    publicKey: der.toString('base64'),
    sign: (bytes) => sign(null, bytes, key),
  }
}

async function readKey(file: string): Promise<KeyObject> {
  try {
    await makeKey(file)
    const key = createPrivateKey(await readFile(file))
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // What OpenSSL says of a key that it cannot read does not get into a message.
    throw invalid(
      file,
      code === undefined || code.startsWith('ERR_') ? 'is no private key in PEM' : `cannot be read or made (${code})`,
    )
  }
  throw invalid(file, 'is a key of another kind')
}

async function makeKey(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  try {
    await using handle = await open(file, 'wx', 0o600)
    const { privateKey } = generateKeyPairSync('ed25519')
    await handle.writeFile(privateKey.export({ format: 'pem', type: 'pkcs8' }))
    await handle.sync()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function invalid(file: string, why: string): ProxyError {
  return new ProxyError(
    'PROXY_STATEMENT_KEY_INVALID',
    `The key of statements, ${file}, ${why}. It is an Ed25519 key in PEM; where there is no file, the proxy makes one.`,
  )
}
