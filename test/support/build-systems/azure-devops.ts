import type { AnsweringServer } from '../answering-server.ts'
import { file, json, page, type RoutedAnswer, redirect, routedServer, worldServer } from './routed-server.ts'

// A stand-in for Azure DevOps' REST API as its reference describes it (Azure DevOps Services REST API 7.1: Builds, Artifacts, Timeline,
// Queues, Pipelines Runs, Git Repositories, Diffs, Refs).

/** The personal access token that it takes. */
export const azureToken = 'q7dm2v1xq4c9s0a8w3ezk7dm2v1xq4c9s0a8w3ezk7dm2v1xq4c9'

const commit = '5f0c3c3f1a2b4d5e6f708192a3b4c5d6e7f80910'

/** Each way in which a build can be wrong. */
export const azureDevOpsFaults = {
  'a build that runs': ({ build }) => Object.assign(build, { status: 'inProgress', result: undefined }),
  'a build that failed': ({ build }) => Object.assign(build, { result: 'failed' }),
  'a build that succeeded in part': ({ build }) => Object.assign(build, { result: 'partiallySucceeded' }),
  'a deleted build': ({ build }) => Object.assign(build, { deleted: true }),
  'no such build': (world) => Object.assign(world, { buildStatus: 404 }),
  'a token without the scope': (world) => Object.assign(world, { buildStatus: 403 }),
  'another build': ({ build }) => Object.assign(build, { id: 999 }),
  'another project': ({ build }) => Object.assign(build, { project: { id: 'p-9', name: 'Other' } }),
  'another pipeline': ({ build }) => Object.assign(build, { definition: { id: 9, name: 'Other' } }),
  'a pull request by its reference': ({ build }) => Object.assign(build, { sourceBranch: 'refs/pull/12/merge' }),
  'a pull request by its reason': ({ build }) => Object.assign(build, { reason: 'pullRequest' }),
  'a pull request by its trigger': ({ build }) => Object.assign(build, { triggerInfo: { 'pr.number': '12' } }),
  'a build after another build': ({ build }) => Object.assign(build, { reason: 'buildCompletion' }),
  'a shelveset': ({ build }) => Object.assign(build, { reason: 'validateShelveset', sourceBranch: '$/Library' }),
  'a moved branch': (world) => Object.assign(world, { commonCommit: 'b'.repeat(40) }),
  'a branch that is gone': (world) => Object.assign(world, { commonCommit: null }),
  'a tag': ({ build }) => Object.assign(build, { sourceBranch: 'refs/tags/v1.0.3' }),
  'a moved tag': (world) => {
    world.build.sourceBranch = 'refs/tags/v1.0.3'
    Object.assign(world.tag, { peeledObjectId: 'b'.repeat(40) })
  },
  'a job in a pool of its own': ({ pools }) =>
    Object.assign(pools, { 11: { id: 77, name: 'Default', isHosted: false } }),
  'an earlier attempt in a pool of its own': (world) => {
    Object.assign(world.records[1] ?? {}, { attempt: 2, previousAttempts: [{ attempt: 1, timelineId: 'before' }] })
    world.earlier.push({ type: 'Job', name: 'build', attempt: 1, queueId: 12, workerName: 'own-1' })
    Object.assign(world.pools, { 12: { id: 77, name: 'Default', isHosted: false } })
  },
  'more attempts than are read': ({ records }) => {
    const previousAttempts = Array.from({ length: 60 }, (_, index) => ({ timelineId: `before-${index}` }))
    Object.assign(records[1] ?? {}, { attempt: 61, previousAttempts })
  },
  'a job without a queue': ({ records }) => Object.assign(records[1] ?? {}, { queueId: null }),
  'another template': ({ run }) => Object.assign(run.yamlDetails.extendedTemplates[0] ?? {}, { yamlFile: '/mine.yml' }),
  'a template of another reference': ({ run }) =>
    Object.assign(run.yamlDetails.extendedTemplates[0] ?? {}, { ref: 'refs/heads/mine' }),
  'a template of another repository': ({ run }) =>
    Object.assign(run.resources.repositories.templates.repository, { id: 'r-9' }),
  'a pipeline without YAML': (world) => Object.assign(world, { run: undefined }),
  'no such artifact': (world) => Object.assign(world, { artifact: undefined }),
  'an artifact on a file share': ({ artifact }) => Object.assign(artifact.resource, { type: 'FilePath' }),
  'a repository of GitHub': ({ build }) =>
    Object.assign(build, { repository: { id: 'example/library', type: 'GitHub' } }),
  'a repository of a kind that nobody knows': ({ build }) =>
    Object.assign(build, { repository: { id: 'x', type: 'Svn' } }),
  'a build without a commit': ({ build }) => Object.assign(build, { sourceVersion: undefined }),
  'fields that nobody knows': ({ build }) => Object.assign(build, { newField: [{}] }),
} satisfies Record<string, (world: AzureDevOpsWorld) => unknown>

/** Each way in which a build can be wrong. */
export type AzureDevOpsFault = keyof typeof azureDevOpsFaults

