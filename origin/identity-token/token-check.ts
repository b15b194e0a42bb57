import { type Artifact, failedCheck, type OriginCheck, type OriginEvidence, passedCheck } from '../../domain/index.ts'
import type { ConnectorTools } from '../connector.ts'
import { OriginError } from '../origin-error.ts'
import type { ExpectedToken, IdentityToken, IdentityTokens } from './identity-tokens.ts'

/** What came of the token of a job. */
export type TokenFinding = {
  /** `null` when the check failed. */
  readonly token: IdentityToken | null
  readonly check: OriginCheck
  /** The token's payload, when its issuer signed it. */
  readonly evidence: readonly OriginEvidence[]
}

/** What a link says of tokens; without an audience it takes none. */
export type LinkedToken = Omit<ExpectedToken, 'audience'> & {
  readonly audience: string | undefined
  /** Whether a token must name the artifact. */
  readonly requireArtifactDigest: boolean
}

/**
 * Checks the token that came with a submission as its secret `identityToken`, as of the moment that the tools say.
 *
 * @param artifact what is to be signed, as far as it is known: a token that names an artifact is for no other one
 * @throws OriginError what may pass, as {@link IdentityTokens} says
 */
export async function checkIdentityToken(
  identityTokens: IdentityTokens,
  { secrets, keep, now }: Pick<ConnectorTools, 'secrets' | 'keep' | 'now'>,
  expected: LinkedToken,
  artifact: Pick<Artifact, 'sha256'> | null,
): Promise<TokenFinding> {
  const { issuer, audience } = expected
  const compared = { issuer, audience }
  const failed = (code: string, message: string) => ({
    token: null,
    check: failedCheck('identityToken', { code, message }, compared),
    evidence: [],
  })
  if (audience === undefined)
    return failed(
      'ORIGIN_AUDIENCE_MISSING',
      'The link does not say whom tokens of jobs must be for. An administrator enters an audience there, and the job asks for a token with it.',
    )
  if (secrets.identityToken === undefined)
    return failed(
      'IDENTITY_TOKEN_MISSING',
      `The submission brings no identity token. Have the job ask ${issuer} for one with the audience ${audience}, and send it along.`,
    )
  try {
    const token = await identityTokens.check(secrets.identityToken, { ...expected, audience }, now())
    const { tokenId, expiresAt, boundTo, payload } = token
    if (boundTo !== null && artifact !== null && boundTo !== artifact.sha256)
      return failed(
        'IDENTITY_TOKEN_OTHER_ARTIFACT',
        `The identity token is for the artifact of the SHA-256 ${boundTo}, and this one's is ${artifact.sha256}. Have the job ask for a token for what it submits.`,
      )
    if (boundTo === null && artifact !== null && expected.requireArtifactDigest)
      return failed(
        'IDENTITY_TOKEN_ARTIFACT_UNNAMED',
        `The link takes only identity tokens that name the artifact. Have the job ask for one with the audience ${audience}#sha256=${artifact.sha256}.`,
      )
    const evidence = [await keep('identityToken', 'application/json', payload)]
    return { token, check: passedCheck('identityToken', { ...compared, tokenId, expiresAt, boundTo }), evidence }
  } catch (error) {
    if (!(error instanceof OriginError) || error.isPassing) throw error
    return failed(error.code, error.message)
  }
}
