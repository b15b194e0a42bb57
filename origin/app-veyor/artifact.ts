import type { ConnectorTools, FetchedArtifact, OriginQuestion } from '../connector.ts'
import { heldBytes, pathOf } from '../http-api/index.ts'
import { baseName, type CheckList, createCheckList, errorOf, readAnswer } from '../reading/index.ts'
import { type AppVeyorApi, appVeyorApi } from './ask.ts'
import { type AppVeyorBuild, type AppVeyorSettings, artifactsAnswer, type BuildAnswer } from './forms.ts'

type Question = OriginQuestion<AppVeyorSettings, AppVeyorBuild>

/** An artifact as AppVeyor lists it. */
export type ListedArtifact = { readonly fileName: string; readonly size: number }

/**
 * Finds the artifact among those of the job, and checks that the job is one of the build, and ended well. What was fetched while the
 * build ran must be what AppVeyor has now: a later step may have put another file in its place.
 */
export async function findArtifact(
  checks: CheckList,
  api: AppVeyorApi,
  { build }: Pick<BuildAnswer, 'build'>,
  { build: { buildJobId }, settings, artifact: stored }: Question,
): Promise<ListedArtifact | undefined> {
  const job = build.jobs.find(({ jobId }) => jobId === buildJobId)
  const isOfBuild = checks.add(
    'jobOfBuild',
    { job: buildJobId, status: job?.status },
    job?.status !== 'success' && {
      code: job === undefined ? 'ORIGIN_JOB_OF_OTHER_BUILD' : 'ORIGIN_BUILD_FAILED',
      message:
        job === undefined
          ? `The job ${buildJobId} is none of the build ${build.version}. Submit what AppVeyor's web hook says.`
          : `The job ${buildJobId} ended as ${job.status}. Build again.`,
    },
  )
  const artifact = isOfBuild ? await listed(checks, api, buildJobId, settings) : undefined
  if (artifact === undefined || stored === null) return artifact
  checks.add(
    'artifactSize',
    { listed: artifact.size, retrieved: stored.size },
    artifact.size !== stored.size && {
      code: 'ORIGIN_ARTIFACT_DIFFERENT',
      message: `AppVeyor lists ${artifact.fileName} with ${artifact.size} bytes, and the artifact has ${stored.size}: the build put another file in its place after it had called. Upload artifacts once, before the deployment, and build again.`,
    },
  )
  return artifact
}

async function listed(
  checks: CheckList,
  api: AppVeyorApi,
  jobId: string,
  { artifactPath }: AppVeyorSettings,
): Promise<ListedArtifact | undefined> {
  const artifacts = readAnswer(checks, await api.ask(pathOf('buildjobs', jobId, 'artifacts')), artifactsAnswer, {
    system: 'AppVeyor',
    check: 'artifacts',
    what: `the artifacts of the job ${jobId}`,
    permission: 'access to the project',
    missing: 'ORIGIN_ARTIFACT_NOT_FOUND',
  })
  if (artifacts === undefined) return undefined
  const [artifact, ...others] =
    artifactPath === null
      ? artifacts
      : artifacts.filter(({ fileName }) => fileName.replaceAll('\\', '/') === artifactPath.replaceAll('\\', '/'))
  const names = artifacts.map(({ fileName }) => fileName).join(', ')
  const isOne = artifact !== undefined && others.length === 0
  checks.add(
    'artifactOfBuild',
    { artifactPath, artifacts: names },
    !isOne && {
      code: artifact === undefined ? 'ORIGIN_ARTIFACT_NOT_FOUND' : 'ORIGIN_ARTIFACT_AMBIGUOUS',
      message:
        artifact === undefined
          ? `The job has no artifact ${artifactPath ?? 'at all'}; it has: ${names || 'none'}. Correct the artifacts of appveyor.yml, or the artifact path of the link.`
          : `The job has several artifacts: ${names}. Name one as the artifact path of the link.`,
    },
  )
  return isOne ? artifact : undefined
}

/**
 * Gets the artifact from AppVeyor, which keeps it elsewhere and leads there.
 *
 * @throws OriginError the code of the check that failed
 */
export async function fetchAppVeyorArtifact(question: Question, tools: ConnectorTools): Promise<FetchedArtifact> {
  const { build, settings } = question
  const api = appVeyorApi(tools, build.accountName)
  const checks = createCheckList()
  const artifact = await listed(checks, api, build.buildJobId, settings)
  if (artifact === undefined) throw errorOf(checks)
  const { fileName, size } = artifact
  // One segment: AppVeyor takes the whole path of an artifact as one name.
  const { bytes } = await api.download(pathOf('buildjobs', build.buildJobId, 'artifacts', fileName))
  return {
    fileName: baseName(fileName),
    sha256: null,
    size,
    bytes: heldBytes(bytes, { what: fileName, size, sha256: null }),
  }
}
