import { isCommitId } from '../../domain/commit-id.ts'
import { isSameRepository } from '../../domain/repository-url.ts'
import type { BuildActor } from '../../domain/verified-origin.ts'
import type { ConnectorTools, FetchedArtifact, OriginFinding, OriginQuestion } from '../connector.ts'
import { heldBytes, pathOf } from '../http-api/index.ts'
import {
  type CheckList,
  createAsking,
  createCheckList,
  errorOf,
  readAnswer,
  readFullRef,
  requireApiKey,
} from '../reading/index.ts'
import {
  type BuildAnswer,
  buildAnswer,
  buildFields,
  fileAnswer,
  type TeamCityBuild,
  type TeamCitySettings,
} from './forms.ts'

type Question = OriginQuestion<TeamCitySettings, TeamCityBuild>

/** Asks TeamCity about a build, which is usually the one that submits. */
export async function verifyTeamCity(question: Question, tools: ConnectorTools): Promise<OriginFinding> {
  const { settings, build: asked, project } = question
  const { checks, keep, finding } = createAsking(tools)
  const path = `app/rest/builds/id:${asked.buildId}`
  const answer = await tools.api.ask({ path, query: { fields: buildFields }, headers: credentials(tools) })
  const build = readAnswer(checks, answer, buildAnswer, {
    system: 'TeamCity',
    check: 'build',
    what: `the build ${asked.buildId}`,
    permission: 'View project and all parent projects, View build configuration settings',
    missing: 'ORIGIN_BUILD_NOT_FOUND',
  })
  if (build === undefined) return finding(null)
  await keep('build', answer.bytes)
  judgeBuild(checks, build, question)
  await findArtifact(checks, tools, asked)

  const revision = findRevision(checks, build, project.repositoryUrl)
  if (revision === undefined) return finding(null)
  const ref = readFullRef(revision.branch)
  const isPullRequest = ref?.kind === 'pullRequest'
  checks.add(
    'ref',
    { branch: revision.branch },
    (ref === undefined || isPullRequest) && {
      code: isPullRequest ? 'ORIGIN_PULL_REQUEST' : 'ORIGIN_REF_UNKNOWN',
      message: isPullRequest
        ? `The build is of ${revision.branch}, which somebody proposes. Sign a build of the branch itself.`
        : `TeamCity names «${revision.branch}» as the branch, which is no full reference of a branch or tag. Give the VCS root a default branch and a branch specification by full references (refs/heads/…).`,
    },
  )
  if (ref === undefined || ref.kind === 'pullRequest') return finding(null)
  const user = build.triggered?.user
  return finding({
    repository: { url: revision.url, id: null, ownerId: null },
    ref,
    commitId: revision.commitId,
    build: {
      id: build.id,
      url: build.webUrl ?? null,
      ...{ attempt: null, definition: build.buildTypeId, calledDefinition: null },
      trigger: build.triggered?.type ?? null,
      runners: 'unknown',
    },
    actors: user
      ? [
          {
            role: 'initiator',
            system: settings.baseUrl,
            id: user.id,
            name: user.name ?? user.username ?? null,
          } satisfies BuildActor,
        ]
      : [],
  })
}

/**
 * Gets an artifact from TeamCity.
 *
 * @throws OriginError the code of the check that failed
 */
export async function fetchTeamCityArtifact({ build }: Question, tools: ConnectorTools): Promise<FetchedArtifact> {
  const checks = createCheckList()
  const file = await findArtifact(checks, tools, build)
  if (file === undefined) throw errorOf(checks)
  const path = `app/rest/builds/id:${build.buildId}/artifacts/content/${pathOf(...build.artifactPath.split('/'))}`
  const { authorization = '' } = credentials(tools)
  const { bytes } = await tools.api.download({ path, headers: { authorization } })
  const { name: fileName, size } = file
  return { fileName, sha256: null, size, bytes: heldBytes(bytes, { what: build.artifactPath, size, sha256: null }) }
}

function credentials(tools: ConnectorTools): Readonly<Record<string, string>> {
  const key = requireApiKey(tools, 'The link with TeamCity holds no access token. Give it one.')
  return { authorization: `Bearer ${key}`, accept: 'application/json' }
}

