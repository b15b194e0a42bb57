import { failedCheck, type OriginCheck, passedCheck, type VerifiedOrigin } from '../../domain/index.ts'
import type { ConnectorTools, OriginFinding } from '../connector.ts'
import { checkIdentityToken, type IdentityTokens } from '../identity-token/index.ts'
import { judgeClaims } from './claims.ts'
import { type GitHubBuild, serverOf } from './settings.ts'
import { type GitHubQuestion, verifyByApi } from './verify-by-api.ts'

/** The longest that a job's token may be valid, in seconds; GitHub's are for minutes. */
const longestLifeSeconds = 1_800

/**
 * Verifies a build by its job's identity token: signed by the issuer that belongs to the link's server, for our audience, and of the
 * repository whose ids the link names. Where the link also has a token for the API, what only the API knows is asked there: jobs of
 * all attempts, the artifact, whether the commit is still in its branch, pipeline policies.
 *
 * @throws OriginError for what may pass
 */
export async function verifyByToken(
  question: GitHubQuestion,
  tools: ConnectorTools,
  tokens: IdentityTokens,
): Promise<OriginFinding> {
  const { claims, byToken } = await judgeToken(question, tools, tokens)
  const { origin } = byToken
  const { apiKey } = tools.secrets
  if (claims === null || origin === null || (apiKey === undefined && !needsApi(question))) return byToken
  if (apiKey === undefined) return { ...byToken, checks: [...byToken.checks, needsKey()] }
  const build: GitHubBuild = {
    ...question.build,
    runId: claims.run_id,
    attempt: question.build.attempt ?? claims.run_attempt,
  }
  const byApi = await verifyByApi({ ...question, build }, tools, apiKey, { ref: origin.ref })
  return {
    ...byToken,
    checks: [...byToken.checks, ...byApi.checks, checkSame(origin, byApi.origin)],
    evidence: [...byToken.evidence, ...byApi.evidence],
  }
}

/** Checks the job's identity token by itself, with all that it says of the build. @throws OriginError for what may pass */
export async function judgeToken(
  { settings, artifact }: Pick<GitHubQuestion, 'settings' | 'artifact'>,
  tools: Pick<ConnectorTools, 'secrets' | 'keep' | 'now'>,
  tokens: IdentityTokens,
): Promise<{ readonly claims: ReturnType<typeof judgeClaims>['claims']; readonly byToken: OriginFinding }> {
  const { issuer } = serverOf(settings)
  const { audience, requireArtifactDigest } = settings
  const expected = { issuer, audience, algorithms: ['RS256'], longestLifeSeconds, requireArtifactDigest } as const
  const { token, check, evidence } = await checkIdentityToken(tokens, tools, expected, artifact)
  if (token === null)
    return { claims: null, byToken: { origin: null, proof: 'identityToken', evidence: [], checks: [check] } }
  const { claims, origin, checks } = judgeClaims(token.claims, settings)
  const { tokenId, expiresAt, boundTo } = token
  const identityToken = { issuer: token.issuer, tokenId, expiresAt, boundTo }
  return { claims, byToken: { origin, proof: 'identityToken', checks: [check, ...checks], evidence, identityToken } }
}

/** Whether the link or the submission asks for what a token does not say. */
function needsApi({ settings, build }: GitHubQuestion): boolean {
  return settings.pipelinePolicies.length > 0 || settings.requireFinishedRun || build.artifactId !== undefined
}

function needsKey(): OriginCheck {
  return failedCheck(
    'credentials',
    {
      code: 'ORIGIN_CREDENTIALS_MISSING',
      message:
        'Pipeline policies, finished runs and artifacts that GitHub keeps are asked for by its API, and the link holds no API key. Give it one, or upload the artifact and leave these demands out.',
    },
    {},
  )
}

/** What the token says and what the API says must be one build. */
function checkSame(said: VerifiedOrigin, found: VerifiedOrigin | null): OriginCheck {
  const compared = {
    commitByToken: said.commitId,
    commitByApi: found?.commitId,
    runByToken: said.build.id,
    runByApi: found?.build.id,
    repositoryByToken: said.repository.id,
    repositoryByApi: found?.repository.id,
  }
  const isSame =
    found !== null &&
    found.commitId === said.commitId &&
    found.build.id === said.build.id &&
    found.repository.id === said.repository.id
  if (isSame) return passedCheck('tokenAndApi', compared)
  return failedCheck(
    'tokenAndApi',
    {
      code: 'ORIGIN_TOKEN_OTHER_BUILD',
      message:
        "The job's token and GitHub's API do not tell of the same build. Submit from a job of the project's own repository.",
    },
    compared,
  )
}
