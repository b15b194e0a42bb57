import { z } from 'zod'
import type { VerifiedOrigin } from '../../domain/index.ts'
import type { TokenClaims } from '../identity-token/index.ts'
import { type CheckList, commitText, idText, optional } from '../reading/index.ts'
import { checkPins, checkProtected, checkSource } from './judge.ts'
import { type GitLabSettings, serverOf } from './settings.ts'

const text = z.string().min(1).max(2_000)

/** What is needed of the claims of a job's token. Others come without notice; `sub` and names decide nothing. */
const neededClaims = z.object({
  project_id: idText,
  namespace_id: idText,
  project_path: text,
  pipeline_id: idText,
  pipeline_source: text,
  job_id: idText,
  ref: text,
  ref_type: text,
  ref_protected: z.union([z.string(), z.boolean()]).transform((value) => String(value) === 'true'),
  sha: commitText,
  user_id: optional(idText),
  user_login: optional(z.string()),
  runner_id: optional(idText),
  runner_environment: optional(z.string()),
  ci_config_ref_uri: optional(z.string()),
  ci_config_sha: optional(z.string()),
})

/** What a job's token says of its build. */
export type JobClaims = z.output<typeof neededClaims>

/** Reads the claims that are needed; undefined, with a failed check, when one is missing. */
export function readClaims(checks: CheckList, claims: TokenClaims): JobClaims | undefined {
  const parsed = neededClaims.safeParse(claims)
  if (parsed.success) return parsed.data
  const names = [...new Set(parsed.error.issues.map(({ path }) => String(path[0] ?? 'all')))].join(', ')
  const message = `The token does not have, in the form that is needed, the claims ${names}. They come with GitLab 16.2 and later.`
  checks.add('claims', { claims: names }, { code: 'ORIGIN_CLAIM_MISSING', message })
  return undefined
}

/**
 * Judges the claims of a token whose signature, issuer, audience and life were checked before.
 *
 * @returns the origin; undefined where it is neither of a branch nor of a tag
 */
export function judgeClaims(
  checks: CheckList,
  claims: JobClaims,
  settings: GitLabSettings,
): VerifiedOrigin | undefined {
  checkPins(checks, { projectId: claims.project_id, namespaceId: claims.namespace_id }, settings)
  checkSource(checks, claims.pipeline_source, settings)
  const ref = refOf(claims)
  const compared = { ref: claims.ref, refType: claims.ref_type }
  const isRef = checks.add('ref', compared, ref === undefined && unknownRef(claims))
  checkProtected(checks, { ...compared, isProtected: claims.ref_protected }, settings)
  checkPipelineFile(checks, claims, settings)
  return isRef && ref !== undefined ? originOf(claims, ref, settings) : undefined
}

/** GitLab's `ref` has no `refs/heads/`: a branch and a tag of one name differ by `ref_type` alone. */
function refOf({ ref, ref_type }: JobClaims): VerifiedOrigin['ref'] | undefined {
  if (ref.startsWith('refs/')) return undefined
  return ref_type === 'branch' || ref_type === 'tag' ? { kind: ref_type, name: ref } : undefined
}

function unknownRef({ ref, ref_type }: JobClaims) {
  const message = `The job ran for ${ref} of the type "${ref_type}", which is neither a branch nor a tag. Build a branch.`
  return { code: 'ORIGIN_REF_UNKNOWN', message } as const
}

/** File names and refs may hold `@`, so the expected text is put together and compared, and the claim never split. */
function checkPipelineFile(checks: CheckList, claims: JobClaims, settings: GitLabSettings): void {
  const { pipelineFile } = settings
  const { project_path, ref, ref_type, ci_config_ref_uri, ci_config_sha, sha } = claims
  const fullRef = `refs/${ref_type === 'tag' ? 'tags' : 'heads'}/${ref}`
  const { host, pathname } = new URL(serverOf(settings).serverUrl)
  const server = `${host}${pathname.replace(/\/$/, '')}`
  const expected = pipelineFile === undefined ? undefined : `${server}/${project_path}//${pipelineFile}@${fullRef}`
  const compared = { configuration: ci_config_ref_uri, expected, configurationCommit: ci_config_sha, commit: sha }
  const isRight = expected === undefined || (ci_config_ref_uri === expected && ci_config_sha === sha)
  checks.add(
    'pipelineFile',
    compared,
    !isRight && {
      code: 'ORIGIN_PIPELINE_FILE_DIFFERENT',
      message:
        ci_config_ref_uri === null
          ? `The pipeline's configuration is in no repository, or GitLab does not say in which; the link asks for ${expected}. Have the project take it from its own file (Settings, CI/CD, General pipelines).`
          : `The pipeline was configured by ${ci_config_ref_uri} of the commit ${ci_config_sha}; the link asks for ${expected} of the commit that is built.`,
    },
  )
}

function originOf(claims: JobClaims, ref: VerifiedOrigin['ref'], settings: GitLabSettings): VerifiedOrigin {
  const { serverUrl, issuer } = serverOf(settings)
  const { project_path, project_id, namespace_id, pipeline_id, user_id } = claims
  return {
    repository: { url: `${serverUrl}/${project_path}`, id: project_id, ownerId: namespace_id },
    ref,
    commitId: claims.sha,
    build: {
      id: pipeline_id,
      url: `${serverUrl}/${project_path}/-/pipelines/${pipeline_id}`,
      attempt: null,
      definition: claims.ci_config_ref_uri,
      calledDefinition: null,
      trigger: claims.pipeline_source,
      runners: runnersOf(claims.runner_environment),
    },
    actors: user_id === null ? [] : [{ role: 'initiator', system: issuer, id: user_id, name: claims.user_login }],
  }
}

/** What GitLab does not say is unknown, and not hosted. */
function runnersOf(environment: string | null): VerifiedOrigin['build']['runners'] {
  if (environment === 'gitlab-hosted') return 'hosted'
  return environment === 'self-hosted' ? 'selfHosted' : 'unknown'
}
