import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { failedChecks } from '../../domain/index.ts'
import { gitLab } from '../../origin/gitlab/index.ts'
import { answeringServer } from '../support/answering-server.ts'
import { connectorTools } from '../support/build-systems/connector-tools.ts'
import {
  type GitLabWorld,
  gitLabClaims,
  gitLabCommit,
  gitLabStandIn,
  gitLabToken,
} from '../support/build-systems/gitlab.ts'
import { localIdentityTokens } from '../support/build-systems/identity-tokens.ts'
import { tokenIssuer } from '../support/build-systems/token-issuer.ts'

const audience = 'https://signing.example.com'
const claims = { aud: audience, ...gitLabClaims }

type Given = {
  readonly said?: object
  readonly settings?: object
  readonly build?: object
  readonly secrets?: Readonly<Record<string, string>>
  readonly change?: (world: GitLabWorld) => void
  readonly form?: 'token' | 'api'
}

async function asked({ said = {}, settings = {}, build = {}, secrets, change, form = 'token' }: Given) {
  const standIn = await gitLabStandIn()
  onTestFinished(() => expect(standIn.complaints).toEqual([]))
  change?.(standIn.world)
  const issuer = await tokenIssuer()
  const identityToken = await issuer.sign({ ...claims, jti: 'once', ...said })
  const own: Record<string, string> =
    form === 'token' ? { identityToken, apiKey: gitLabToken } : { accessToken: gitLabToken }
  const tools = connectorTools('GitLab', standIn.apiUrl, secrets ?? own, new Date().toISOString())
  const connector = gitLab({ identityTokens: localIdentityTokens() })
  const server = { serverUrl: 'https://gitlab.test', apiUrl: standIn.apiUrl, issuer: issuer.issuer }
  const question = {
    settings: connector.settings.parse({ ...server, audience, projectId: 7, namespaceId: '3', ...settings }),
    build: connector.build.parse(form === 'api' ? { jobId: 31, ...build } : build),
    artifact: null,
    claimed: null,
    project: { slug: 'tool', repositoryUrl: 'https://gitlab.test/acme/tool' },
    signingPolicy: { slug: 'release' },
  }
  return { connector, question, tools, standIn, issuer }
}

async function verified(given: Given = {}) {
  const { connector, question, tools, ...rest } = await asked(given)
  const finding = await connector.verify(question, tools)
  return { ...rest, tools, finding, failed: failedChecks(finding.checks).map(({ name, code }) => [name, code]) }
}

