import { type Outgoing, openOutgoing } from '../outgoing/index.ts'
import { environmentVariable, type Settings } from './configuration.ts'
import { readPem } from './tls.ts'

/**
 * Opens the way to addresses that users name, as the settings allow.
 *
 * @throws ConfigurationError `TLS_FILE_UNUSABLE`
 */
export function serviceOutgoing(settings: Settings): Outgoing {
  const { outgoingAllowHttp, outgoingAllowedNetworks, outgoingTlsCa } = settings
  return openOutgoing({
    allowHttp: outgoingAllowHttp,
    allowedNetworks: outgoingAllowedNetworks,
    connectMs: settings.outgoingConnectTimeout * 1_000,
    idleMs: settings.outgoingIdleTimeout * 1_000,
    authorities:
      outgoingTlsCa && readPem(outgoingTlsCa, environmentVariable('outgoingTlsCa'), 'CERTIFICATE').toString('latin1'),
  })
}
