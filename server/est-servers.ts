import type { EstAuthorities } from '../activities/index.ts'
import { createEstClient, type EstServer } from '../signing/est/index.ts'
import { SigningError } from '../signing/signing-error.ts'
import { parseCertificates } from '../signing/x509/index.ts'
import type { Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import { readSecret } from './setting-files.ts'
import { readPem } from './tls.ts'

/**
 * The EST servers of the settings, each with the roots that its certificates may lead to.
 *
 * @throws ConfigurationError `TLS_FILE_UNUSABLE`, `SECRET_FILE_UNREADABLE`
 */
export function configuredEstServers({ estServers }: Pick<Settings, 'estServers'>): EstAuthorities {
  return new Map(
    Object.entries(estServers).map(([name, settings]) => {
      const setting = (field: string) => `COUNTERSIGN_EST_SERVERS (${name}: ${field})`
      const { url, trustedRoots, tlsAuthorities, user, passwordFile, certificate, key, timeout } = settings
      const server: EstServer = {
        name,
        url,
        timeoutMs: timeout * 1000,
        ...(tlsAuthorities !== undefined && {
          tlsAuthorities: readPem(tlsAuthorities, setting('tlsAuthorities'), 'CERTIFICATE').toString('latin1'),
        }),
        ...(user !== undefined &&
          passwordFile !== undefined && {
            credentials: { user, password: readSecret(passwordFile, setting('passwordFile')) },
          }),
        ...(certificate !== undefined &&
          key !== undefined && {
            clientCertificate: {
              certificate: readPem(certificate, setting('certificate'), 'CERTIFICATE').toString('latin1'),
              key: readPem(key, setting('key'), 'PRIVATE KEY').toString('latin1'),
            },
          }),
      }
      const roots = readPem(trustedRoots, setting('trustedRoots'), 'CERTIFICATE')
      return [name, { client: createEstClient(server), trustedRoots: certificatesOf(roots, setting('trustedRoots')) }]
    }),
  )
}

function certificatesOf(pem: Buffer, setting: string): readonly Uint8Array[] {
  try {
    return parseCertificates(pem).map(({ der }) => der)
  } catch (cause) {
    if (!(cause instanceof SigningError)) throw cause
    throw new ConfigurationError('TLS_FILE_UNUSABLE', `${setting}: ${cause.message}`, { cause })
  }
}
