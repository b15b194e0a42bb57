import type { IncomingMessage } from 'node:http'
import { file, json, page, type RoutedAnswer, redirect, routedServer } from './routed-server.ts'

/** The commit that the stand-in's pipeline built. */
export const gitLabCommit = '5f0c3c3f1a2b4d5e6f708192a3b4c5d6e7f80910'
/** An access token that the stand-in takes, with `read_api`. */
export const gitLabToken = 'glpat-canary'
/**
 * What the identity token of job 32 claims, as GitLab's documentation of ID tokens lists it, but for whom it is for. Ids are text
 * here and numbers in the API; owners of projects shape `sub`, so nothing may read it.
 */
export const gitLabClaims = {
  sub: 'project_path:evil/tool:ref_type:branch:ref:main',
  namespace_id: '3',
  namespace_path: 'acme',
  project_id: '7',
  project_path: 'acme/tool',
  user_id: '5',
  user_login: 'ada',
  user_email: 'ada@example.com',
  pipeline_id: '21',
  pipeline_source: 'push',
  job_id: '32',
  ref: 'main',
  ref_type: 'branch',
  ref_path: 'refs/heads/main',
  ref_protected: 'true',
  runner_id: 12,
  runner_environment: 'gitlab-hosted',
  sha: gitLabCommit,
  ci_config_ref_uri: 'gitlab.test/acme/tool//.gitlab-ci.yml@refs/heads/main',
  ci_config_sha: gitLabCommit,
}

type Fields = Record<string, unknown>

/** What the stand-in answers, to be changed by a test. */
export type GitLabWorld = {
  project: Fields
  pipeline: Fields
  /** By their ids: 31 built, 32 submits. */
  jobs: Record<string, Fields>
  branches: Record<string, Fields>
  tags: Record<string, Fields>
  /** Branches and tags that hold the commit. */
  refs: { type: string; name: string }[]
  /** Files in the artifacts of job 31. */
  files: Record<string, Buffer>
  /** Has another server give the files, as stores of objects do. */
  store: string | undefined
  /** Whether the access token lacks `read_api`. */
  isWithoutScope: boolean
}

function newWorld(): GitLabWorld {
  const job = (id: number, status: string) => ({
    id,
    status,
    stage: 'build',
    name: `job ${id}`,
    ref: 'main',
    tag: false,
    commit: { id: gitLabCommit, short_id: gitLabCommit.slice(0, 8), author_name: 'Ada' },
    pipeline: { id: 21, project_id: 7, ref: 'main', sha: gitLabCommit, status: 'running' },
    user: { id: 5, username: 'ada', name: 'Ada' },
    runner: { id: 12, description: 'ubuntu-latest', is_shared: true, runner_type: 'instance_type' },
    artifacts_file: { filename: 'artifacts.zip', size: 1_000 },
    artifacts: [{ file_type: 'archive', size: 1_000, filename: 'artifacts.zip', file_format: 'zip' }],
    a_new_field: { of: ['any', 'form'] },
  })
  return {
    project: {
      id: 7,
      path_with_namespace: 'acme/tool',
      web_url: 'https://gitlab.test/acme/tool',
      namespace: { id: 3, kind: 'group', full_path: 'acme' },
      runners_token: 'GR1348941-canary',
    },
    pipeline: {
      id: 21,
      iid: 9,
      project_id: 7,
      sha: gitLabCommit,
      ref: 'main',
      tag: false,
      source: 'push',
      status: 'running',
    },
    jobs: { 31: job(31, 'success'), 32: { ...job(32, 'running'), artifacts_file: undefined } },
    branches: { main: { name: 'main', protected: true, commit: { id: gitLabCommit } } },
    tags: { v1: { name: 'v1', protected: true, target: gitLabCommit } },
    refs: [
      { type: 'branch', name: 'main' },
      { type: 'tag', name: 'v1' },
    ],
    files: { 'out/tool.exe': Buffer.from('program') },
    store: undefined,
    isWithoutScope: false,
  }
}

/**
 * GitLab's REST API (v4) as its API reference describes it in version 18 (Projects, Pipelines, Jobs, Job artifacts, Branches, Tags,
 * Commits: refs that a commit is pushed to), as far as it is asked. It takes GET with `PRIVATE-TOKEN`, and complains of anything else.
 */
export async function gitLabStandIn() {
  const world = newWorld()
  const complaints: string[] = []
  const server = await routedServer((request, url) => answer(request, url, world, complaints))
  return { world, complaints, url: server.url, apiUrl: `${server.url}/api/v4`, asked: server.asked }
}

function answer(
  { method, headers }: IncomingMessage,
  url: URL,
  world: GitLabWorld,
  complaints: string[],
): RoutedAnswer {
  const path = url.pathname.match(/^\/api\/v4\/projects\/7(\/.*)?$/)
  if (method !== 'GET' || path === null || headers.authorization !== undefined) {
    complaints.push(`${method} ${url.pathname}`)
    return page(404)
  }
  const token = headers['private-token']
  // As for a project that is not public: GitLab does not say that there is one.
  if (token === undefined) return json(404, { message: '404 Project Not Found' })
  if (token !== gitLabToken) return json(401, { message: '401 Unauthorized' })
  if (world.isWithoutScope) return json(403, { error: 'insufficient_scope', scope: 'api read_api' })
  const [kind = '', id = '', ...rest] = (path[1] ?? '').slice(1).split('/').map(decodeURIComponent)
  if (kind === '') return json(200, world.project)
  if (kind === 'pipelines') return id === String(world.pipeline.id) ? json(200, world.pipeline) : notFound()
  if (kind === 'jobs' && rest.length === 0) return found(world.jobs[id])
  if (kind === 'jobs' && rest[0] === 'artifacts') {
    const name = rest.slice(1).join('/')
    const bytes = id === '31' ? world.files[name] : undefined
    if (bytes === undefined) return notFound()
    return world.store === undefined ? file(bytes) : redirect(`${world.store}/${name}?signature=secret`)
  }
  if (kind === 'repository' && id === 'branches') return found(world.branches[rest[0] ?? ''])
  if (kind === 'repository' && id === 'tags') return found(world.tags[rest[0] ?? ''])
  if (kind === 'repository' && id === 'commits' && rest[1] === 'refs')
    return json(
      200,
      world.refs.filter(({ type }) => type === url.searchParams.get('type')),
    )
  complaints.push(`${method} ${url.pathname}`)
  return page(404)
}

const notFound = () => json(404, { message: '404 Not found' })
const found = (body: Fields | undefined) => (body === undefined ? notFound() : json(200, body))
