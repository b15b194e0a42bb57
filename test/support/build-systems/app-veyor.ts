import type { AnsweringServer } from '../answering-server.ts'
import { file, json, page, type RoutedAnswer, redirect, routedServer } from './routed-server.ts'

// A stand-in for AppVeyor's REST API as its documentation describes it (appveyor.com/docs/api, projects and builds, of 2026-09) and the
// unofficial OpenAPI description of it (kevinoid/appveyor-swagger, 0.20170106.0 and later); routes of user-level keys (v2) as
// appveyor/ci#2748 and gitextensions#8828 tell them.

/** The API keys that it takes: of the account (v1), and of a user (v2). */
export const appVeyorKeys = { account: 'k7dm2v1xq4c9s0a8w3ez', user: 'v2.9dfk3m2n4b5v6c7x8z1q' } as const

/** Each way in which a build can be wrong, or AppVeyor's answer unusual. */
export const appVeyorFaults = {
  'a build that runs': ({ build }) => Object.assign(build, { status: 'running', finished: null }),
  'a build that has run for days': ({ build, settings }) => {
    Object.assign(build, { status: 'running', created: '2026-11-25T07:00:00+00:00' })
    settings.settings.updated = settings.project.updated = '2026-11-01T10:00:00+00:00'
  },
  'a build that failed': ({ build }) => Object.assign(build, { status: 'failed' }),
  'a build that was canceled': ({ build }) => Object.assign(build, { status: 'cancelled' }),
  'no such build': (world) => Object.assign(world, { build: undefined }),
  'another build id': ({ build }) => Object.assign(build, { buildId: 999 }),
  'a pull request': ({ build }) =>
    Object.assign(build, { pullRequestId: 12, pullRequestName: 'Improve', pullRequestHeadRepository: 'fork/library' }),
  'a pull request by its head only': ({ build }) => Object.assign(build, { pullRequestHeadCommitId: '0'.repeat(40) }),
  'a tag without a name': ({ build }) => Object.assign(build, { isTag: true }),
  'a project of another account': (world) => Object.assign(world, { ownProjects: [] }),
  'scripts in the settings': ({ configuration }) =>
    configuration.afterBuildScripts.push({ language: 'ps', script: 'x' }),
  'scripts of a new kind': (world) =>
    Object.assign(world.configuration, { beforeEverythingScripts: [{ script: 'x' }] }),
  'scripts for building': ({ configuration }) => Object.assign(configuration, { buildMode: 'script' }),
  'cache entries': ({ configuration }) => Object.assign(configuration, { cacheEntries: [{ value: 'packages' }] }),
  'settings changed since': ({ settings }) =>
    Object.assign(settings.settings, { updated: '2026-11-30T07:05:00+00:00' }),
  'settings changed while it waited': ({ settings }) =>
    Object.assign(settings.project, { updated: '2026-11-30T07:01:00+00:00' }),
  'a configuration file of another name': ({ settings }) =>
    Object.assign(settings.settings, { customYmlName: 'ci/a.yml' }),
  'a configuration file that is ignored': ({ settings }) =>
    Object.assign(settings.settings, { ignoreAppveyorYml: true }),
  'a plain Git repository': ({ project }) => Object.assign(project, { repositoryType: 'git' }),
  'an own server that the link does not name': ({ project }) =>
    Object.assign(project, { repositoryType: 'gitLabEnterprise' }),
  'an address on another server': ({ project }) =>
    Object.assign(project, { repositoryName: 'https://evil.example/library' }),
  'a private project': ({ project }) => Object.assign(project, { isPrivate: true }),
  'a project that only members see': (world) => Object.assign(world, { isOpen: false }),
  'a job of another build': ({ build }) => Object.assign(build, { jobs: [{ jobId: 'other', status: 'success' }] }),
  'a job that failed': ({ build }) => Object.assign(build, { jobs: [{ jobId: 'j0b1', status: 'failed' }] }),
  'no artifact': (world) => Object.assign(world, { artifacts: [] }),
  'two artifacts': (world) => world.artifacts.push({ fileName: 'b.nupkg', size: 1, bytes: Buffer.from('b') }),
  'a build without isTag': ({ build }) => Object.assign(build, { isTag: undefined }),
  'settings without lists of scripts': ({ configuration }) =>
    Object.assign(configuration, { installScripts: undefined }),
  'a commit that is none': ({ build }) => Object.assign(build, { commitId: 'HEAD' }),
  'a page in place of JSON': (world) => Object.assign(world, { isPage: true }),
  'a key without permission for settings': (world) => Object.assign(world, { settingsStatus: 403 }),
  'fields that nobody knows': ({ build, project }) =>
    Object.assign(build, { newField: { a: [1] } }) && Object.assign(project, { isGitHubApp: true }),
} satisfies Record<string, (world: AppVeyorWorld) => unknown>

