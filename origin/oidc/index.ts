import type { Connector, ConnectorTools, OriginFinding, OriginQuestion } from '../connector.ts'
import { checkIdentityToken, type IdentityTokens } from '../identity-token/index.ts'
import { judgeRequired, readOrigin } from './read-origin.ts'
import { type OidcBuild, type OidcSettings, oidcForms } from './settings.ts'

export { type OidcBuild, type OidcSettings, oidcSettings, oidcSettingsSchema } from './settings.ts'

/**
 * Any build system whose jobs bring an identity token (OpenID Connect Core 1.0): the link says which issuer it is, what its
 * claims must be, and where they tell of the origin. Nobody is asked but the issuer, for its keys.
 */
export function openIdConnect(options: {
  readonly identityTokens: IdentityTokens
}): Connector<OidcSettings, OidcBuild> {
  return {
    ...oidcForms,
    baseUrl: () => null,
    verify,
    verifyToken: verify,
  }

  async function verify(
    { settings, artifact }: Pick<OriginQuestion<OidcSettings, OidcBuild>, 'settings' | 'artifact'>,
    tools: Pick<ConnectorTools, 'secrets' | 'keep' | 'now'>,
  ): Promise<OriginFinding> {
    const { token, check, evidence } = await checkIdentityToken(options.identityTokens, tools, settings, artifact)
    if (token === null) return { origin: null, proof: 'identityToken', checks: [check], evidence }
    const { issuer, tokenId, expiresAt, boundTo, claims } = token
    const { origin, checks } = readOrigin(settings, claims)
    return {
      origin,
      proof: 'identityToken',
      checks: [check, ...judgeRequired(settings, claims), ...checks],
      evidence,
      identityToken: { issuer, tokenId, expiresAt, boundTo },
    }
  }
}
