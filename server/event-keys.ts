import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Instant, type ProcessKeyStatement, type ProcessRole, processRoles } from '../domain/index.ts'
import { type AppendSigner, processKeyId, statementMessage } from '../event-log/index.ts'
import { ConfigurationError } from './configuration-error.ts'
import { makingKeys } from './secret-keys.ts'
import { readIfThere, replaceFile } from './whole-file.ts'

/** The key that a process signs its appends with, and what it may write. */
export type EventKey = AppendSigner & { readonly roles: readonly ProcessRole[] }

const keyFile = z.strictObject({
  privateKey: z.base64(),
  roles: z.array(z.enum(processRoles)).min(1),
  notBefore: z.iso.datetime({ precision: 3 }),
  notAfter: z.iso.datetime({ precision: 3 }).nullable(),
  signature: z.base64(),
})

/**
 * Reads a process's key: JSON with `privateKey` (Ed25519, DER PKCS #8, base64), `roles`, `notBefore`, `notAfter` and the
 * installation key's `signature` over them.
 *
 * @throws ConfigurationError `EVENT_KEY_MALFORMED`, and `EVENT_KEY_NOT_CERTIFIED` when no installation key signed it
 */
export function parseEventKey(text: string, installationKeys: readonly KeyObject[]): EventKey {
  const { privateKey, roles, notBefore, notAfter, signature } = parseKeyFile(text)
  const key = readPrivateKey(privateKey)
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const statement: ProcessKeyStatement = { publicKey: publicKey.toString('base64'), roles, notBefore, notAfter }
  const message = statementMessage(statement)
  const keyId = processKeyId(publicKey)
  if (!installationKeys.some((each) => verify(null, message, each, Buffer.from(signature, 'base64'))))
    throw new ConfigurationError(
      'EVENT_KEY_NOT_CERTIFIED',
      `The event key ${keyId} is not signed by an installation key that COUNTERSIGN_INSTALLATION_KEY names, or what it says of itself was changed. Set both as they were made together.`,
    )
  return {
    keyId,
    roles,
    certification: { schemaVersion: 1, ...statement, signature },
    sign: (bytes) => sign(null, bytes, key),
  }
}

/**
 * Reads the installation's public keys: PEM, one block a key (RFC 7468 §13, RFC 8410). Several stand there while one
 * replaces another.
 *
 * @throws ConfigurationError `INSTALLATION_KEY_MALFORMED`
 */
export function parseInstallationKeys(text: string): readonly [KeyObject, ...KeyObject[]] {
  const malformed = (cause?: unknown) =>
    new ConfigurationError(
      'INSTALLATION_KEY_MALFORMED',
      'COUNTERSIGN_INSTALLATION_KEY must hold Ed25519 public keys in PEM: -----BEGIN PUBLIC KEY----- …',
      { cause },
    )
  const blocks = text.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? []
  const [first, ...others] = blocks.map((block) => {
    try {
      return createPublicKey(block)
    } catch (cause) {
      throw malformed(cause)
    }
  })
  if (first === undefined || [first, ...others].some(({ asymmetricKeyType }) => asymmetricKeyType !== 'ed25519'))
    throw malformed()
  return [first, ...others]
}

/** A key of an installation, Ed25519. Its private part certifies keys of processes, and belongs where no process is. */
export type InstallationKey = { readonly privateKey: KeyObject; readonly publicKeyPem: string }

/** Makes an installation key. */
export function newInstallationKey(): InstallationKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey, publicKeyPem: String(publicKey.export({ format: 'pem', type: 'spki' })) }
}

/** Makes a key for a process, certified from the beginning of that day (UTC) on, as {@link parseEventKey} reads it. */
export function newEventKey(installationKey: KeyObject, roles: readonly ProcessRole[], at: Instant): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const statement: ProcessKeyStatement = {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    roles,
    notBefore: `${at.slice(0, 10)}T00:00:00.000Z`,
    notAfter: null,
  }
  const { notBefore, notAfter } = statement
  return `${JSON.stringify({
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    roles,
    notBefore,
    notAfter,
    signature: sign(null, statementMessage(statement), installationKey).toString('base64'),
  })}\n`
}

/** What the settings of a process say about keys of events. */
export type EventKeySettings = { readonly eventKey: string; readonly installationKey: string }

const eventKeyFile = 'event.key'
const installationKeyFile = 'installation-key.pem'

/**
 * The keys of a service that runs all by itself in a data directory: one process, one key for all roles. They are made
 * once, also when several processes begin at once. The private part of the installation key is not kept: nothing is to be
 * certified with it later.
 */
export async function keepEventKeys(data: string): Promise<EventKeySettings> {
  const known = await readEventKeys(data)
  if (known !== undefined) return known
  await mkdir(data, { recursive: true, mode: 0o700 })
  return makingKeys(data, async () => (await readEventKeys(data)) ?? (await makeEventKeys(data)))
}

async function makeEventKeys(data: string): Promise<EventKeySettings> {
  const { privateKey, publicKeyPem } = newInstallationKey()
  // A key that was lost leaves events behind that only its installation key vouches for.
  const earlier = (await readIfThere(join(data, installationKeyFile))) ?? ''
  const keys = {
    eventKey: newEventKey(privateKey, processRoles, new Date().toISOString()),
    installationKey: `${publicKeyPem}${earlier}`,
  }
  await replaceFile(join(data, installationKeyFile), keys.installationKey)
  await replaceFile(join(data, eventKeyFile), keys.eventKey)
  return keys
}

/** The keys that {@link keepEventKeys} made in a data directory; `undefined` when there are none. */
export async function readEventKeys(data: string): Promise<EventKeySettings | undefined> {
  const eventKey = await readIfThere(join(data, eventKeyFile))
  const installationKey = await readIfThere(join(data, installationKeyFile))
  return eventKey === undefined || installationKey === undefined ? undefined : { eventKey, installationKey }
}

function parseKeyFile(text: string): z.output<typeof keyFile> {
  try {
    return keyFile.parse(JSON.parse(text))
  } catch (error) {
    // Neither the parser's nor the schema's message is passed on: they may quote the key.
    const where =
      error instanceof z.ZodError ? ` Wrong: ${error.issues.map(({ path }) => path.join('.')).join(', ')}.` : ''
    throw new ConfigurationError(
      'EVENT_KEY_MALFORMED',
      `COUNTERSIGN_EVENT_KEY must be the JSON that deploy/make-secrets.sh writes: privateKey, roles, notBefore, notAfter, signature.${where}`,
    )
  }
}

function readPrivateKey(base64: string): KeyObject {
  try {
    const key = createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'pkcs8' })
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Said below: OpenSSL's message helps nobody here.
  }
  throw new ConfigurationError(
    'EVENT_KEY_MALFORMED',
    'The privateKey of COUNTERSIGN_EVENT_KEY must be an Ed25519 key, DER PKCS #8 in base64.',
  )
}