/** Each way in which a build can be wrong. */
export type AppVeyorFault = keyof typeof appVeyorFaults

/** What the stand-in answers from. */
export type AppVeyorWorld = ReturnType<typeof rightWorld>

/** A server with one build, at which nothing is wrong but what is said. */
export async function appVeyorStandIn(
  faults: readonly AppVeyorFault[] = [],
  options: { readonly areRoutesPrefixed?: boolean; readonly artifact?: Uint8Array } = {},
): Promise<AnsweringServer & { readonly world: AppVeyorWorld; readonly store: AnsweringServer }> {
  const world = rightWorld(Buffer.from(options.artifact ?? 'an artifact'))
  for (const fault of faults) appVeyorFaults[fault](world)
  // Where AppVeyor leads a download: a signed address, at which an Authorization header is an error.
  const store = await routedServer(({ headers }, url) => {
    const artifact = world.artifacts.find(({ fileName }) => fileName === decodeURIComponent(url.pathname.slice(1)))
    const isRight = headers.authorization === undefined && url.searchParams.has('sig')
    return isRight && artifact !== undefined ? file(artifact.bytes) : json(400, 'InvalidAuthenticationInfo')
  })
  const { areRoutesPrefixed = true } = options
  const server = await routedServer(({ method, headers }, { pathname }) => {
    if (method !== 'GET') return refused(405, 'The requested resource does not support this method.')
    return answer(pathname, headers.authorization, world, { areRoutesPrefixed, storeUrl: store.url })
  })
  return { ...server, world, store }
}

function refused(status: number, message: string): RoutedAnswer {
  return json(status, { message })
}

function answer(
  pathname: string,
  authorization: string | undefined,
  world: AppVeyorWorld,
  { areRoutesPrefixed, storeUrl }: { readonly areRoutesPrefixed: boolean; readonly storeUrl: string },
): RoutedAnswer {
  const [, account, path = ''] = /^\/api\/(?:account\/([^/]+)\/)?(.*)$/.exec(pathname) ?? []
  const isUserKey = authorization === `Bearer ${appVeyorKeys.user}`
  const isAnybody = authorization === undefined
  const { project, build, settings } = world
  const projectPath = `projects/${project.accountName}/${project.slug}`
  if (!isUserKey && !isAnybody && authorization !== `Bearer ${appVeyorKeys.account}`)
    return refused(401, 'Authorization required')
  if (account !== undefined && (!isUserKey || account !== project.accountName))
    return refused(404, 'Account not found or access denied.')
  // Paths that name the account have a form with the prefix or none, by the release.
  if (isUserKey && account === undefined && (areRoutesPrefixed || path === 'projects'))
    return refused(400, 'Account cannot be accessed with current authentication method.')
  if (world.isPage || (account !== undefined && !areRoutesPrefixed && path.startsWith(projectPath))) return page(200)
  if (isAnybody && !world.isOpen) return refused(404, 'Project not found or access denied.')
  if (path === 'projects') return isAnybody ? refused(401, 'Authorization required') : json(200, world.ownProjects)
  if (path === projectPath) return json(200, { project, build })
  if (path === `${projectPath}/build/1.0.3`)
    return build === undefined ? refused(404, 'Build not found or access denied.') : json(200, { project, build })
  if (path === `${projectPath}/settings`)
    return isAnybody || world.settingsStatus !== 200
      ? refused(world.settingsStatus, 'Access denied.')
      : json(200, settings)
  if (path === 'buildjobs/j0b1/artifacts')
    return json(
      200,
      world.artifacts.map(({ fileName, size }) => ({ fileName, size, type: 'NuGetPackage', created: build.finished })),
    )
  const [, name] = /^buildjobs\/j0b1\/artifacts\/([^/]+)$/.exec(path) ?? []
  return name === undefined ? refused(404, 'Not found.') : redirect(`${storeUrl}/${name}?sig=secret`)
}

