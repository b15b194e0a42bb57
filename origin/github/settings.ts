import { z } from 'zod'
import { Refusal } from '../../domain/index.ts'
import type { ConnectorForms } from '../connector.ts'
import { apiBaseUrl } from '../http-api/index.ts'
import { jobSettings, requireTokensKnown, textClaim } from '../identity-token/index.ts'
import { parsePipelinePolicy } from '../pipeline-policies/index.ts'
import { isInnerPath, numericId } from '../reading/index.ts'

/** Events that begin a build of what stands in a branch or behind a tag, and of nothing else. */
const usualEvents = ['push', 'workflow_dispatch', 'schedule', 'release']

/** Events about pull requests: what is built is not what stands in a branch, or it is chosen by who wrote the pull request. */
const pullRequestEvents = /^(?:pull_request|merge_group$|issue_comment$)/

/** A file in a repository's default branch: `.github/workflows/release.yml`. */
const repositoryPath = z.string().max(500).refine(isInnerPath, 'must be a path within the repository, without . or ..')

/** Where a pipeline policy's text is. */
const policySource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('internal'), yaml: z.string() }),
  z.strictObject({
    kind: z.literal('external'),
    /** `owner/name` on the same server; by default the one that is built. */
    repository: z
      .string()
      .regex(/^[\w.-]{1,100}\/[\w.-]{1,100}$/, 'must be owner/name')
      .optional(),
    /** By default `.signpath/policies/<project slug>/<policy slug>.yml`. */
    path: repositoryPath.optional(),
  }),
])

/**
 * What a link with GitHub says. Server, API and issuer of tokens belong together: for github.com and `*.ghe.com` the others follow
 * from the server; a GitHub Enterprise Server has `/api/v3` and `/_services/token`. Where API or issuer are elsewhere, both are said.
 */
export const gitHubSettings = z
  .strictObject({
    serverUrl: apiBaseUrl.default('https://github.com'),
    apiUrl: apiBaseUrl.optional(),
    issuer: apiBaseUrl.optional(),
    /** Ids that the repository and its owner must have: names can be given to others. Tokens of jobs are accepted with them only. */
    repositoryId: numericId.optional(),
    repositoryOwnerId: numericId.optional(),
    /** Whom tokens of jobs must be for: this service, and nothing that tokens are made for by default. */
    audience: z.string().min(1).max(500).optional(),
    ...jobSettings,
    /** Events that may begin a build. */
    allowedEvents: z
      .array(z.string().regex(/^[a-z_]{1,50}$/))
      .min(1)
      .max(50)
      .default(usualEvents)
      .refine(
        (events) => !events.some((event) => pullRequestEvents.test(event)),
        'Events about pull requests are never accepted.',
      ),
    /** The workflow file that must have begun the build, such as `.github/workflows/release.yml`; by default any. */
    workflow: repositoryPath.optional(),
    /** The reusable workflow in which the job must run, as `owner/name/path@ref`: only tokens tell it. */
    calledWorkflow: z.string().min(1).max(500).optional(),
    /** Groups of runners that are machines of GitHub alone. */
    hostedRunnerGroups: z
      .array(z.strictObject({ id: numericId, name: z.string().min(1).max(200) }))
      .max(50)
      .optional(),
    /** Whether the whole run must have ended; a job that waits for its own signature can then not be part of it. */
    requireFinishedRun: z.boolean().default(false),
    pipelinePolicies: z
      .array(
        z.strictObject({ name: z.string().min(1).max(200), level: z.enum(['enforce', 'log']), source: policySource }),
      )
      .max(20)
      .default([]),
  })
  .superRefine((settings, context) => {
    const { audience, serverUrl } = settings
    if (audience?.toLowerCase().startsWith(serverUrl.toLowerCase()))
      context.addIssue({
        code: 'custom',
        message: "An address of GitHub's is what its tokens are for by default: any other service accepts those too.",
        path: ['audience'],
      })
    const { submitter, repositoryId, repositoryOwnerId } = settings
    requireTokensKnown({ submitter, audience, repositoryId, repositoryOwnerId }, context)
    if ((settings.apiUrl === undefined) === (settings.issuer === undefined)) return
    context.addIssue({
      code: 'custom',
      message: 'apiUrl and issuer belong to one server: say both, or leave both out.',
      path: [settings.apiUrl === undefined ? 'apiUrl' : 'issuer'],
    })
  })

