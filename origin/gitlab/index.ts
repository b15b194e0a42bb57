import type { Sha256Digest } from '../../domain/index.ts'
import type { Connector, ConnectorTools, FetchedArtifact } from '../connector.ts'
import { heldBytes, pathOf } from '../http-api/index.ts'
import type { IdentityTokens } from '../identity-token/index.ts'
import { OriginError } from '../origin-error.ts'
import { baseName } from '../reading/index.ts'
import { headersOf, permission } from './api.ts'
import { type GitLabBuild, type GitLabSettings, gitLabForms, serverOf } from './settings.ts'
import { type GitLabQuestion, judgeToken, verifyByApi, verifyByToken } from './verify.ts'

export type { GitLabBuild, GitLabSettings } from './settings.ts'

/**
 * GitLab CI/CD, at gitlab.com or on an own server, by the identity token of the job (`id_tokens`, the submission's secret
 * `identityToken`) or by the REST API (v4) with an access token: the link's `apiKey`, or the submission's `accessToken`. Artifacts
 * that the submission names by job and path are fetched from GitLab.
 */
export function gitLab(options: { readonly identityTokens: IdentityTokens }): Connector<GitLabSettings, GitLabBuild> {
  return {
    ...gitLabForms,
    baseUrl: (settings) => serverOf(settings).apiUrl,
    verify: (question, tools) =>
      tools.secrets.identityToken === undefined
        ? verifyByApi(question, tools)
        : verifyByToken(question, tools, options.identityTokens),
    verifyToken: (question, tools) => judgeToken(question, tools, options.identityTokens),
    fetchArtifact,
  }
}

/** Fetches one file of the artifacts of one job, by their ids: by a ref it would be that of the latest pipeline. */
async function fetchArtifact(
  { settings: { projectId }, build }: GitLabQuestion,
  tools: ConnectorTools,
): Promise<FetchedArtifact> {
  const { jobId, path } = build
  const sha256 = (build.sha256 ?? null) as Sha256Digest | null
  if (jobId === undefined || path === undefined)
    throw new OriginError(
      'ORIGIN_BUILD_UNNAMED',
      'The submission does not say the id of the job (CI_JOB_ID) and the path of the file in its artifacts. Send both, or the file.',
    )
  const download = await tools.api
    .download({
      path: pathOf('projects', projectId, 'jobs', jobId, 'artifacts', ...path.split('/')),
      headers: headersOf(tools),
    })
    .catch((error: unknown) => {
      if (!(error instanceof OriginError) || error.code !== 'ORIGIN_API_NOT_FOUND') throw error
      throw new OriginError(
        'ORIGIN_ARTIFACT_NOT_FOUND',
        `The artifacts of the job ${jobId} have no file ${path}, have expired, or the access token may not see them, for which it needs ${permission}. List the file under artifacts:paths of the job.`,
      )
    })
  const what = `the file ${path} of the job ${jobId}`
  return {
    fileName: baseName(path),
    sha256,
    size: download.size,
    bytes: heldBytes(download.bytes, { what, size: download.size, sha256 }),
  }
}