function rightWorld(bytes: Buffer) {
  const times = { created: '2026-11-30T07:00:00.1234567+00:00', updated: '2026-11-30T07:09:30.1234567+00:00' }
  const build = {
    ...{
      buildId: 134173 as number,
      buildNumber: 3,
      version: '1.0.3',
      message: 'Release',
      branch: 'main',
      isTag: false,
    },
    ...{ commitId: '5f0c3c3f1a2b4d5e6f708192a3b4c5d6e7f80910', authorName: 'Ann', committerName: 'Ann', messages: [] },
    ...{ status: 'success', started: '2026-11-30T07:02:00.1234567+00:00', finished: times.updated as string | null },
    jobs: [{ jobId: 'j0b1', name: '', status: 'success', artifactsCount: 1, ...times }],
    ...times,
  }
  const project = {
    ...{ projectId: 38907, accountId: 2, accountName: 'example', name: 'library', slug: 'library', builds: [] },
    ...{ repositoryType: 'gitHub', repositoryScm: 'git', repositoryName: 'example/library', repositoryBranch: 'main' },
    ...{ isPrivate: false, created: '2026-01-10T10:00:00.1234567+00:00', updated: '2026-11-01T10:00:00.1234567+00:00' },
  }
  const configuration = {
    ...{ initScripts: [], installScripts: [], beforeBuildScripts: [], buildScripts: [], beforePackageScripts: [] },
    afterBuildScripts: [] as object[],
    ...{ beforeTestScripts: [], testScripts: [], afterTestScripts: [], beforeDeployScripts: [], deployScripts: [] },
    ...{ afterDeployScripts: [], onBuildSuccessScripts: [], onBuildErrorScripts: [], onBuildFinishScripts: [] },
    ...{ buildMode: 'msbuild', testMode: 'auto', deployMode: 'providers', platform: [], configuration: [] },
    environmentVariables: [
      { name: 'CONFIGURATION', value: { isEncrypted: false, value: 'Release' } },
      { name: 'FEED_KEY', value: { isEncrypted: true, value: 'c2VjcmV0IGNpcGhlcnRleHQ=' } },
    ],
    matrixOnly: [{ variables: { name: 'FEED_KEY', value: { isEncrypted: true, value: 'c2VjcmV0IG1hdHJpeA==' } } }],
    deployments: [{ provider: 'FTP', providerSettings: [{ name: 'password', value: { value: 'hunter2-ftp' } }] }],
    notifications: [{ provider: 'Slack', settings: { incomingWebhookUrl: 'https://hooks.example/very-secret' } }],
  }
  const settings = {
    project: { ...project },
    settings: {
      ...project,
      ...{ versionFormat: '1.0.{build}', nextBuildNumber: 4, webhookId: 'k783di7br', ignoreAppveyorYml: false },
      webhookUrl: 'https://ci.appveyor.com/api/github/webhook?id=k783di7br',
      skipBranchesWithoutAppveyorYml: true,
      configuration,
    },
    images: [],
  }
  const artifacts = [{ fileName: 'out\\Library 1.0.3.nupkg', size: bytes.length, bytes }]
  const ownProjects = [{ ...project }]
  return {
    project,
    build,
    settings,
    configuration,
    artifacts,
    ownProjects,
    isOpen: true,
    isPage: false,
    settingsStatus: 200,
  }
}