describe('a job of GitLab that brings its token', () => {
  it('is verified by it, and nobody else is asked', async () => {
    const { finding, failed, issuer, standIn } = await verified()
    expect(failed).toEqual([])
    expect(finding.origin).toEqual({
      repository: { url: 'https://gitlab.test/acme/tool', id: '7', ownerId: '3' },
      ref: { kind: 'branch', name: 'main' },
      commitId: gitLabCommit,
      build: {
        id: '21',
        url: 'https://gitlab.test/acme/tool/-/pipelines/21',
        attempt: null,
        definition: claims.ci_config_ref_uri,
        calledDefinition: null,
        trigger: 'push',
        runners: 'hosted',
      },
      actors: [{ role: 'initiator', system: issuer.issuer, id: '5', name: 'ada' }],
    })
    expect(finding.identityToken).toMatchObject({ tokenId: 'once' })
    expect(standIn.asked).toEqual([])
  })

  it.each<[string, object, string, string]>([
    ['of a project with its name', { project_id: '8' }, 'repositoryIds', 'ORIGIN_REPOSITORY_ID_DIFFERENT'],
    ['of another group with its name', { namespace_id: '4' }, 'repositoryIds', 'ORIGIN_REPOSITORY_ID_DIFFERENT'],
    ["of a fork's merge request", { pipeline_source: 'merge_request_event' }, 'trigger', 'ORIGIN_EVENT_REFUSED'],
    ['of a pipeline that a trigger began', { pipeline_source: 'trigger' }, 'trigger', 'ORIGIN_EVENT_REFUSED'],
    ['of a branch that is not protected', { ref_protected: 'false' }, 'protectedRef', 'ORIGIN_REF_NOT_PROTECTED'],
    ['of a ref of no type', { ref_type: '' }, 'claims', 'ORIGIN_CLAIM_MISSING'],
    ['of a ref of another type', { ref_type: 'merge_request' }, 'ref', 'ORIGIN_REF_UNKNOWN'],
    ['of a merge request as a branch', { ref: 'refs/merge-requests/1/head' }, 'ref', 'ORIGIN_REF_UNKNOWN'],
    ['that does not say whether it is protected', { ref_protected: undefined }, 'claims', 'ORIGIN_CLAIM_MISSING'],
    ['without a project', { project_id: null }, 'claims', 'ORIGIN_CLAIM_MISSING'],
    ['for another service', { aud: 'https://other.example.com' }, 'identityToken', 'IDENTITY_TOKEN_AUDIENCE_WRONG'],
  ])('%s is refused', async (_, said, name, code) => {
    expect((await verified({ said })).failed).toEqual([[name, code]])
  })

  it('is of a tag where its type says so, whatever the name', async () => {
    const { finding } = await verified({ said: { ref: 'main', ref_type: 'tag' } })
    expect(finding.origin?.ref).toEqual({ kind: 'tag', name: 'main' })
  })

  it.each([
    [{ runner_environment: null, runner_id: null }, 'unknown'],
    [{ runner_environment: 'self-hosted' }, 'selfHosted'],
    [{ runner_environment: 'gitlab-hosted-too' }, 'unknown'],
  ])('with the runner %j is not hosted', async (said, runners) => {
    expect((await verified({ said })).finding.origin?.build.runners).toBe(runners)
    const { failed } = await verified({ said, settings: { requireHostedRunners: true } })
    expect(failed).toEqual([['runners', 'ORIGIN_RUNNER_NOT_ALLOWED']])
  })

  it.each<[string, object]>([
    ['in no repository', { ci_config_ref_uri: null, ci_config_sha: null }],
    ['of another project', { ci_config_ref_uri: 'gitlab.test/acme/tool-ci//.gitlab-ci.yml@refs/heads/main' }],
    [
      'of a file whose name ends the same',
      { ci_config_ref_uri: 'gitlab.test/acme/tool//a@refs/heads/x/.gitlab-ci.yml@refs/heads/main' },
    ],
    ['of another branch', { ci_config_ref_uri: 'gitlab.test/acme/tool//.gitlab-ci.yml@refs/heads/other' }],
    ['of another commit', { ci_config_sha: '0'.repeat(40) }],
  ])('with a configuration %s is refused where the link names the file', async (_, said) => {
    expect((await verified({ said })).failed).toEqual([])
    const settings = { pipelineFile: '.gitlab-ci.yml' }
    expect((await verified({ said, settings })).failed).toEqual([['pipelineFile', 'ORIGIN_PIPELINE_FILE_DIFFERENT']])
    expect((await verified({ settings })).failed).toEqual([])
  })

  it('is not taken by a link that says no audience', async () => {
    const { failed } = await verified({ settings: { audience: undefined } })
    expect(failed).toEqual([['identityToken', 'ORIGIN_AUDIENCE_MISSING']])
  })

  it.each<[string, (world: GitLabWorld) => void, readonly string[]]>([
    ['of the same pipeline', () => undefined, []],
    [
      'of another pipeline',
      ({ jobs }) => void Object.assign(jobs[31] ?? {}, { pipeline: { id: 22 } }),
      ['artifactOfBuild'],
    ],
    [
      'of another commit',
      ({ jobs }) => void Object.assign(jobs[31] ?? {}, { commit: { id: '0'.repeat(40) } }),
      ['artifactOfBuild'],
    ],
    ['that failed', ({ jobs }) => void Object.assign(jobs[31] ?? {}, { status: 'failed' }), ['jobStatus']],
    ['that was not there', ({ jobs }) => void delete jobs[31], ['job']],
  ])('with an artifact of a job %s fails in %3$j', async (_, change, names) => {
    const { failed } = await verified({ build: { jobId: 31, path: 'out/tool.exe' }, change })
    expect(failed.map(([name]) => name)).toEqual(names)
  })

  it('is hosted only where the job that built was, too', async () => {
    const build = { jobId: 31 }
    expect((await verified({ build })).finding.origin?.build.runners).toBe('selfHosted')
    const change = ({ jobs }: GitLabWorld) => void Object.assign(jobs[31] ?? {}, { runner: null })
    const settings = { serverUrl: 'https://gitlab.com' }
    expect((await verified({ build, settings, change })).finding.origin?.build.runners).toBe('unknown')
    expect((await verified({ build, settings })).finding.origin?.build.runners).toBe('hosted')
  })
})

