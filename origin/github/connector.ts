import { failedCheck } from '../../domain/index.ts'
import type { Connector, ConnectorTools } from '../connector.ts'
import type { IdentityTokens } from '../identity-token/index.ts'
import { OriginError } from '../origin-error.ts'
import { fetchByApi } from './fetch-artifact.ts'
import { type GitHubBuild, type GitHubSettings, gitHubForms, serverOf } from './settings.ts'
import { verifyByApi } from './verify-by-api.ts'
import { judgeToken, verifyByToken } from './verify-by-token.ts'

/**
 * The connector for GitHub Actions, of github.com, `*.ghe.com` and GitHub Enterprise Server. Three secrets can prove a build, none of
 * which is needed always: `identityToken` of the submission (the job's own, for our audience), `accessToken` of the submission (the
 * job's `GITHUB_TOKEN`), and `apiKey` of the link, which is asked with where it is there.
 */
export function createGitHubConnector(tokens: IdentityTokens): Connector<GitHubSettings, GitHubBuild> {
  return {
    ...gitHubForms,
    baseUrl: (settings) => serverOf(settings).apiUrl,
    async verify(question, tools) {
      if (tools.secrets.identityToken !== undefined) return verifyByToken(question, tools, tokens)
      const token = apiToken(tools)
      if (token !== undefined) return verifyByApi(question, tools, token)
      const failure = { code: 'ORIGIN_CREDENTIALS_MISSING', message: missing }
      return { origin: null, proof: 'api', checks: [failedCheck('credentials', failure, {})], evidence: [] }
    },
    verifyToken: async (question, tools) => (await judgeToken(question, tools, tokens)).byToken,
    async fetchArtifact(question, tools) {
      const token = apiToken(tools)
      if (token !== undefined) return fetchByApi(question, tools, token)
      throw new OriginError('ORIGIN_CREDENTIALS_MISSING', missing)
    },
  }
}

const missing =
  "GitHub cannot be asked: the submission brings neither the job's GITHUB_TOKEN nor an identity token, and the link holds no API key. Send one of them."

/** That of the link sees rulesets and holds after the job has ended. */
function apiToken({ secrets }: ConnectorTools) {
  return secrets.apiKey ?? secrets.accessToken
}
