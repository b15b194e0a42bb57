import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AnsweringServer, answeringServer } from '../answering-server.ts'
import { type GitHubPermission, type GitHubWorld, rightGitHub } from './github-world.ts'

/** A stand-in for GitHub on 127.0.0.1 until the test ends. */
export type GitHubStandIn = {
  /** Base URL of its REST API. */
  readonly apiUrl: string
  /** What it knows. Change it to have a build be wrong. */
  readonly world: GitHubWorld
  readonly server: AnsweringServer
  readonly store: AnsweringServer
  /** What was asked otherwise than GitHub takes it; each test ends with none. */
  readonly complaints: readonly string[]
}

/**
 * Answers as GitHub's REST API: the paths, parameters, headers, fields and statuses are those of its published OpenAPI description
 * (github/rest-api-description, `api.github.com`, version 2022-11-28), of the operations `repos/get`, `actions/get-workflow-run`,
 * `actions/get-workflow-run-attempt`, `actions/list-jobs-for-workflow-run`, `actions/get-artifact`, `actions/download-artifact`,
 * `git/get-ref`, `git/get-tag`, `repos/compare-commits`, `repos/get-branch-rules`, `repos/get-repo-rulesets`, `repos/get-repo-ruleset`,
 * `repos/get-content` and `orgs/get-audit-log`. It takes nothing else: no other path, method or version, and no call without the token.
 */
export async function gitHubStandIn(world: GitHubWorld = rightGitHub()): Promise<GitHubStandIn> {
  const complaints: string[] = []
  const complain = (what: string) => {
    complaints.push(what)
    return { status: 400, body: { message: what } }
  }
  const store = await answeringServer((request, response) => {
    if (request.headers.authorization !== undefined) {
      complaints.push('The store got credentials.')
      response.writeHead(400).end()
    } else if (world.store === 'refuses') response.writeHead(403).end()
    else {
      response.writeHead(200, { 'content-length': world.artifactBytes.byteLength, 'content-type': 'application/zip' })
      if (world.store === 'gives') response.end(world.artifactBytes)
      else response.write(world.artifactBytes.subarray(0, 20), () => response.destroy())
    }
  })
  const server = await answeringServer((request, response) => {
    const answer = world.outage ?? answerTo(request, world, store.url, complain)
    send(response, answer, world)
  })
  return { apiUrl: server.url, world, server, store, complaints }
}