describe('a job of GitLab that is named with an access token', () => {
  it('is verified by the API, with the answers as evidence', async () => {
    const { finding, failed, tools, standIn } = await verified({ form: 'api' })
    expect(failed).toEqual([])
    expect(finding).toMatchObject({
      proof: 'api',
      origin: {
        repository: { url: 'https://gitlab.test/acme/tool', id: '7', ownerId: '3' },
        ref: { kind: 'branch', name: 'main' },
        commitId: gitLabCommit,
        build: { id: '21', trigger: 'push', runners: 'selfHosted' },
        actors: [{ id: '5', name: 'ada' }],
      },
    })
    expect([...tools.kept.keys()]).toEqual(['project', 'job', 'pipeline', 'ref', 'commitOnRef'])
    expect(JSON.stringify([finding, ...tools.kept])).not.toContain(gitLabToken)
    // GitLab gives it to maintainers of the project.
    expect(standIn.world.project).toMatchObject({ runners_token: 'GR1348941-canary' })
    expect(JSON.stringify([...tools.kept])).not.toMatch(/GR1348941|runners_token/)
  })

  it.each<[string, (world: GitLabWorld) => void, string, string]>([
    [
      'of a group that took its name',
      ({ project }) => void Object.assign(project, { namespace: { id: 4 } }),
      'repositoryIds',
      'ORIGIN_REPOSITORY_ID_DIFFERENT',
    ],
    [
      "of a fork's merge request",
      ({ pipeline }) => void Object.assign(pipeline, { source: 'merge_request_event' }),
      'trigger',
      'ORIGIN_EVENT_REFUSED',
    ],
    [
      'of a branch that is not protected',
      ({ branches }) => void Object.assign(branches.main ?? {}, { protected: false }),
      'protectedRef',
      'ORIGIN_REF_NOT_PROTECTED',
    ],
    ['of a branch that is gone', ({ branches }) => void delete branches.main, 'ref', 'ORIGIN_REF_NOT_FOUND'],
    ['of a branch that was moved', ({ refs }) => void refs.shift(), 'commitOnRef', 'ORIGIN_COMMIT_NOT_ON_REF'],
    [
      'of a tag like a branch',
      ({ jobs }) => void Object.assign(jobs[31] ?? {}, { tag: true }),
      'ref',
      'ORIGIN_REF_NOT_FOUND',
    ],
    [
      'that still runs',
      ({ jobs }) => void Object.assign(jobs[31] ?? {}, { status: 'running' }),
      'jobStatus',
      'ORIGIN_BUILD_FAILED',
    ],
    [
      'with an answer that lacks a needed field',
      ({ pipeline }) => void delete pipeline.source,
      'pipeline',
      'ORIGIN_ANSWER_INCOMPLETE',
    ],
    ['that is not there', ({ jobs }) => void delete jobs[31], 'job', 'ORIGIN_BUILD_NOT_FOUND'],
    [
      'by a token without read_api',
      (world) => void Object.assign(world, { isWithoutScope: true }),
      'project',
      'ORIGIN_API_FORBIDDEN',
    ],
  ])('%s is refused', async (_, change, name, code) => {
    const { failed, finding } = await verified({ form: 'api', change })
    expect(failed).toContainEqual([name, code])
    if (code === 'ORIGIN_API_FORBIDDEN') expect(failedChecks(finding.checks)[0]?.message).toContain('read_api')
  })

  it.each([
    ['none at all', {}, 'ORIGIN_BUILD_NOT_FOUND'],
    ['a wrong one', { accessToken: 'glpat-other' }, 'ORIGIN_API_UNAUTHENTICATED'],
  ])('with %s as token is refused', async (_, secrets, code) => {
    expect((await verified({ form: 'api', secrets })).failed[0]).toEqual(['project', code])
  })

  it('does not get around the pipeline file that the link asks for, and only tokens tell', async () => {
    const { failed } = await verified({ form: 'api', settings: { pipelineFile: '.gitlab-ci.yml' } })
    expect(failed).toEqual([['pipelineFile', 'ORIGIN_PIPELINE_FILE_DIFFERENT']])
  })

  it('needs the job, where no token says it', async () => {
    const { failed } = await verified({ form: 'api', build: { jobId: undefined } })
    expect(failed).toEqual([['build', 'ORIGIN_BUILD_UNNAMED']])
  })
})

