import type { BuildActor } from '../../domain/verified-origin.ts'
import type { ConnectorTools, OriginFinding, OriginQuestion } from '../connector.ts'
import { type CheckList, createAsking, readAnswer } from '../reading/index.ts'
import { archivedPathOf, buildPath, credentials, judgeArtifact } from './archived.ts'
import { findCheckout, refOfCheckout } from './checkout.ts'
import { type BuildAnswer, buildAnswer, buildTree, type JenkinsBuild, type JenkinsSettings } from './forms.ts'
import { refOfJob } from './job-ref.ts'
import { verifyClaim } from './verify-claim.ts'

type Question = OriginQuestion<JenkinsSettings, JenkinsBuild>

/** The cause of a build that somebody ran again with other steps than those of the repository. */
const replayed = 'org.jenkinsci.plugins.workflow.cps.replay.ReplayCause'

/** Asks Jenkins about a build, or takes what its plugin says where the link has no address to ask. */
export async function verifyJenkins(question: Question, tools: ConnectorTools): Promise<OriginFinding> {
  const { settings, build: asked, project } = question
  const { baseUrl } = settings
  if (baseUrl === null) return verifyClaim(question)
  const { checks, keep, finding } = createAsking(tools)
  const { job, buildNumber } = asked
  const artifactPath = archivedPathOf(asked)
  const isNamed = job && buildNumber && artifactPath
  checks.add(
    'buildNamed',
    { job, buildNumber, artifactPath },
    !isNamed && {
      code: 'ORIGIN_BUILD_UNNAMED',
      message:
        'The submission does not name job, buildNumber and artifactPath (or sha256ArtifactPath), by which Jenkins is asked about the build.',
    },
  )
  if (!isNamed) return finding(null)
  judgeJob(checks, job, settings)

  const headers = credentials(settings, tools)
  const path = buildPath(job, buildNumber)
  const answer = await tools.api.ask({ path: `${path}/api/json`, query: { tree: buildTree }, headers })
  const found = readAnswer(checks, answer, buildAnswer, {
    system: 'Jenkins',
    check: 'build',
    what: `the build ${buildNumber} of ${job}`,
    permission: 'Overall/Read and Job/Read',
    missing: 'ORIGIN_BUILD_NOT_FOUND',
  })
  if (found === undefined) return finding(null)
  await keep('build', answer.bytes)
  judgeBuild(checks, found, buildNumber)
  await judgeArtifact(checks, tools, { path, headers, found, question })

  const checkout = findCheckout(checks, found, project.repositoryUrl)
  const ofJob = await refOfJob(checks, tools, job, headers)
  if (checkout === undefined || ofJob === undefined) return finding(null)
  const ref = ofJob === 'other' ? refOfCheckout(checkout) : ofJob
  const isPullRequest = ref?.kind === 'pullRequest'
  checks.add(
    'ref',
    { job, branches: checkout.branches.join(', ') },
    (ref === undefined || isPullRequest) && {
      code: isPullRequest ? 'ORIGIN_PULL_REQUEST' : 'ORIGIN_REF_UNKNOWN',
      message: isPullRequest
        ? `The job ${job} builds what somebody proposes. Sign a build of the branch itself.`
        : `Jenkins names «${checkout.branches.join(', ')}» as the branch, which is neither a remote branch nor a tag. Check out a branch by its name, best in a multibranch project.`,
    },
  )
  if (ref === undefined || ref.kind === 'pullRequest') return finding(null)
  return finding({
    repository: { url: checkout.url, id: null, ownerId: null },
    ref,
    commitId: checkout.commitId,
    build: {
      id: `${job}#${found.number}`,
      url: `${baseUrl.replace(/\/+$/, '')}/${path}/`,
      ...{ attempt: null, definition: job, calledDefinition: null },
      trigger: causesOf(found)[0]?._class.replace(/^.*[.$]/, '') ?? null,
      runners: 'unknown',
    },
    actors: causesOf(found).flatMap(({ userId, userName }): BuildActor[] =>
      userId ? [{ role: 'initiator', system: baseUrl, id: userId, name: userName ?? null }] : [],
    ),
  })
}

function judgeJob(checks: CheckList, job: string, { jobs }: JenkinsSettings): void {
  const isOfLink = jobs === null || jobs.some((linked) => job === linked || job.startsWith(`${linked}/`))
  checks.add(
    'job',
    { job, linked: jobs?.join(', ') },
    !isOfLink && {
      code: 'ORIGIN_BUILD_OF_OTHER_PROJECT',
      message: `The link with Jenkins is for other jobs than ${job}. Submit to the project that the job belongs to, or correct the link.`,
    },
  )
}

function judgeBuild(checks: CheckList, { number, building, result, ...found }: BuildAnswer, buildNumber: string): void {
  checks.add(
    'buildNumber',
    { submitted: buildNumber, found: number },
    number !== buildNumber && {
      code: 'ORIGIN_BUILD_DIFFERENT',
      message: `Jenkins answered with the build ${number} in place of ${buildNumber}. Check the base URL of the link.`,
    },
  )
  // A job submits while it runs; until then it must not have failed.
  const isGood = result === 'SUCCESS' || (building && result === null)
  checks.add(
    'buildResult',
    { building, result },
    !isGood && {
      code: 'ORIGIN_BUILD_FAILED',
      message: `The build is ${result ?? 'neither running nor ended'} in Jenkins. Only builds that did not fail are signed. Build again.`,
    },
  )
  const isReplayed = causesOf(found).some(({ _class }) => _class === replayed)
  checks.add(
    'replay',
    { isReplayed },
    isReplayed && {
      code: 'ORIGIN_BUILD_REPLAYED',
      message: 'The build was replayed, with steps that somebody may have changed. Build from the repository.',
    },
  )
}

function causesOf({ actions }: Pick<BuildAnswer, 'actions'>) {
  return actions.flatMap((action) => action?.causes ?? [])
}
