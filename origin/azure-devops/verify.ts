import type { BuildActor } from '../../domain/verified-origin.ts'
import type { ConnectorTools, FetchedArtifact, OriginFinding, OriginQuestion } from '../connector.ts'
import { type CheckList, createAsking, createCheckList, errorOf, readFullRef } from '../reading/index.ts'
import { type AzureApi, azureApi, credentials, downloadOf } from './ask.ts'
import {
  type AzureDevOpsBuild,
  type AzureDevOpsSettings,
  artifactAnswer,
  type BuildAnswer,
  buildAnswer,
} from './forms.ts'
import { judgeJobs, judgeTemplate } from './judge-jobs.ts'
import { judgeCommit, repositoryOf } from './repository.ts'

type Question = OriginQuestion<AzureDevOpsSettings, AzureDevOpsBuild>

/** Reasons of builds whose source is the branch that they name. Builds after other builds, of pull requests or shelvesets are of others' work. */
const reasons: ReadonlySet<string> = new Set([
  'manual',
  'individualCI',
  'batchedCI',
  'schedule',
  'scheduleForced',
  'userCreated',
])

/** Where Azure DevOps itself keeps artifacts; a file share is somebody else's. */
const kept: ReadonlySet<string> = new Set(['PipelineArtifact', 'Container'])

/** Asks Azure DevOps about a build, which is usually the one that submits. */
export async function verifyAzureDevOps(question: Question, tools: ConnectorTools): Promise<OriginFinding> {
  const { settings, build: asked } = question
  const { checks, keep, finding } = createAsking(tools)
  const api = azureApi(checks, tools, settings.project)
  const read = await api.read(['build', 'builds', asked.buildId], {
    check: 'build',
    what: `the build ${asked.buildId}`,
    scope: 'Build (read)',
    schema: buildAnswer,
  })
  if (read === undefined) return finding(null)
  const build = read.value
  await keep('build', read.answer.bytes)
  judgeBuild(checks, build, question)
  await findArtifact(checks, api, asked)
  const jobs = await judgeJobs(checks, api, asked.buildId, settings)
  const definition = await judgeTemplate(
    checks,
    api,
    { buildId: asked.buildId, definitionId: build.definition.id },
    settings,
  )
  const url = await repositoryOf(checks, api, build)
  const ref = readFullRef(build.sourceBranch)
  if (ref !== undefined && ref.kind !== 'pullRequest') await judgeCommit(checks, api, build, ref)
  if (url === undefined || ref === undefined || ref.kind === 'pullRequest') return finding(null)
  return finding({
    repository: { url, id: build.repository.id, ownerId: null },
    ref,
    commitId: build.sourceVersion,
    build: {
      id: build.id,
      url: build._links?.web?.href ?? null,
      attempt: jobs.attempt,
      definition: definition.file ?? build.definition.name ?? null,
      calledDefinition: definition.template,
      trigger: build.reason,
      runners: jobs.runners,
    },
    actors: actorsOf(build, settings),
  })
}

/**
 * Gets an artifact from Azure DevOps, which makes a ZIP file of it with one folder of its name.
 *
 * @throws OriginError the code of the check that failed
 */
export async function fetchAzureDevOpsArtifact(
  { settings, build }: Question,
  tools: ConnectorTools,
): Promise<FetchedArtifact> {
  const checks = createCheckList()
  const isThere = await findArtifact(checks, azureApi(checks, tools, settings.project), build)
  if (!isThere) throw errorOf(checks)
  const { bytes, size } = await tools.api.download({
    ...downloadOf(settings.project, build.buildId, build.artifactName),
    headers: credentials(tools),
  })
  return { fileName: `${build.artifactName}.zip`, sha256: null, size, bytes }
}