describe('an artifact of a job', () => {
  const sha256 = createHash('sha256').update('program').digest('hex')

  async function fetched(given: Given) {
    const { connector, question, tools, standIn } = await asked({ form: 'api', ...given })
    const artifact = await connector.fetchArtifact?.(question, tools)
    const chunks: Uint8Array[] = []
    for await (const chunk of artifact?.bytes ?? []) chunks.push(chunk)
    return { artifact, standIn, text: Buffer.concat(chunks).toString() }
  }

  it('is fetched by the ids of project and job, and held to its digest', async () => {
    const { artifact, text, standIn } = await fetched({ build: { path: 'out/tool.exe', sha256: sha256.toUpperCase() } })
    expect([artifact?.fileName, artifact?.sha256, artifact?.size, text]).toEqual(['tool.exe', sha256, 7, 'program'])
    expect(standIn.asked.map(({ url }) => url)).toEqual(['/api/v4/projects/7/jobs/31/artifacts/out/tool.exe'])
  })

  it('comes from a store of objects without the access token', async () => {
    const store = await answeringServer((request, response) =>
      request.headers['private-token'] === undefined ? response.end('program') : response.writeHead(400).end(),
    )
    const change = (world: GitLabWorld) => void Object.assign(world, { store: store.url })
    // That store answers without a length, so that a cut file is told by the end that chunks have.
    expect((await fetched({ build: { path: 'out/tool.exe' }, change })).text).toBe('program')
  })

  it('with another digest is refused for good', async () => {
    const other = createHash('sha256').update('other').digest('hex')
    const wrong = fetched({ build: { path: 'out/tool.exe', sha256: other } })
    await expect(wrong).rejects.toMatchObject({ code: 'ORIGIN_ARTIFACT_MISMATCH', isPassing: false })
  })

  it('that is not there is named', async () => {
    const gone = fetched({ build: { path: 'out/other.exe' } })
    await expect(gone).rejects.toMatchObject({ code: 'ORIGIN_ARTIFACT_NOT_FOUND', isPassing: false })
  })

  it.each(['../tool.exe', '/tool.exe', 'out//tool.exe', 'out/./tool.exe', 'out\\tool.exe', ''])(
    'is not asked for by a path like %j',
    (path) => {
      const { build } = gitLab({ identityTokens: localIdentityTokens() })
      expect(build.safeParse({ jobId: 31, path }).success).toBe(false)
      expect(build.safeParse({ path: 'out/tool.exe' }).success).toBe(false)
    },
  )
})

it.each([{ allowedSources: ['push', 'merge_request_event'] }, { projectId: 'acme/tool' }, { namespaceId: undefined }])(
  'a link with %j is refused',
  (wrong) => {
    const { settings } = gitLab({ identityTokens: localIdentityTokens() })
    expect(settings.safeParse({ projectId: 7, namespaceId: 3 }).success).toBe(true)
    expect(settings.safeParse({ projectId: 7, namespaceId: 3, ...wrong }).success).toBe(false)
  },
)

it('a link is taken as the page shows it', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/gitlab.md'), 'utf8')
  const [, example = ''] = /^```json\n(.*?)^```$/ms.exec(page) ?? []
  expect(
    gitLab({ identityTokens: localIdentityTokens() }).settings.safeParse(JSON.parse(example)).error,
  ).toBeUndefined()
})
