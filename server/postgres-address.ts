import type { PostgresAddress } from '../databases/index.ts'
import { environmentVariable, type Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import { tlsOf } from './tls.ts'

const passwords = {
  readModel: 'readModelPassword',
  personKeys: 'personKeysPassword',
  activityStore: 'activityStorePassword',
  secretStore: 'secretStorePassword',
  notificationStore: 'notificationStorePassword',
} as const

/**
 * Puts together what the settings say of a PostgreSQL database.
 *
 * @param address the value of the setting
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `TLS_FILE_UNUSABLE`
 */
export function postgresAddress(settings: Settings, setting: keyof typeof passwords, address: string): PostgresAddress {
  const url = new URL(address)
  const password = settings[passwords[setting]]
  if (password !== undefined) url.password = encodeURIComponent(password)
  const tls = tlsOf(settings, setting)
  refuseTlsTwice(url, setting, tls !== undefined)
  return {
    connectionString: url.href,
    ...(tls === undefined ? {} : { tls: { ca: tls.authorities, cert: tls.client?.certificate, key: tls.client?.key } }),
  }
}

/** What the address says of TLS stands above everything else in the library, and may mean less than it seems. */
function refuseTlsTwice({ searchParams }: URL, setting: keyof typeof passwords, configured: boolean): void {
  const said = [...searchParams.keys()].filter((name) => /^(ssl|uselibpq)/i.test(name))
  const variable = environmentVariable(setting)
  if (said.length > 0 && configured)
    throw new ConfigurationError(
      'CONFIGURATION_INVALID',
      `${variable} says ${said.join(', ')}, and ${variable}_TLS… speak of TLS too. Leave it out of the address: with these settings the server's certificate and name are always checked.`,
    )
}
