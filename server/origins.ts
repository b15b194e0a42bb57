import type { Logger } from 'pino'
import {
  appVeyor,
  azureDevOps,
  claimConnectors,
  createGitHubConnector,
  createHttpApis,
  createIdentityTokens,
  createIssuerKeys,
  createOrigins,
  gitLab,
  jenkins,
  type Origins,
  openIdConnect,
  registered,
  teamCity,
} from '../origin/index.ts'
import type { Outside } from './outside.ts'

/** The build systems that the service can ask about their builds, by the process's way outside. */
export function serviceOrigins({ outgoing }: Pick<Outside, 'outgoing'>, logger: Logger): Origins {
  const apis = createHttpApis({ outgoing, now: Date.now })
  const identityTokens = createIdentityTokens(
    createIssuerKeys({
      outgoing,
      now: Date.now,
      onFetched: ({ issuer, error }) =>
        error === null
          ? logger.info({ issuer }, 'the keys of an issuer of identity tokens were fetched')
          : logger.warn({ issuer, code: error.code }, 'the keys of an issuer of identity tokens could not be fetched'),
    }),
  )
  return createOrigins({
    connectors: [
      ...claimConnectors,
      registered(createGitHubConnector(identityTokens)),
      registered(gitLab({ identityTokens })),
      registered(openIdConnect({ identityTokens })),
      registered(jenkins),
      registered(azureDevOps),
      registered(teamCity),
      registered(appVeyor),
    ],
    openApi: (place) => apis.open(place),
  })
}