type Answer = { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
const notFound: Answer = { status: 404, body: { message: 'Not Found' } }
const found = (body: unknown, headers: Record<string, string> = {}): Answer => ({ status: 200, body, headers })

function answerTo(
  { method, url = '', headers }: IncomingMessage,
  world: GitHubWorld,
  store: string,
  complain: (what: string) => Answer,
): Answer {
  const { pathname, searchParams: query } = new URL(url, 'http://github.test')
  const authorization = headers.authorization ?? ''
  if (!/^Bearer \S+$/.test(authorization)) return complain(`No token at ${pathname}`)
  if (authorization !== `Bearer ${world.token}`) return { status: 401, body: { message: 'Bad credentials' } }
  if (method !== 'GET') return complain(`${method} ${pathname}`)
  if (headers['x-github-api-version'] !== '2022-11-28') return complain('No version of the API.')
  if (headers['user-agent'] === undefined) return complain('No User-Agent.')
  const needs = (permission: GitHubPermission, give: () => Answer): Answer =>
    world.permissions.has(permission)
      ? give()
      : {
          status: 403,
          headers: { 'x-accepted-github-permissions': `${permission}=read` },
          body: { message: 'Resource not accessible by integration' },
        }

  const audit = /^\/orgs\/([^/]+)\/audit-log$/.exec(pathname)
  if (audit !== null) return needs('organization_administration', () => auditLog(world, query, complain))
  const [, owner, name, rest = ''] = /^\/repos\/([^/]+)\/([^/]+)(?:\/(.*))?$/.exec(pathname) ?? []
  const fullName = `${owner}/${name}`
  const other = world.otherRepositories[fullName]
  const isOwn = fullName.toLowerCase() === world.repository.full_name.toLowerCase()
  if (!isOwn && other === undefined) return owner === undefined ? complain(`GET ${pathname}`) : notFound
  if (rest === '')
    return needs('metadata', () =>
      found(isOwn ? world.repository : { ...world.repository, ...other, full_name: fullName }),
    )
  if (/^(?:git|compare|contents)\//.test(rest))
    return needs('contents', () => contentsAnswer(rest, query, world, { fullName, head: other?.head, complain }))
  if (rest.startsWith('actions/')) return needs('actions', () => actionsAnswer(rest, query, world, store, complain))
  return needs('metadata', () => rulesAnswer(rest, query, world, complain))
}

function contentsAnswer(
  rest: string,
  query: URLSearchParams,
  { branches, tags, tagObjects, comparisons, files }: GitHubWorld,
  { fullName, head, complain }: { fullName: string; head: string | undefined; complain: (what: string) => Answer },
): Answer {
  const [, kind, ref] = /^git\/ref\/(heads|tags)\/(.+)$/.exec(rest) ?? []
  if (ref !== undefined) {
    const given = decodeURIComponent(ref)
    const object = kind === 'tags' ? tags[given] : { sha: head ?? branches[given], type: 'commit' }
    return object?.sha === undefined ? notFound : found({ ref: `refs/${kind}/${given}`, object })
  }
  const [, tag] = /^git\/tags\/([0-9a-f]{40})$/.exec(rest) ?? []
  if (tag !== undefined) return tagObjects[tag] === undefined ? notFound : found({ sha: tag, object: tagObjects[tag] })
  const [, compared] = /^compare\/([0-9a-f]{40}\.\.\.[0-9a-f]{40})$/.exec(decodeURIComponent(rest)) ?? []
  if (compared !== undefined) {
    const status = comparisons[compared]
    return status === undefined ? notFound : found({ status, ahead_by: 1, behind_by: 0, commits: [] })
  }
  const [, path] = /^contents\/(.+)$/.exec(rest) ?? []
  if (path === undefined) return complain(`GET ${rest}`)
  if (!/^[0-9a-f]{40}$/.test(query.get('ref') ?? '')) return complain('A file that is not asked for by a commit.')
  const file = files[`${fullName} ${query.get('ref')} ${decodeURIComponent(path)}`]
  if (file === undefined) return notFound
  return found({
    type: file.type,
    encoding: 'base64',
    content: Buffer.from(file.content)
      .toString('base64')
      .replace(/(.{60})/g, '$1\n'),
  })
}

function actionsAnswer(
  rest: string,
  query: URLSearchParams,
  { run, attempts, jobs, artifact }: GitHubWorld,
  store: string,
  complain: (what: string) => Answer,
): Answer {
  const [, runId, attempt, ofRun] = /^actions\/runs\/(\d+)(?:\/attempts\/(\d+))?(\/jobs)?$/.exec(rest) ?? []
  if (runId !== undefined) {
    if (runId !== String(run.id)) return notFound
    if (ofRun !== undefined) {
      if (query.get('filter') !== 'all') return complain('Jobs of the last attempt alone.')
      const [page, perPage] = [Number(query.get('page') ?? 1), Number(query.get('per_page') ?? 30)]
      const link = page * perPage < jobs.length ? { link: '<http://github.test/next?page=2>; rel="next"' } : {}
      const shown = jobs.slice((page - 1) * perPage, page * perPage)
      return found({ total_count: jobs.length, jobs: shown }, { ...link })
    }
    if (attempt === undefined) return found({ ...run, run_started_at: attempts.at(-1) })
    const began = attempts[Number(attempt) - 1]
    return began === undefined ? notFound : found({ ...run, run_attempt: Number(attempt), run_started_at: began })
  }
  const [, artifactId, zip] = /^actions\/artifacts\/(\d+)(\/zip)?$/.exec(rest) ?? []
  if (artifactId === undefined) return complain(`GET ${rest}`)
  if (artifactId !== String(artifact.id)) return notFound
  if (zip === undefined) return found(artifact)
  return artifact.expired
    ? { status: 410, body: { message: 'Artifact has expired' } }
    : { status: 302, headers: { location: `${store}/file?sig=signed-address-canary` } }
}

function rulesAnswer(
  rest: string,
  query: URLSearchParams,
  { rulesets, branchRulesets }: GitHubWorld,
  complain: (what: string) => Answer,
): Answer {
  const [, branch] = /^rules\/branches\/([^/]+)$/.exec(rest) ?? []
  if (branch !== undefined) {
    const ids = branchRulesets[decodeURIComponent(branch)] ?? []
    const holding = rulesets.filter(({ id }) => ids.includes(id))
    return found(holding.flatMap(({ id, rules }) => rules.map((rule) => ({ ...rule, ruleset_id: id }))))
  }
  if (query.get('includes_parents') !== 'true') return complain('Rulesets of the repository alone.')
  const [, id] = /^rulesets(?:\/(\d+))?$/.exec(rest) ?? []
  if (!/^rulesets/.test(rest)) return complain(`GET ${rest}`)
  if (id === undefined) {
    const targets = query.get('targets')?.split(',')
    const listed = rulesets.filter(({ target }) => targets === undefined || targets.includes(target))
    return found(listed.map(({ rules: _, bypass_actors: __, ...ruleset }) => ruleset))
  }
  const one = rulesets.find((ruleset) => String(ruleset.id) === id)
  return one === undefined ? notFound : found(one)
}

function auditLog(
  { auditLog: entries, auditCursor }: GitHubWorld,
  query: URLSearchParams,
  complain: (what: string) => Answer,
): Answer {
  if (entries === null) return notFound
  if (!/^action:repository_ruleset created:>=\d{4}-\d\d-\d\d$/.test(query.get('phrase') ?? ''))
    return complain('An audit log that is not asked for by action and day.')
  if (query.has('page')) return complain('The audit log has cursors, not pages.')
  // One entry a page, so that whoever does not follow the cursor misses the rest.
  const start = Number(query.get('after') ?? 0)
  const next = start + 1 < entries.length
  return found(
    entries.slice(start, start + 1),
    next
      ? { link: `<http://github.test/orgs/Example/audit-log?${auditCursor}=${start + 1}&per_page=100>; rel="next"` }
      : {},
  )
}

function send(response: ServerResponse, { status, headers = {}, body }: Answer, { leftOut }: GitHubWorld): void {
  const text = body === undefined ? '' : JSON.stringify(body, (key, value) => (leftOut.has(key) ? undefined : value))
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(text)
}
