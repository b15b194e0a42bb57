import { join } from 'node:path'
import { pino } from 'pino'
import type { BuildSystemSecrets, UseToken } from '../../activities/index.ts'
import type { Builds } from '../../application/index.ts'
import { type Origins, openSqliteUsedTokens, useOnce } from '../../origin/index.ts'
import { openOutgoing } from '../../outgoing/index.ts'
import type { Secrets } from '../../secrets/index.ts'
import { serviceBuilds } from '../../server/builds.ts'
import { serviceOrigins } from '../../server/origins.ts'
import { secretsIn } from './secrets.ts'

/** The connectors of the service, which may call 127.0.0.1, with what is kept sealed in a folder: for use cases and for workers. */
export type TestBuilds = {
  readonly builds: Builds
  readonly origins: Origins
  readonly secrets: Secrets & BuildSystemSecrets
  readonly useToken: UseToken
  readonly close: () => Promise<void>
}

/** Opens nothing before it is used. */
export function testBuilds(folder: string, now = () => new Date().toISOString()): TestBuilds {
  const outgoing = openOutgoing({ allowHttp: true, allowedNetworks: ['127.0.0.0/8'] })
  const secrets = secretsIn(folder)
  const usedTokens = openSqliteUsedTokens(join(folder, 'used-tokens.db'))
  const origins = serviceOrigins({ outgoing }, pino({ level: 'silent' }))
  return {
    builds: serviceBuilds({ origins, secrets, usedTokens, now }),
    origins,
    secrets,
    useToken: (token, usedFor) => useOnce(usedTokens, token, usedFor),
    async close() {
      await outgoing.close()
      await secrets.close()
      await usedTokens.close()
    },
  }
}