function judgeBuild(checks: CheckList, build: BuildAnswer, { settings, build: asked }: Question): void {
  checks.add(
    'buildId',
    { submitted: asked.buildId, found: build.id },
    build.id !== asked.buildId && {
      code: 'ORIGIN_BUILD_DIFFERENT',
      message: `Azure DevOps answered with the build ${build.id} in place of ${asked.buildId}. Check the base URL of the link.`,
    },
  )
  const isOfProject = [build.project.id, build.project.name].some(
    (name) => name.toLowerCase() === settings.project.toLowerCase(),
  )
  const { definitionIds } = settings
  const isOfLink = isOfProject && (definitionIds === null || definitionIds.includes(build.definition.id))
  checks.add(
    'pipeline',
    { project: build.project.name, pipeline: build.definition.id, linked: definitionIds?.join(', ') },
    !isOfLink && {
      code: 'ORIGIN_BUILD_OF_OTHER_PROJECT',
      message: `The build is of the pipeline ${build.definition.id} of ${build.project.name}, which the link does not name. Submit to the project that it belongs to, or correct the link.`,
    },
  )
  const isGood =
    build.deleted !== true &&
    (build.status === 'inProgress'
      ? !build.result || build.result === 'none' || build.result === 'succeeded'
      : build.status === 'completed' && build.result === 'succeeded')
  checks.add(
    'buildResult',
    { status: build.status, result: build.result, deleted: build.deleted },
    !isGood && {
      code: 'ORIGIN_BUILD_FAILED',
      message: `The build is ${build.deleted === true ? 'deleted' : `${build.status}, ${build.result ?? 'without a result'}`} in Azure DevOps. Only builds that did not fail are signed. Build again.`,
    },
  )
  const ref = readFullRef(build.sourceBranch)
  const pull = Object.keys(build.triggerInfo ?? {}).filter((name) => name.startsWith('pr.'))
  const isPullRequest = ref?.kind === 'pullRequest' || build.reason === 'pullRequest' || pull.length > 0
  checks.add(
    'pullRequest',
    { sourceBranch: build.sourceBranch, reason: build.reason, triggerInfo: pull.join(', ') },
    isPullRequest && {
      code: 'ORIGIN_PULL_REQUEST',
      message: `The build is of a pull request (${build.sourceBranch}). Sign a build of the branch itself.`,
    },
  )
  checks.add(
    'reason',
    { reason: build.reason },
    !isPullRequest &&
      !reasons.has(build.reason) && {
        code: 'ORIGIN_TRIGGER_NOT_ALLOWED',
        message: `The build was started by ${build.reason}: what it builds can be another build's. Sign builds that were started by a push, a schedule or by hand.`,
      },
  )
  checks.add(
    'ref',
    { sourceBranch: build.sourceBranch },
    ref === undefined && {
      code: 'ORIGIN_REF_UNKNOWN',
      message: `Azure DevOps names «${build.sourceBranch}» as the source, which is neither a branch nor a tag of Git. Build a branch or a tag.`,
    },
  )
}

/** People have ids in an organization; a build that somebody started is of two of them, or of one twice. */
function actorsOf(
  { requestedFor, requestedBy }: BuildAnswer,
  { baseUrl: system }: AzureDevOpsSettings,
): readonly BuildActor[] {
  const people = [requestedBy, requestedFor].flatMap((person) => (person ? [person] : []))
  const different = people.filter(({ id }, index) => people.findIndex((other) => other.id === id) === index)
  return different.map(({ id, displayName }) => ({ role: 'initiator', system, id, name: displayName ?? null }))
}

async function findArtifact(
  checks: CheckList,
  api: AzureApi,
  { buildId, artifactName }: AzureDevOpsBuild,
): Promise<boolean> {
  const read = await api.read(['build', 'builds', buildId, 'artifacts'], {
    check: 'artifact',
    what: `the artifact ${artifactName} of the build ${buildId}`,
    scope: 'Build (read)',
    missing: 'ORIGIN_ARTIFACT_NOT_FOUND',
    schema: artifactAnswer,
    query: { artifactName },
  })
  if (read === undefined) return false
  const { name, resource } = read.value
  return checks.add(
    'artifactOfBuild',
    { artifactName, found: name, type: resource.type },
    (name !== artifactName || !kept.has(resource.type)) && {
      code: 'ORIGIN_ARTIFACT_NOT_FOUND',
      message: `Azure DevOps does not keep the artifact ${artifactName} itself: it is of the type ${resource.type}. Publish it with PublishPipelineArtifact or PublishBuildArtifacts (Container).`,
    },
  )
}
