import { z } from 'zod'
import type { ConnectorForms } from '../connector.ts'
import { apiBaseUrl } from '../http-api/index.ts'
import { jobSettings, requireTokensKnown, textClaim } from '../identity-token/index.ts'
import { isInnerPath, numericId } from '../reading/index.ts'

/** A path within a repository, or within the artifacts of a job. */
const innerPath = z
  .string()
  .max(500)
  .refine(isInnerPath, 'must be a path without . or .., and with no / at its beginning')

/** Sources of pipelines whose code is not the project's branch: a fork's merge request runs in the parent, and its token names that. */
const foreignSources = /^(?:merge_request_event|external_pull_request_event)$/

/** What a link with GitLab says. */
export const gitLabSettings = z
  .strictObject({
    serverUrl: apiBaseUrl.default('https://gitlab.com'),
    /** Where its API is, if not at `/api/v4` of the server. */
    apiUrl: apiBaseUrl.optional(),
    /** As it stands in tokens of jobs, if it is not the server's address. */
    issuer: apiBaseUrl.optional(),
    /** Whom tokens of jobs must be for (`aud` of the job's `id_tokens`); without it none is taken. */
    audience: z.string().min(1).max(500).optional(),
    ...jobSettings,
    /** The longest that a token may be valid, in seconds: GitLab's are valid as long as the job may run. */
    longestLifeSeconds: z.number().int().min(60).max(86_400).default(7_200),
    /** Ids of the project and of its group or user: names can be given to others. */
    projectId: numericId,
    namespaceId: numericId,
    /** What may begin a pipeline, by GitLab's names (`CI_PIPELINE_SOURCE`). */
    allowedSources: z
      .array(z.string().regex(/^[a-z_]{1,50}$/))
      .min(1)
      .max(30)
      .default(['push', 'web', 'schedule'])
      .refine(
        (sources) => !sources.some((source) => foreignSources.test(source)),
        'Pipelines of merge requests are never accepted.',
      ),
    /** Whether the branch or tag must be a protected one. */
    requireProtectedRef: z.boolean().default(true),
    /** Whether all jobs that count must have run on GitLab's own runners. */
    requireHostedRunners: z.boolean().default(false),
    /** The file that must say how to build, in the project and at the ref that is built: `.gitlab-ci.yml`. Only tokens tell it. */
    pipelineFile: innerPath.optional(),
  })
  .superRefine(({ submitter, audience }, context) => requireTokensKnown({ submitter, audience }, context))

/** What a link with GitLab says. */
export type GitLabSettings = z.output<typeof gitLabSettings>

/** What a submission says of its build. Where a token of the job comes along, project, pipeline and commit are the token's. */
export const gitLabBuild = z
  .object({
    /** The job that made the artifact. */
    jobId: numericId.optional(),
    /** The file in the artifacts of that job: then it is fetched from GitLab. */
    path: innerPath.optional(),
    /** What the job says that the file's SHA-256 is: then the file must be that one. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, 'must be a SHA-256 of 64 hexadecimal characters')
      .transform((text) => text.toLowerCase())
      .optional(),
  })
  .refine(({ jobId, path }) => path === undefined || jobId !== undefined, {
    message: 'A file is fetched by the id of its job: send jobId (CI_JOB_ID of the job that built), too.',
    path: ['jobId'],
  })

/** What a submission says of its build. */
export type GitLabBuild = z.output<typeof gitLabBuild>

/** What GitLab asks of links and submissions. */
export const gitLabForms: ConnectorForms<GitLabSettings, GitLabBuild> = {
  kind: 'gitlabCi',
  settings: gitLabSettings,
  optionalLinkSecrets: ['apiKey'],
  addresses: (settings) => [serverOf(settings).apiUrl, serverOf(settings).issuer],
  build: gitLabBuild,
  artifactField: 'path',
  optionalBuildSecrets: ['identityToken', 'accessToken'],
  isOfLink: (settings, claims) =>
    textClaim(claims, 'iss') === serverOf(settings).issuer &&
    textClaim(claims, 'project_id') === settings.projectId &&
    textClaim(claims, 'namespace_id') === settings.namespaceId,
}

/** The addresses of one server, without a slash at their ends. */
export function serverOf({ serverUrl, apiUrl, issuer }: GitLabSettings) {
  const own = serverUrl.replace(/\/$/, '')
  return { serverUrl: own, apiUrl: apiUrl?.replace(/\/$/, '') ?? `${own}/api/v4`, issuer: issuer ?? own }
}

/** Whether runners of the whole instance are machines of GitLab's: on its own server they are, and nowhere else. */
export function isHostedByGitLab({ serverUrl }: GitLabSettings): boolean {
  return new URL(serverUrl).host === 'gitlab.com'
}
