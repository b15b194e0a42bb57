import type { ConnectorTools, OriginFinding, OriginQuestion } from '../connector.ts'
import { pathOf } from '../http-api/index.ts'
import { OriginError } from '../origin-error.ts'
import { type CheckList, createAsking, readAnswer } from '../reading/index.ts'
import { findArtifact } from './artifact.ts'
import { type AppVeyorApi, appVeyorApi } from './ask.ts'
import {
  type AppVeyorBuild,
  type AppVeyorSettings,
  type BuildAnswer,
  buildAnswer,
  projectsAnswer,
  settingsAnswer,
} from './forms.ts'
import { judgeSettings } from './judge-settings.ts'
import { repositoryAddress } from './repository.ts'
import { settingsDocument } from './settings-document.ts'

/** For so long after a build was made its end is waited for, in milliseconds; AppVeyor ends builds long before. */
const longestBuild = 24 * 60 * 60 * 1000

const underWay: ReadonlySet<string> = new Set(['queued', 'starting', 'running', 'cancelling'])

/**
 * Asks AppVeyor about a build. Of what its web hook said, only the names are used by which the build is looked up.
 *
 * @throws OriginError `ORIGIN_BUILD_UNFINISHED`, which passes: AppVeyor calls its web hook from the build that it is about
 */
export async function verifyAppVeyor(
  question: OriginQuestion<AppVeyorSettings, AppVeyorBuild>,
  tools: ConnectorTools,
): Promise<OriginFinding> {
  const { settings, build: asked } = question
  const { checks, keep, finding } = createAsking(tools)
  const api = appVeyorApi(tools, asked.accountName)
  const projectPath = pathOf('projects', asked.accountName, asked.projectSlug)

  const answer = await api.ask(`${projectPath}/${pathOf('build', asked.buildVersion)}`)
  const found = readAnswer(checks, answer, buildAnswer, {
    system: 'AppVeyor',
    check: 'build',
    what: `the build ${asked.buildVersion} of ${asked.accountName}/${asked.projectSlug}`,
    permission: 'access to the project, with API v1 and API v2 enabled for the account (Account, Security)',
    missing: 'ORIGIN_BUILD_NOT_FOUND',
  })
  if (found === undefined) return finding(null)
  const { project, build } = found
  requireFinished(build, tools)
  await keep('build', answer.bytes)

  judgeBuild(checks, found, question)
  await judgeProject(checks, api, found, settings)

  const read = await api.ask(`${projectPath}/settings`)
  const projectSettings = readAnswer(checks, read, settingsAnswer, {
    system: 'AppVeyor',
    check: 'settings',
    what: `the settings of ${asked.accountName}/${asked.projectSlug}`,
    permission: 'Update project settings',
    missing: 'ORIGIN_BUILD_NOT_FOUND',
  })
  if (projectSettings !== undefined) {
    judgeSettings(checks, projectSettings, build)
    // Not the answer itself, which may hold passwords of deployments and addresses that start builds.
    await keep('settings', settingsDocument(found, read.json()))
  }

  await findArtifact(checks, api, found, question)
  const address = repositoryAddress(project, settings)
  if ('wrong' in address || (build.isTag && build.tag === null)) return finding(null)
  return finding({
    repository: { url: address.url, id: null, ownerId: null },
    ref: build.isTag ? { kind: 'tag', name: build.tag ?? '' } : { kind: 'branch', name: build.branch },
    commitId: build.commitId,
    build: {
      id: build.buildId,
      url: `${settings.baseUrl.replace(/\/+$/, '')}/${pathOf('project', project.accountName, project.slug, 'builds', build.buildId)}`,
      attempt: null,
      definition: null,
      calledDefinition: null,
      trigger: null,
      runners: 'unknown',
    },
    // AppVeyor names people as the commit does, by text that whoever commits chooses.
    actors: [],
  })
}

function requireFinished({ status, version, created }: BuildAnswer['build'], { now }: ConnectorTools): void {
  if (!underWay.has(status) || Date.parse(now()) - Date.parse(created) > longestBuild) return
  throw new OriginError(
    'ORIGIN_BUILD_UNFINISHED',
    `The AppVeyor build ${version} is ${status}; it is looked at when it has ended.`,
    { isPassing: true, retryAfterSeconds: 15 },
  )
}