/** What the stand-in answers from. */
export type AzureDevOpsWorld = ReturnType<typeof rightWorld>

/** An Azure DevOps with the build 531 of the project Library. */
export async function azureDevOpsStandIn(
  faults: readonly AzureDevOpsFault[] = [],
): Promise<AnsweringServer & { readonly world: AzureDevOpsWorld; readonly store: AnsweringServer }> {
  const world = rightWorld()
  const store = await routedServer(({ headers }) => (headers.authorization === undefined ? file(world.zip) : page(400)))
  const server = await worldServer({
    world,
    faults: faults.map((fault) => azureDevOpsFaults[fault]),
    authorization: `Basic ${Buffer.from(`:${azureToken}`).toString('base64')}`,
    // A wrong token is answered with a page to sign in on.
    unauthorized: 203,
    otherMethod: 400,
    answer: (url) => (url.searchParams.get('api-version') === '7.1' ? answer(url, world, store.url) : page(400)),
  })
  return { ...server, store }
}

function answer({ pathname, searchParams }: URL, world: AzureDevOpsWorld, storeUrl: string): RoutedAnswer {
  const { build, buildStatus, repository, tag, run, artifact } = world
  const notFound = json(404, { message: 'The requested resource does not exist.' })
  const path = pathname.replace(/^\/Library\/_apis\//, '')
  if (path === 'build/builds/531')
    return buildStatus === 200 ? json(200, build) : json(buildStatus, { message: 'TF50309' })
  if (path === 'build/builds/531/timeline') return json(200, { records: world.records })
  if (path.startsWith('build/builds/531/timeline/before')) return json(200, { records: world.earlier })
  if (path === 'build/builds/531/artifacts' && searchParams.get('artifactName') === 'package' && artifact !== undefined)
    return searchParams.get('$format') === 'zip' ? redirect(`${storeUrl}/package.zip?sig=secret`) : json(200, artifact)
  if (path === `pipelines/${build.definition.id}/runs/531`) return run === undefined ? notFound : json(200, run)
  if (path === `git/repositories/${repository.id}`) return json(200, repository)
  if (path === `git/repositories/${repository.id}/diffs/commits` && searchParams.get('targetVersion') === 'main')
    return world.commonCommit === null ? notFound : json(200, { commonCommit: world.commonCommit, aheadCount: 0 })
  if (path === `git/repositories/${repository.id}/refs`)
    return json(200, { value: [{ name: 'refs/tags/v1.0.30', objectId: 'e'.repeat(40) }, tag], count: 2 })
  const pool = world.pools[Number(/^distributedtask\/queues\/(\d+)$/.exec(path)?.[1])]
  return pool === undefined ? notFound : json(200, { id: 11, pool })
}

function rightWorld() {
  const ann = { id: 'a-1', displayName: 'Ann', uniqueName: 'ann@example.org' }
  return {
    build: {
      ...{ id: 531, buildNumber: '20261130.1', status: 'completed', result: 'succeeded', reason: 'individualCI' },
      ...{ sourceBranch: 'refs/heads/main', sourceVersion: commit, triggerInfo: { 'ci.message': 'Release' } },
      ...{ definition: { id: 4, name: 'Release' }, project: { id: 'p-1', name: 'Library' } },
      ...{
        repository: { id: 'r-1', type: 'TfsGit' },
        requestedFor: ann,
        requestedBy: { id: 's-1', displayName: 'Service' },
      },
      _links: { web: { href: 'https://dev.azure.com/example/Library/_build/results?buildId=531' } },
    },
    buildStatus: 200,
    repository: {
      ...{ id: 'r-1', name: 'Library', project: { id: 'p-1' } },
      remoteUrl: 'https://example@dev.azure.com/example/Library/_git/Library',
    },
    commonCommit: commit as string | null,
    tag: { name: 'refs/tags/v1.0.3', objectId: 'd'.repeat(40), peeledObjectId: commit },
    records: [
      { type: 'Stage', name: 'build', attempt: 1, result: 'succeeded' },
      { type: 'Job', name: 'build', attempt: 1, result: 'succeeded', queueId: 11, workerName: 'Hosted Agent' },
      { type: 'Job', name: 'left out', attempt: 1, result: 'skipped', queueId: 99, workerName: null },
    ] as object[],
    earlier: [] as object[],
    pools: { 11: { id: 8, name: 'Azure Pipelines', isHosted: true } } as Record<number, object>,
    run: {
      yamlDetails: {
        rootYamlFile: { ref: 'refs/heads/main', yamlFile: 'azure-pipelines.yml', repoAlias: 'self' },
        extendedTemplates: [{ ref: 'refs/heads/main', yamlFile: '/release.yml', repoAlias: 'templates' }],
      },
      resources: { repositories: { self: { repository: { id: 'r-1' } }, templates: { repository: { id: 'r-2' } } } },
    },
    artifact: { id: 1, name: 'package', resource: { type: 'PipelineArtifact', downloadUrl: 'https://x.example' } },
    zip: Buffer.from('a ZIP file'),
  }
}
