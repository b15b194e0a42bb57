import type { VerifiedOrigin } from '../../domain/index.ts'
import type { ConnectorTools, OriginFinding, OriginQuestion } from '../connector.ts'
import { checkIdentityToken, type IdentityTokens } from '../identity-token/index.ts'
import { type CheckList, createCheckList } from '../reading/index.ts'
import {
  type Job,
  jobAnswer,
  type ProjectApi,
  pipelineAnswer,
  projectAnswer,
  projectApi,
  refAnswer,
  runnersOfJob,
} from './api.ts'
import { judgeClaims, readClaims } from './claims.ts'
import { checkPins, checkProtected, checkRunners, checkSource, runnersOfAll } from './judge.ts'
import { type GitLabBuild, type GitLabSettings, serverOf } from './settings.ts'

/** A question about a build of GitLab. */
export type GitLabQuestion = OriginQuestion<GitLabSettings, GitLabBuild>

/**
 * Verifies by the token of a job. Where the submission names the job that made the artifact, that one is asked for by the API, and
 * must be of the same pipeline: an artifact of the ref's latest pipeline may be another one's.
 */
export async function verifyByToken(
  question: GitLabQuestion,
  tools: ConnectorTools,
  identityTokens: IdentityTokens,
): Promise<OriginFinding> {
  const { settings, build } = question
  const read = await readToken(question, tools, identityTokens)
  if (read.claims === undefined) return read.finding
  const { check, checks, claims, origin, evidence, identityToken } = read
  const all = [origin?.build.runners ?? 'unknown']
  const api = projectApi(checks, tools, settings)
  if (build.jobId !== undefined) {
    const job = await readJob(api, build.jobId)
    if (job !== undefined) {
      const isOwn = job.id === claims.job_id
      checkJob(checks, job, { pipelineId: claims.pipeline_id, commitId: claims.sha, isOwn })
      if (!isOwn) all.push(runnersOfJob(job, settings))
    }
  }
  const runners = runnersOfAll(all)
  const { runner_environment: environment, runner_id: runnerId } = claims
  checkRunners(checks, runners, { environment, runnerId }, settings)
  return {
    origin: origin === undefined ? null : { ...origin, build: { ...origin.build, runners } },
    proof: 'identityToken',
    checks: [check, ...checks.made],
    evidence: [...evidence, ...api.evidence],
    identityToken,
  }
}

/** Checks the token of a job by itself, with all that it says of the build, and asks nobody but its issuer. */
export async function judgeToken(
  question: TokenQuestion,
  tools: TokenTools,
  identityTokens: IdentityTokens,
): Promise<OriginFinding> {
  const { settings } = question
  const read = await readToken(question, tools, identityTokens)
  if (read.claims === undefined) return read.finding
  const { check, checks, claims, origin, evidence, identityToken } = read
  const { runner_environment: environment, runner_id: runnerId } = claims
  checkRunners(checks, origin?.build.runners ?? 'unknown', { environment, runnerId }, settings)
  return { origin: origin ?? null, proof: 'identityToken', checks: [check, ...checks.made], evidence, identityToken }
}

type TokenQuestion = Pick<GitLabQuestion, 'settings' | 'artifact'>
type TokenTools = Pick<ConnectorTools, 'secrets' | 'keep' | 'now'>

/** The claims of a token, judged by the link, and where they are not of the form that is needed the finding. */
async function readToken({ settings, artifact }: TokenQuestion, tools: TokenTools, identityTokens: IdentityTokens) {
  const { issuer } = serverOf(settings)
  const none = { origin: null, proof: 'identityToken', evidence: [] } as const
  const { audience, longestLifeSeconds, requireArtifactDigest } = settings
  const expected = { issuer, audience, algorithms: ['RS256'], longestLifeSeconds, requireArtifactDigest } as const
  const { token, check, evidence } = await checkIdentityToken(identityTokens, tools, expected, artifact)
  if (token === null) return { finding: { ...none, checks: [check] } satisfies OriginFinding }
  const checks = createCheckList()
  const { tokenId, expiresAt, boundTo } = token
  const identityToken = { issuer, tokenId, expiresAt, boundTo }
  const claims = readClaims(checks, token.claims)
  if (claims === undefined)
    return { finding: { ...none, checks: [check, ...checks.made], evidence, identityToken } satisfies OriginFinding }
  return { check, checks, claims, origin: judgeClaims(checks, claims, settings), evidence, identityToken }
}