function judgeBuild(
  checks: CheckList,
  { build, project }: BuildAnswer,
  { settings, build: asked }: OriginQuestion<AppVeyorSettings, AppVeyorBuild>,
): void {
  checks.add(
    'buildId',
    { submitted: asked.buildId, found: build.buildId },
    build.buildId !== asked.buildId && {
      code: 'ORIGIN_BUILD_DIFFERENT',
      message: `The build ${build.version} has the id ${build.buildId}, and not ${asked.buildId} as was submitted. Submit what AppVeyor's web hook says.`,
    },
  )
  checks.add(
    'buildFinished',
    { status: build.status },
    build.status !== 'success' && {
      code: underWay.has(build.status) ? 'ORIGIN_BUILD_UNFINISHED' : 'ORIGIN_BUILD_FAILED',
      message: `The AppVeyor build ended as ${build.status}; only successful builds are signed. Build again.`,
    },
  )
  const { pullRequestId, pullRequestName, pullRequestHeadRepository, pullRequestHeadBranch, pullRequestHeadCommitId } =
    build
  const pull = [
    pullRequestId,
    pullRequestName,
    pullRequestHeadRepository,
    pullRequestHeadBranch,
    pullRequestHeadCommitId,
  ]
  checks.add(
    'pullRequest',
    { pullRequestId, pullRequestHeadRepository, pullRequestHeadBranch },
    pull.some((value) => value !== null) && {
      code: 'ORIGIN_PULL_REQUEST',
      message: `The build is of pull request ${pullRequestId ?? 'of a name only'}, although its branch is said to be ${build.branch}. Sign a build of the branch itself.`,
    },
  )
  checks.add(
    'tagNamed',
    { isTag: build.isTag, tag: build.tag },
    build.isTag &&
      build.tag === null && {
        code: 'ORIGIN_REF_UNKNOWN',
        message: 'AppVeyor says that the build is of a tag, and not of which. Build again; if it stays so, report it.',
      },
  )
  const { accountName, projectSlug } = settings
  const isOfLink =
    same(project.accountName, accountName ?? asked.accountName) && same(project.slug, projectSlug ?? asked.projectSlug)
  const said = `${project.accountName}/${project.slug}`
  checks.add(
    'project',
    { found: said, linked: `${accountName ?? '*'}/${projectSlug ?? '*'}` },
    !isOfLink && {
      code: 'ORIGIN_BUILD_OF_OTHER_PROJECT',
      message: `The build is of the AppVeyor project ${said}, with which there is no link. Submit to the project that it belongs to, or correct the link.`,
    },
  )
  const address = repositoryAddress(project, settings)
  const wrong = 'wrong' in address ? address.wrong : undefined
  checks.add(
    'repositoryProvider',
    {
      provider: project.repositoryType,
      repository: project.repositoryName,
      ownServer: settings.repositoryServer?.baseUrl,
    },
    wrong !== undefined && {
      code: 'ORIGIN_REPOSITORY_UNSUPPORTED',
      message:
        wrong === 'provider'
          ? `The AppVeyor project has a repository of the kind ${project.repositoryType}. Repositories are taken of GitHub, Bitbucket, GitLab, Azure DevOps, Kiln and Gitea, hosted or on own servers.`
          : `AppVeyor does not say on which server the repository ${project.repositoryName} is, or on another one than the link names. Set repositoryServer of the link to that server, with its provider as AppVeyor names it.`,
    },
  )
}

/** Names of AppVeyor are compared without case, as AppVeyor does. */
function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** Whether the project is one of those that the API key was made for, and public where it must be. */
async function judgeProject(
  checks: CheckList,
  api: AppVeyorApi,
  { project }: BuildAnswer,
  { mustBePublic }: AppVeyorSettings,
): Promise<void> {
  const said = `${project.accountName}/${project.slug}`
  // Everybody may read public projects, so that reading one shows nothing about the key.
  const own = readAnswer(checks, await api.ask('projects'), projectsAnswer, {
    system: 'AppVeyor',
    check: 'projects',
    what: 'the projects of the account',
    permission: 'access to the account',
    missing: 'ORIGIN_BUILD_OF_OTHER_PROJECT',
  })
  if (own !== undefined) {
    const isOwn = own.some(({ projectId, slug }) => projectId === project.projectId && same(slug, project.slug))
    checks.add(
      'projectOfKey',
      { projectId: project.projectId, project: said },
      !isOwn && {
        code: 'ORIGIN_BUILD_OF_OTHER_PROJECT',
        message: `The AppVeyor project ${said} is none of the account that the API key of the link is of. Give the link a key of that account.`,
      },
    )
  }
  if (!mustBePublic) return
  checks.add(
    'projectPublic',
    { isPrivate: project.isPrivate },
    project.isPrivate && {
      code: 'ORIGIN_PROJECT_PRIVATE',
      message: `The AppVeyor project ${said} is private. An open-source organization signs public projects: make it public in AppVeyor.`,
    },
  )
  const open = await api.askUnauthenticated(pathOf('projects', project.accountName, project.slug))
  checks.add(
    'repositoryPublic',
    { statusWithoutKey: open.status },
    open.status !== 200 && {
      code: 'ORIGIN_REPOSITORY_PRIVATE',
      message: `AppVeyor does not show ${said} to everybody, as it does when project and repository are public. Make both public.`,
    },
  )
}