function judgeBuild(checks: CheckList, build: BuildAnswer, { settings, build: asked }: Question): void {
  checks.add(
    'buildId',
    { submitted: asked.buildId, found: build.id },
    build.id !== asked.buildId && {
      code: 'ORIGIN_BUILD_DIFFERENT',
      message: `TeamCity answered with the build ${build.id} in place of ${asked.buildId}. Check the base URL of the link.`,
    },
  )
  // TeamCity leaves personal builds out of lists of builds only: asked for one by its id, it answers with it.
  checks.add(
    'personal',
    { personal: build.personal },
    build.personal && {
      code: 'ORIGIN_PERSONAL_BUILD',
      message:
        'The build is a personal one: its source is what somebody had on their own machine. Run an ordinary build.',
    },
  )
  const isCustomized = build.customized === true && !settings.allowCustomized
  checks.add(
    'customized',
    { customized: build.customized, allowed: settings.allowCustomized },
    isCustomized && {
      code: 'ORIGIN_BUILD_CUSTOMIZED',
      message:
        'The build ran with other parameters or dependencies than its configuration has, by the choice of whoever started it. Run it as it is configured, or allow it in the link (allowCustomized).',
    },
  )
  const isGood = build.status === 'SUCCESS' && !build.canceledInfo && ['running', 'finished'].includes(build.state)
  checks.add(
    'buildResult',
    { state: build.state, status: build.status },
    !isGood && {
      code: 'ORIGIN_BUILD_FAILED',
      message: `The build is ${build.canceledInfo ? 'canceled' : `${build.state}, ${build.status}`} in TeamCity. Only builds that did not fail are signed. Build again.`,
    },
  )
  const { buildTypeIds } = settings
  const isOfLink = buildTypeIds === null || buildTypeIds.includes(build.buildTypeId)
  checks.add(
    'buildConfiguration',
    { found: build.buildTypeId, linked: buildTypeIds?.join(', ') },
    !isOfLink && {
      code: 'ORIGIN_BUILD_OF_OTHER_PROJECT',
      message: `The build is of the configuration ${build.buildTypeId}, which the link does not name. Submit to the project that it belongs to, or correct the link.`,
    },
  )
}

/** The one revision of the project's repository: configurations can have several VCS roots. */
function findRevision(checks: CheckList, { revisions }: BuildAnswer, repositoryUrl: string) {
  const made = revisions.revision.map(({ version, vcsBranchName, 'vcs-root-instance': root }) => ({
    commitId: version.toLowerCase(),
    branch: vcsBranchName ?? '',
    url: root.properties?.property.find(({ name }) => name === 'url')?.value ?? null,
  }))
  const compared = {
    repository: repositoryUrl,
    roots: made.map(({ url, commitId }) => `${url} ${commitId}`).join(', '),
  }
  if (made.some(({ url }) => url === null)) {
    checks.add('revision', compared, {
      code: 'ORIGIN_API_FORBIDDEN',
      message:
        'TeamCity does not tell the addresses of the VCS roots. The user of the access token needs the permission View build configuration settings, or View VCS root settings where roots are restricted.',
    })
    return undefined
  }
  const fitting = made.flatMap(({ url, ...rest }) =>
    url !== null && isSameRepository(url, repositoryUrl) ? [{ ...rest, url }] : [],
  )
  const [first, ...others] = fitting
  const isOne = first !== undefined && others.length === 0 && isCommitId(first.commitId)
  checks.add(
    'revision',
    compared,
    !isOne && {
      code: first === undefined ? 'ORIGIN_CHECKOUT_MISSING' : 'ORIGIN_CHECKOUT_AMBIGUOUS',
      message:
        first === undefined
          ? `The build has no VCS root of ${repositoryUrl}. Check the repository URL of the project, and the VCS roots of the configuration.`
          : `The build has several VCS roots of ${repositoryUrl}, or a revision that is no commit of Git. Attach one Git root.`,
    },
  )
  return isOne ? first : undefined
}

async function findArtifact(checks: CheckList, tools: ConnectorTools, { buildId, artifactPath }: TeamCityBuild) {
  const path = `app/rest/builds/id:${buildId}/artifacts/metadata/${pathOf(...artifactPath.split('/'))}`
  const answer = await tools.api.ask({ path, headers: credentials(tools) })
  return readAnswer(checks, answer, fileAnswer, {
    system: 'TeamCity',
    check: 'artifactOfBuild',
    what: `the artifact ${artifactPath} of the build ${buildId}, as a file`,
    permission: 'View build runtime parameters and data',
    missing: 'ORIGIN_ARTIFACT_NOT_FOUND',
  })
}