/** What a link with GitHub says. */
export type GitHubSettings = z.output<typeof gitHubSettings>

/** A pipeline policy that a link demands. */
export type LinkedPolicy = GitHubSettings['pipelinePolicies'][number]

/** What a submission says of its build. Where a token of the job comes along, run and attempt are the token's. */
export const gitHubBuild = z.strictObject({
  runId: numericId.optional(),
  artifactId: numericId.optional(),
  /** The attempt by which the artifact was made; by default the last one. */
  attempt: z.coerce.number().int().min(1).max(10_000).optional(),
  /** `owner/name`, which must be the project's. */
  repository: z.string().max(250).optional(),
})

/** What a submission says of its build. */
export type GitHubBuild = z.output<typeof gitHubBuild>

/** What GitHub asks of links and submissions. */
export const gitHubForms: ConnectorForms<GitHubSettings, GitHubBuild> = {
  kind: 'githubActions',
  settings: gitHubSettings,
  optionalLinkSecrets: ['apiKey'],
  addresses: (settings) => [serverOf(settings).apiUrl, serverOf(settings).issuer],
  checkLink: ({ pipelinePolicies }) => pipelinePolicies.forEach(requireReadable),
  build: gitHubBuild,
  artifactField: 'artifactId',
  optionalBuildSecrets: ['identityToken', 'accessToken'],
  isOfLink: (settings, claims) =>
    settings.repositoryId !== undefined &&
    textClaim(claims, 'iss') === serverOf(settings).issuer &&
    textClaim(claims, 'repository_id') === settings.repositoryId &&
    textClaim(claims, 'repository_owner_id') === settings.repositoryOwnerId,
}

/** An unknown rule or parameter is refused when it is saved, by its line and column. @throws Refusal `PIPELINE_POLICY_…` */
function requireReadable({ name, source }: LinkedPolicy, index: number): void {
  if (source.kind === 'external') return
  try {
    parsePipelinePolicy(source.yaml)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const field = `settings.pipelinePolicies.${index}.source.yaml`
    throw new Refusal(error.code, `The pipeline policy ${name}: ${error.message}`, { ...error.details, field })
  }
}

/** The addresses of one server, which belong together. */
export type GitHubServer = { readonly serverUrl: string; readonly apiUrl: string; readonly issuer: string }

/** Where GitHub is, and whose tokens are its. */
export function serverOf({ serverUrl, apiUrl, issuer }: GitHubSettings): GitHubServer {
  const { host, href } = new URL(serverUrl)
  const own = href.replace(/\/$/, '')
  if (apiUrl !== undefined && issuer !== undefined)
    return { serverUrl: own, apiUrl: apiUrl.replace(/\/$/, ''), issuer: issuer.replace(/\/$/, '') }
  if (host === 'github.com')
    return { serverUrl: own, apiUrl: 'https://api.github.com', issuer: 'https://token.actions.githubusercontent.com' }
  if (host.endsWith('.ghe.com'))
    return { serverUrl: own, apiUrl: `https://api.${host}`, issuer: `https://token.actions.${host}` }
  return { serverUrl: own, apiUrl: `${own}/api/v3`, issuer: `${own}/_services/token` }
}

/**
 * Groups of runners that are GitHub's machines alone. On its hosted servers that is the group 0, which nobody can make; larger
 * hosted runners are in groups that the link names.
 */
export function hostedGroupsOf(settings: GitHubSettings): readonly { readonly id: string; readonly name: string }[] {
  if (settings.hostedRunnerGroups !== undefined) return settings.hostedRunnerGroups
  const { host } = new URL(settings.serverUrl)
  return host === 'github.com' || host.endsWith('.ghe.com') ? [{ id: '0', name: 'GitHub Actions' }] : []
}