/** Verifies by the API alone, with an access token and the id of the job that made the artifact. */
export async function verifyByApi({ settings, build }: GitLabQuestion, tools: ConnectorTools): Promise<OriginFinding> {
  const checks = createCheckList()
  const api = projectApi(checks, tools, settings)
  const finding = (origin: VerifiedOrigin | null): OriginFinding => ({
    ...{ origin, proof: 'api', checks: checks.made, evidence: api.evidence },
  })
  if (build.jobId === undefined) {
    const message =
      'The submission brings neither an identity token of the job nor the id of the job that made the artifact (CI_JOB_ID). Send one of them.'
    checks.add('build', {}, { code: 'ORIGIN_BUILD_UNNAMED', message })
    return finding(null)
  }
  const project = await api.read([], {
    ...{ check: 'project', what: `the project ${settings.projectId}`, schema: projectAnswer },
    missing: 'ORIGIN_BUILD_NOT_FOUND',
  })
  const job = await readJob(api, build.jobId)
  if (project === undefined || job === undefined) return finding(null)
  checkPins(checks, { projectId: project.id, namespaceId: project.namespace.id }, settings)
  const pipeline = await api.read(['pipelines', job.pipeline.id], {
    ...{ check: 'pipeline', what: `the pipeline ${job.pipeline.id}`, schema: pipelineAnswer },
    missing: 'ORIGIN_BUILD_NOT_FOUND',
  })
  if (pipeline === undefined) return finding(null)
  checkJob(checks, job, { pipelineId: pipeline.id, commitId: pipeline.sha, isOwn: false })
  checkSource(checks, pipeline.source, settings)
  checkFileUnknown(checks, settings)
  const ref = await lookUpRef(checks, api, job, settings)
  const runners = runnersOfJob(job, settings)
  checkRunners(checks, runners, { runnerId: job.runner?.id ?? null, type: job.runner?.runner_type ?? null }, settings)
  if (ref === undefined) return finding(null)
  await api.contains(ref, job.commit.id)
  const { user } = job
  return finding({
    repository: { url: project.web_url, id: project.id, ownerId: project.namespace.id },
    ref,
    commitId: job.commit.id,
    build: {
      id: pipeline.id,
      url: `${project.web_url}/-/pipelines/${pipeline.id}`,
      ...{ attempt: null, definition: null, calledDefinition: null },
      trigger: pipeline.source,
      runners,
    },
    actors:
      user == null
        ? []
        : [{ role: 'initiator', system: serverOf(settings).issuer, id: user.id, name: user.username ?? null }],
  })
}

function readJob(api: ProjectApi, jobId: string): Promise<Job | undefined> {
  return api.read(['jobs', jobId], {
    ...{ check: 'job', what: `the job ${jobId}`, schema: jobAnswer },
    missing: 'ORIGIN_BUILD_NOT_FOUND',
  })
}

/** Whether the job that made the artifact is of the build, and came to its end. One that submits by itself still runs. */
function checkJob(
  checks: CheckList,
  { id, status, pipeline, commit }: Job,
  expected: { readonly pipelineId: string; readonly commitId: string; readonly isOwn: boolean },
): void {
  const { pipelineId, commitId, isOwn } = expected
  const compared = {
    job: id,
    pipeline: pipeline.id,
    commit: commit.id,
    expectedPipeline: pipelineId,
    expectedCommit: commitId,
  }
  const isOfBuild = pipeline.id === pipelineId && commit.id === commitId
  checks.add(
    'artifactOfBuild',
    compared,
    !isOfBuild && {
      code: 'ORIGIN_JOB_OF_OTHER_BUILD',
      message: `The job ${id} is of the pipeline ${pipeline.id} and the commit ${commit.id}; the build is the pipeline ${pipelineId} of ${commitId}. Submit an artifact of a job of this pipeline.`,
    },
  )
  const isRight = status === 'success' || (isOwn && status === 'running')
  checks.add(
    'jobStatus',
    { job: id, status },
    !isRight && {
      code: 'ORIGIN_BUILD_FAILED',
      message: `The job ${id} that made the artifact is ${status}. Submit when it has succeeded, from a later job of the pipeline.`,
    },
  )
}

/** Whoever submits chooses how a build is proved, and must not choose away what the link demands. */
function checkFileUnknown(checks: CheckList, { pipelineFile }: GitLabSettings): void {
  if (pipelineFile === undefined) return
  const message = `The link asks for a pipeline that ${pipelineFile} configures, which only the identity token of the job tells. Have the job send its token (id_tokens), or an administrator leaves pipelineFile out of the link.`
  checks.add('pipelineFile', { expected: pipelineFile }, { code: 'ORIGIN_PIPELINE_FILE_DIFFERENT', message })
}

/** Branch or tag is what the job says, looked up as that: protected or not is of the branch, or of the tag, of that name. */
async function lookUpRef(
  checks: CheckList,
  api: ProjectApi,
  { ref, tag }: Job,
  settings: GitLabSettings,
): Promise<VerifiedOrigin['ref'] | undefined> {
  const kind = tag ? 'tag' : 'branch'
  const found = await api.read(['repository', tag ? 'tags' : 'branches', ref], {
    ...{ check: 'ref', what: `the ${kind} ${ref}`, schema: refAnswer },
    missing: 'ORIGIN_REF_NOT_FOUND',
  })
  if (found === undefined) return undefined
  checkProtected(checks, { ref, isProtected: found.protected }, settings)
  return { kind, name: ref }
}
