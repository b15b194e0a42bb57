import { readFileSync } from 'node:fs'
import { environmentVariable, type Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'

/** What a connection proves by TLS, both ways: PEM, as Node and the libraries take it. */
export type TlsMaterial = {
  /** The authorities that the server's certificate must lead to; those of the system when not given. */
  readonly authorities: Buffer | undefined
  /** Who we are, where the server wants to know. */
  readonly client: { readonly certificate: Buffer; readonly key: Buffer } | undefined
}

const names = {
  eventLog: {
    enabled: 'eventLogTls',
    ca: 'eventLogTlsCa',
    certificate: 'eventLogTlsCertificate',
    key: 'eventLogTlsKey',
  },
  temporal: {
    enabled: 'temporalTls',
    ca: 'temporalTlsCa',
    certificate: 'temporalTlsCertificate',
    key: 'temporalTlsKey',
  },
  readModel: {
    enabled: 'readModelTls',
    ca: 'readModelTlsCa',
    certificate: 'readModelTlsCertificate',
    key: 'readModelTlsKey',
  },
  personKeys: {
    enabled: 'personKeysTls',
    ca: 'personKeysTlsCa',
    certificate: 'personKeysTlsCertificate',
    key: 'personKeysTlsKey',
  },
  activityStore: {
    enabled: 'activityStoreTls',
    ca: 'activityStoreTlsCa',
    certificate: 'activityStoreTlsCertificate',
    key: 'activityStoreTlsKey',
  },
  secretStore: {
    enabled: 'secretStoreTls',
    ca: 'secretStoreTlsCa',
    certificate: 'secretStoreTlsCertificate',
    key: 'secretStoreTlsKey',
  },
  notificationStore: {
    enabled: 'notificationStoreTls',
    ca: 'notificationStoreTlsCa',
    certificate: 'notificationStoreTlsCertificate',
    key: 'notificationStoreTlsKey',
  },
} as const satisfies Record<string, Record<string, keyof Settings>>

/**
 * Reads the files by which one connection uses TLS.
 *
 * @returns `undefined` when the settings name none: the connection is plain
 * @throws ConfigurationError `TLS_FILE_UNUSABLE` when a file cannot be read or holds no PEM, `CONFIGURATION_INVALID` when
 *   a certificate is named without its key, or a key without its certificate
 */
export function tlsOf(settings: Settings, connection: keyof typeof names): TlsMaterial | undefined {
  const { enabled, ca, certificate, key } = names[connection]
  const given = [ca, certificate, key].some((name) => settings[name] !== undefined)
  if (!given && !settings[enabled]) return undefined
  if ((settings[certificate] === undefined) !== (settings[key] === undefined))
    throw new ConfigurationError(
      'CONFIGURATION_INVALID',
      `${environmentVariable(certificate)} and ${environmentVariable(key)} belong together: name both, or neither.`,
    )
  const authorities = pem(settings, ca, 'CERTIFICATE')
  const own = pem(settings, certificate, 'CERTIFICATE')
  const ownKey = pem(settings, key, 'PRIVATE KEY')
  return {
    authorities,
    client: own === undefined || ownKey === undefined ? undefined : { certificate: own, key: ownKey },
  }
}

function pem(settings: Settings, name: keyof Settings, label: 'CERTIFICATE' | 'PRIVATE KEY'): Buffer | undefined {
  const path = settings[name] as string | undefined
  return path === undefined ? undefined : readPem(path, environmentVariable(name), label)
}

/**
 * Reads a PEM file for TLS.
 *
 * @param setting what names the file, for the message
 * @throws ConfigurationError `TLS_FILE_UNUSABLE`
 */
export function readPem(path: string, setting: string, label: 'CERTIFICATE' | 'PRIVATE KEY'): Buffer {
  const unusable = (reason: string, cause?: unknown) =>
    new ConfigurationError(
      'TLS_FILE_UNUSABLE',
      `${setting} names ${path}, which ${reason}. It must be a PEM file with ${label === 'CERTIFICATE' ? 'certificates' : 'a private key that is not encrypted'}.`,
      { cause },
    )
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw unusable(`cannot be read (${(error as NodeJS.ErrnoException).code})`, error)
  }
  const text = bytes.toString('latin1')
  if (!new RegExp(`-----BEGIN ([A-Z]+ )?${label}-----`).test(text) || text.includes('ENCRYPTED'))
    throw unusable(`holds no ${label === 'CERTIFICATE' ? 'certificate' : 'such key'}`)
  return bytes
}
