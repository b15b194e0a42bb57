import { describe, expect, it } from 'vitest'
import { faultsOf, gitHubCase, strictGitHub, verifyGitHub } from '../../support/build-systems/github-question.ts'
import { branchHead, commit, gitHubFaults, job } from '../../support/build-systems/github-world.ts'

describe('a build of GitHub Actions, asked for by the API', () => {
  it('that is right has an origin, with each check and each answer kept', async () => {
    const gitHub = await strictGitHub()
    const { origin, proof, checks, evidence, tools } = await verifyGitHub(gitHub)
    expect(faultsOf({ checks })).toEqual([])
    expect(proof).toBe('api')
    expect(origin).toEqual({
      repository: { url: 'https://github.test/Example/program', id: '1001', ownerId: '77' },
      ref: { kind: 'branch', name: 'main' },
      commitId: commit,
      build: {
        id: '5001',
        url: 'https://github.test/Example/program/actions/runs/5001',
        attempt: 1,
        definition: '.github/workflows/release.yml',
        calledDefinition: null,
        trigger: 'push',
        runners: 'hosted',
      },
      actors: [
        { role: 'pusher', system: gitHub.apiUrl, id: '9', name: 'ada' },
        { role: 'initiator', system: gitHub.apiUrl, id: '9', name: 'ada' },
      ],
    })
    expect(checks.map(({ name }) => name)).toEqual([
      'repositoryIds',
      'repositoryOfRun',
      'headRepository',
      'event',
      'workflow',
      'conclusion',
      'ref',
      'commitInBranch',
      'jobs',
      'artifactOfRun',
      'artifactOfAttempt',
      'digest',
    ])
    expect(evidence.map(({ name }) => name)).toEqual([
      ...['repository', 'run', 'branch', 'tag', 'comparison', 'jobs', 'artifact', 'attempt'],
    ])
    // GitHub gives a token to clone with in the same answer.
    expect(tools.kept.get('repository')).toContain('"full_name":"Example/program"')
    expect([...tools.kept.values(), JSON.stringify(checks)].join()).not.toContain('canary')
  })

  it.each(Object.entries(gitHubFaults))('is refused for %s', async (_, { change, code }) => {
    const gitHub = await strictGitHub()
    change(gitHub.world)
    const found = await verifyGitHub(gitHub)
    expect(faultsOf(found)).toContain(code)
    const check = found.checks.find((one) => one.code === code)
    expect(check?.outcome).toBe('failed')
    expect(check?.message).toMatch(/\.$/)
  })

  it('makes all checks that it can, not only up to the first that fails', async () => {
    const gitHub = await strictGitHub()
    for (const fault of ["a fork's branch with the same name", 'a comment', 'an artifact of another run'])
      gitHubFaults[fault]?.change(gitHub.world)
    const found = await verifyGitHub(gitHub)
    expect(faultsOf(found)).toEqual(['ORIGIN_FORK_REFUSED', 'ORIGIN_EVENT_REFUSED', 'ORIGIN_ARTIFACT_OTHER_RUN'])
    expect(found.origin).not.toBeNull()
  })

  it('names the permission that the token lacks', async () => {
    const gitHub = await strictGitHub()
    gitHub.world.permissions.delete('actions')
    const [check] = (await verifyGitHub(gitHub)).checks.filter(({ code }) => code !== null)
    expect(check?.message).toContain('actions: read')
  })

  it('is asked for before the artifact is there, and so refused when it is submitted', async () => {
    const gitHub = await strictGitHub()
    expect(faultsOf(await verifyGitHub(gitHub, { artifact: null }))).toEqual([])
    gitHubFaults['a comment']?.change(gitHub.world)
    expect(faultsOf(await verifyGitHub(gitHub, { artifact: null }))).toEqual(['ORIGIN_EVENT_REFUSED'])
  })

  it('may have an artifact without digest: it is hashed by us', async () => {
    const gitHub = await strictGitHub()
    gitHub.world.artifact.digest = null
    const { checks } = await verifyGitHub(gitHub)
    expect(faultsOf({ checks })).toEqual([])
    const digest = checks.find(({ name }) => name === 'digest')
    expect(digest?.inputs).toContainEqual({ name: 'digestByGitHub', value: null })
    expect(digest?.inputs.find(({ name }) => name === 'sha256')?.value).toMatch(/^[0-9a-f]{64}$/)
  })

  it('that was begun by what its link allows passes, and pull requests cannot be allowed', async () => {
    const gitHub = await strictGitHub()
    gitHub.world.run.event = 'workflow_run'
    const settings = { allowedEvents: ['push', 'workflow_run'] }
    expect(faultsOf(await verifyGitHub(gitHub, { settings }))).toEqual([])
    for (const event of ['pull_request', 'pull_request_target', 'pull_request_review', 'merge_group', 'issue_comment'])
      expect(() => gitHubCase(gitHub, { settings: { allowedEvents: [event] } })).toThrow(/pull requests/)
  })

  it('of a tag has a tag as ref, which stands for the commit, in the default branch', async () => {
    const gitHub = await strictGitHub()
    const { world } = gitHub
    world.run.head_branch = 'v1'
    world.tags.v1 = { sha: 'a'.repeat(40), type: 'tag' }
    world.tagObjects['a'.repeat(40)] = { sha: commit, type: 'commit' }
    const found = await verifyGitHub(gitHub)
    expect(faultsOf(found)).toEqual([])
    expect(found.origin?.ref).toEqual({ kind: 'tag', name: 'v1' })
    world.tagObjects['a'.repeat(40)] = { sha: branchHead, type: 'commit' }
    expect(faultsOf(await verifyGitHub(gitHub))).toEqual(['ORIGIN_TAG_MOVED'])
    // A tag can stand for a commit of a fork's.
    world.tags.v1 = { sha: commit, type: 'commit' }
    world.comparisons = {}
    expect(faultsOf(await verifyGitHub(gitHub))).toEqual(['ORIGIN_COMMIT_NOT_IN_BRANCH'])
  })

  it.each(['release/1.0#2', 'feature/ä ', '..', 'a/../b', 'refs/heads/main', ''])(
    'is asked for its ref as it is named: %j',
    async (name) => {
      const gitHub = await strictGitHub()
      gitHub.world.run.head_branch = name
      gitHub.world.branches['release/1.0#2'] = branchHead
      const found = await verifyGitHub(gitHub)
      const isThere = name === 'release/1.0#2'
      expect(faultsOf(found)).toEqual(isThere ? [] : ['ORIGIN_REF_NOT_FOUND'])
      expect(found.origin?.ref ?? null).toEqual(isThere ? { kind: 'branch', name } : null)
    },
  )

  it('is judged by the jobs of every attempt, whatever their machines are named and labelled', async () => {
    const gitHub = await strictGitHub()
    const { world } = gitHub
    world.attempts = ['2026-11-30T06:00:00Z', '2026-11-30T07:00:00Z']
    world.run.run_attempt = 2
    const own = { runner_group_id: 8, runner_group_name: 'GitHub Actions', runner_name: 'GitHub Actions 4' }
    world.jobs = [job(own), job({ id: 2, run_attempt: 2 })]
    const found = await verifyGitHub(gitHub)
    expect(faultsOf(found)).toEqual([])
    expect(found.origin?.build).toMatchObject({ attempt: 2, runners: 'selfHosted' })
    const runners = found.checks.find(({ name }) => name === 'jobs')?.inputs.find(({ name }) => name === 'runners')
    expect(runners?.value).toContain('build (attempt 1, group GitHub Actions [id 8])')
    expect(runners?.value).toContain('build (attempt 2, group GitHub Actions [id 0])')
    world.jobs = [job({ runner_group_id: null, runner_group_name: null }), job({ id: 2, run_attempt: 2 })]
    expect((await verifyGitHub(gitHub)).origin?.build.runners).toBe('unknown')
    // Of a server of one's own no group is GitHub's, unless the link says so.
    expect((await verifyGitHub(gitHub, { settings: { hostedRunnerGroups: [] } })).origin?.build.runners).toBe(
      'selfHosted',
    )
  })

  it('reads all pages of jobs', async () => {
    const gitHub = await strictGitHub()
    gitHub.world.jobs = Array.from({ length: 250 }, (_, index) => job({ id: index + 1, name: `job ${index}` }))
    const found = await verifyGitHub(gitHub)
    expect(faultsOf(found)).toEqual([])
    expect(found.evidence.filter(({ name }) => name === 'jobs')).toHaveLength(3)
  })

  it('may be that of an earlier attempt where the submission says so, and never of one that there is not', async () => {
    const gitHub = await strictGitHub()
    gitHubFaults['an artifact that an earlier attempt made']?.change(gitHub.world)
    const earlier = await verifyGitHub(gitHub, { build: { runId: 5001, artifactId: 7001, attempt: 1 } })
    expect(faultsOf(earlier)).toEqual([])
    expect(earlier.origin?.build.attempt).toBe(1)
    gitHub.world.artifact.created_at = '2026-11-30T07:31:00Z'
    expect(faultsOf(await verifyGitHub(gitHub))).toEqual([])
    for (const attempt of [1, 3])
      expect(faultsOf(await verifyGitHub(gitHub, { build: { runId: 5001, artifactId: 7001, attempt } }))).toEqual([
        'ORIGIN_ARTIFACT_OTHER_ATTEMPT',
      ])
  })

  it('is tried again while it has not begun, and while it runs where its link asks for finished runs', async () => {
    const gitHub = await strictGitHub()
    for (const status of ['queued', 'waiting', 'pending', 'requested', null]) {
      gitHub.world.run.status = status
      await expect(verifyGitHub(gitHub)).rejects.toMatchObject({ code: 'ORIGIN_BUILD_UNFINISHED', isPassing: true })
    }
    gitHub.world.run.status = 'in_progress'
    expect(faultsOf(await verifyGitHub(gitHub))).toEqual([])
    const settings = { requireFinishedRun: true }
    await expect(verifyGitHub(gitHub, { settings })).rejects.toMatchObject({ code: 'ORIGIN_BUILD_UNFINISHED' })
    Object.assign(gitHub.world.run, { status: 'completed', conclusion: 'success' })
    expect(faultsOf(await verifyGitHub(gitHub, { settings }))).toEqual([])
  })

  it.each([
    [{ status: 503 }, 'ORIGIN_API_UNAVAILABLE'],
    [{ status: 429, headers: { 'retry-after': '30' } }, 'ORIGIN_API_RATE_LIMITED'],
    [
      { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1796025700' } },
      'ORIGIN_API_RATE_LIMITED',
    ],
  ])('is tried again when GitHub answers %j', async (outage, code) => {
    const gitHub = await strictGitHub()
    gitHub.world.outage = outage
    await expect(verifyGitHub(gitHub)).rejects.toMatchObject({ code, isPassing: true })
  })

  it('is of the repository whose ids its link names, and of the workflow', async () => {
    const gitHub = await strictGitHub()
    const right = { repositoryId: 1001, repositoryOwnerId: '77', workflow: '.github/workflows/release.yml' }
    expect(faultsOf(await verifyGitHub(gitHub, { settings: right }))).toEqual([])
    for (const wrong of [{ repositoryId: 1 }, { repositoryOwnerId: 1 }])
      expect(faultsOf(await verifyGitHub(gitHub, { settings: { ...right, ...wrong } }))).toEqual([
        'ORIGIN_REPOSITORY_ID_DIFFERENT',
      ])
    const other = { ...right, workflow: '.github/workflows/other.yml' }
    expect(faultsOf(await verifyGitHub(gitHub, { settings: other }))).toEqual(['ORIGIN_WORKFLOW_DIFFERENT'])
    gitHub.world.run.path = '.github/workflows/release.yml@refs/heads/main'
    expect(faultsOf(await verifyGitHub(gitHub, { settings: right }))).toEqual([])
    gitHub.world.run.path = '.github/workflows/release.yml@refs/heads/other'
    expect(faultsOf(await verifyGitHub(gitHub, { settings: right }))).toEqual(['ORIGIN_WORKFLOW_DIFFERENT'])
  })

  it('does not get around the reusable workflow that its link asks for, and only tokens tell', async () => {
    const calledWorkflow = 'Example/shared/.github/workflows/build.yml@refs/heads/main'
    const found = await verifyGitHub(await strictGitHub(), { settings: { calledWorkflow } })
    expect(faultsOf(found)).toEqual(['ORIGIN_CALLED_WORKFLOW_DIFFERENT'])
  })

  it('is looked for in the repository of the project, and nowhere else', async () => {
    const gitHub = await strictGitHub()
    for (const repositoryUrl of [
      'https://github.com/Example/program',
      'https://github.test/Example',
      'https://github.test/a/b/c',
    ])
      expect(faultsOf(await verifyGitHub(gitHub, { repositoryUrl }))).toEqual(['ORIGIN_REPOSITORY_OTHER_SERVER'])
    expect(gitHub.server.asked).toEqual([])
    expect(faultsOf(await verifyGitHub(gitHub, { repositoryUrl: 'https://github.test/example/program.git/' }))).toEqual(
      [],
    )
    const said = { runId: 5001, artifactId: 7001, repository: 'Example/other' }
    expect(faultsOf(await verifyGitHub(gitHub, { build: said }))).toEqual(['ORIGIN_RUN_OTHER_REPOSITORY'])
  })

  it('needs a run, an artifact, and something to ask with', async () => {
    const gitHub = await strictGitHub()
    expect(faultsOf(await verifyGitHub(gitHub, { build: {} }))).toEqual(['ORIGIN_BUILD_UNNAMED'])
    expect(faultsOf(await verifyGitHub(gitHub, { build: { runId: 5001 } }))).toEqual(['ORIGIN_BUILD_UNNAMED'])
    expect(faultsOf(await verifyGitHub(gitHub, { secrets: {} }))).toEqual(['ORIGIN_CREDENTIALS_MISSING'])
    for (const build of [
      { runId: '5001/../5002' },
      { runId: '' },
      { artifactId: '7 ' },
      { runId: 5001, branch: 'main' },
    ])
      expect(() => gitHubCase(gitHub, { build })).toThrow()
  })

  it('is asked for with the API key of the link before the token of the job', async () => {
    const gitHub = await strictGitHub()
    gitHub.world.token = 'of-the-link'
    const secrets = { accessToken: 'of-the-job', apiKey: 'of-the-link' }
    expect(faultsOf(await verifyGitHub(gitHub, { secrets }))).toEqual([])
  })
})

describe('the settings of a link', () => {
  it('have server, API and issuer belong together', async () => {
    const gitHub = await strictGitHub()
    const { connector } = gitHubCase(gitHub)
    const parse = (settings: object) => connector.settings.parse(settings)
    const url = (settings: object) => connector.baseUrl(parse(settings))
    expect(url({})).toBe('https://api.github.com')
    expect(url({ serverUrl: 'https://octo.ghe.com' })).toBe('https://api.octo.ghe.com')
    expect(url({ serverUrl: 'https://git.example.com/' })).toBe('https://git.example.com/api/v3')
    expect(() => parse({ apiUrl: 'https://git.example.com/api/v3' })).toThrow(/issuer/)
    expect(() => parse({ issuer: 'https://git.example.com/_services/token' })).toThrow(/apiUrl/)
    expect(() => parse({ serverUrl: 'https://user:secret@git.example.com' })).toThrow()
    expect(() => parse({ unknown: 1 })).toThrow()
    for (const workflow of ['/a.yml', '../a.yml', 'a/./b.yml', 'a\\b'])
      expect(() => parse({ workflow })).toThrow(/path/)
  })
})
