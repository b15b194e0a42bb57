import { unwatchFile, watchFile } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Logger } from 'pino'
import type { ServerTls, TlsIdentity } from '../http/index.ts'
import type { Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import { readPem } from './tls.ts'

/** How often it is looked whether the files were replaced, in milliseconds. */
const lookMs = 2_000

/**
 * How the process speaks TLS to its clients, by the files that the settings name. A certificate that is renewed in its place
 * is taken up while the process runs; connections that are open stay. Files that are unusable then change nothing and are
 * logged.
 *
 * @returns `undefined` when the settings name none: it speaks plain HTTP
 * @throws ConfigurationError `TLS_FILE_UNUSABLE`, `CONFIGURATION_INVALID`
 */
export function serverTls(
  { tlsCertificate: certificate, tlsKey: key }: Pick<Settings, 'tlsCertificate' | 'tlsKey'>,
  logger: Logger,
): (ServerTls & { readonly close: () => void }) | undefined {
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined || key === undefined)
    throw new ConfigurationError(
      'CONFIGURATION_INVALID',
      'COUNTERSIGN_TLS_CERTIFICATE and COUNTERSIGN_TLS_KEY belong together: name both, or neither.',
    )
  const paths = { certificate, key }
  const identity = readIdentity(paths)
  const servers: ((identity: TlsIdentity) => void)[] = []
  const renew = () => {
    try {
      const next = readIdentity(paths)
      for (const replace of servers) replace(next)
      logger.info({ certificate }, 'the TLS certificate was read anew')
    } catch (error) {
      logger.error({ err: error, code: 'TLS_FILE_UNUSABLE' }, 'the TLS certificate was not replaced')
    }
  }
  for (const path of [certificate, key]) watchFile(path, { interval: lookMs, persistent: false }, renew)
  return {
    identity,
    onServer: (replace) => void servers.push(replace),
    close() {
      for (const path of [certificate, key]) unwatchFile(path, renew)
    },
  }
}

/** @throws ConfigurationError `TLS_FILE_UNUSABLE`, also for a key that is not the certificate's */
function readIdentity(paths: { readonly certificate: string; readonly key: string }): TlsIdentity {
  const certificate = readPem(paths.certificate, 'COUNTERSIGN_TLS_CERTIFICATE', 'CERTIFICATE')
  const key = readPem(paths.key, 'COUNTERSIGN_TLS_KEY', 'PRIVATE KEY')
  try {
    createSecureContext({ cert: certificate, key })
  } catch (cause) {
    throw new ConfigurationError(
      'TLS_FILE_UNUSABLE',
      `${paths.key} is no key of the certificate in ${paths.certificate}, or one of them is malformed. The certificate of the server must be the first in its file.`,
      { cause },
    )
  }
  return { certificate, key }
}
