import { failedCheck, type OriginCheck, type VerifiedOrigin } from '../../domain/index.ts'
import type { ConnectorTools, OriginFinding, OriginQuestion } from '../connector.ts'
import { pathOf } from '../http-api/index.ts'
import type { Secret } from '../secret.ts'
import { type Repository, type Run, repositoryAnswer, runAnswer } from './answers.ts'
import { checkArtifact } from './artifact-checks.ts'
import { type GitHubClient, openGitHub, Unanswered } from './client.ts'
import { findJobs, runnersOf } from './job-facts.ts'
import { judgePolicies } from './policies.ts'
import { findRef } from './ref-checks.ts'
import { checkRun } from './run-checks.ts'
import { type GitHubBuild, type GitHubSettings, serverOf } from './settings.ts'

/** What is asked about a build of GitHub Actions. */
export type GitHubQuestion = OriginQuestion<GitHubSettings, GitHubBuild>

/**
 * Asks GitHub's REST API whether a run exists, is one of the project's repository, built what stands in a branch or behind a tag,
 * and made the artifact; then judges the pipeline policies of the link.
 *
 * @param known.ref what the ref is, where a token has said it; otherwise it is looked up
 * @throws OriginError for what may pass
 */
export async function verifyByApi(
  question: GitHubQuestion,
  tools: ConnectorTools,
  token: Secret,
  known: { readonly ref?: VerifiedOrigin['ref'] } = {},
): Promise<OriginFinding> {
  const client = openGitHub(tools, token)
  const checks: OriginCheck[] = []
  let origin: VerifiedOrigin | null = null
  try {
    origin = await ask(question, tools, client, checks, known.ref)
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error
    checks.push(failedCheck('answers', { code: error.code, message: error.message }, { status: error.status }))
  }
  // Where GitHub names no digest, as older Enterprise Servers do, nothing was compared.
  const isArtifactCompared = checks.some(
    ({ name, inputs }) => name === 'digest' && inputs.every(({ value }) => value !== null),
  )
  return { origin, proof: 'api', checks, evidence: client.evidence, isArtifactCompared }
}

/** Pushes checks as they are made, so that those before an answer that does not come are recorded too. */
async function ask(
  question: GitHubQuestion,
  tools: ConnectorTools,
  client: GitHubClient,
  checks: OriginCheck[],
  knownRef: VerifiedOrigin['ref'] | undefined,
): Promise<VerifiedOrigin | null> {
  const { settings, build, artifact, project } = question
  const { runId } = build
  if (runId === undefined) {
    checks.push(missing('runId'))
    return null
  }
  const name = nameOf(project.repositoryUrl, settings)
  if (name === null) {
    checks.push(otherServer(project.repositoryUrl, settings))
    return null
  }
  const repository = await client.ask({
    name: 'repository',
    path: pathOf('repos', ...name),
    schema: repositoryAnswer,
    permission: 'metadata: read',
  })
  const run = await client.find({
    name: 'run',
    path: pathOf('repos', ...repository.full_name.split('/'), 'actions', 'runs', runId),
    schema: runAnswer,
    permission: 'actions: read',
  })
  if (run === null) {
    checks.push(noRun(repository, runId))
    return null
  }
  checks.push(...checkRun({ repository, run, settings, build }))
  if (knownRef === undefined) checks.push(...calledWorkflowUnknown(settings))
  const { ref, checks: refChecks } = await findRef(client, repository, run, knownRef?.kind)
  checks.push(...refChecks)
  const jobs = await findJobs(client, repository, run, settings)
  checks.push(jobs.check)
  const attempt = build.attempt ?? run.run_attempt
  // With the token of a job the artifact is uploaded in the job's name; without, only GitHub can say whose it is.
  if (build.artifactId === undefined) {
    if (knownRef === undefined) checks.push(missing('artifactId'))
  } else {
    const artifactQuestion = { repository, run, attempt, artifactId: build.artifactId, stored: artifact }
    checks.push(...(await checkArtifact(client, artifactQuestion)))
  }
  checks.push(
    ...(await judgePolicies({
      client,
      repository,
      ref,
      jobs: jobs.facts,
      policies: settings.pipelinePolicies,
      defaultPath: `.signpath/policies/${project.slug}/${question.signingPolicy.slug}.yml`,
      now: tools.now(),
    })),
  )
  if (ref === null) return null
  return {
    repository: { url: repository.html_url, id: repository.id, ownerId: repository.owner.id },
    ref,
    commitId: run.head_sha,
    build: {
      id: run.id,
      url: run.html_url,
      attempt,
      definition: run.path,
      calledDefinition: null,
      trigger: run.event,
      runners: runnersOf(jobs.facts),
    },
    actors: actorsOf(run, serverOf(settings).apiUrl),
  }
}

/** Who began the run, and who began its last attempt; of a push, the first is who pushed. */
function actorsOf({ event, actor, triggering_actor }: Run, system: string): VerifiedOrigin['actors'] {
  const began = triggering_actor ?? actor
  return [
    ...(actor != null && event === 'push'
      ? [{ role: 'pusher' as const, system, id: actor.id, name: actor.login }]
      : []),
    ...(began == null ? [] : [{ role: 'initiator' as const, system, id: began.id, name: began.login }]),
  ]
}

/** Owner and name of the project's repository; `null` when it is on another server. */
export function nameOf(repositoryUrl: string, settings: GitHubSettings): readonly [string, string] | null {
  const server = new URL(serverOf(settings).serverUrl)
  const url = URL.parse(repositoryUrl)
  if (url === null || url.host !== server.host) return null
  const [owner, name, more] = url.pathname
    .replace(/\/+$/, '')
    .split('/')
    .filter((part) => part !== '')
  if (owner === undefined || name === undefined || more !== undefined) return null
  const bare = name.replace(/\.git$/i, '')
  return [owner, bare].every((part) => /^[\w.-]{1,100}$/.test(part) && !/^\.+$/.test(part)) ? [owner, bare] : null
}

function otherServer(repositoryUrl: string, settings: GitHubSettings): OriginCheck {
  const { serverUrl } = serverOf(settings)
  return failedCheck(
    'repositoryOfProject',
    {
      code: 'ORIGIN_REPOSITORY_OTHER_SERVER',
      message: `The project's repository is none of ${serverUrl}, the server of the link. Correct the project's repository URL, or the link.`,
    },
    { repositoryUrl, serverUrl },
  )
}

/** Whoever submits chooses how a build is proved, and must not choose away what the link demands. */
function calledWorkflowUnknown({ calledWorkflow }: GitHubSettings): OriginCheck[] {
  if (calledWorkflow === undefined) return []
  const message = `The link asks for a job in the workflow ${calledWorkflow}, which only the identity token of the job tells. Have the job send its token, or an administrator leaves calledWorkflow out of the link.`
  return [
    failedCheck('calledWorkflow', { code: 'ORIGIN_CALLED_WORKFLOW_DIFFERENT', message }, { expected: calledWorkflow }),
  ]
}

function missing(field: 'runId' | 'artifactId'): OriginCheck {
  return failedCheck(
    'build',
    { code: 'ORIGIN_BUILD_UNNAMED', message: `The submission does not say its build's ${field}. Submit it.` },
    { field },
  )
}

function noRun({ full_name }: Repository, runId: string): OriginCheck {
  return failedCheck(
    'run',
    {
      code: 'ORIGIN_RUN_NOT_FOUND',
      message: `${full_name} has no run ${runId}: it is one of another repository, was deleted, or the token lacks actions: read.`,
    },
    { runId, repository: full_name },
  )
}
