import { describe, expect, it, onTestFinished } from 'vitest'
import { createIdentityTokens, createIssuerKeys } from '../../../origin/identity-token/index.ts'
import { openOutgoing } from '../../../outgoing/index.ts'
import { askedAt, faultsOf, strictGitHub, verifyGitHub } from '../../support/build-systems/github-question.ts'
import { branchHead, commit, job } from '../../support/build-systems/github-world.ts'
import { issuerKey, tokenIssuer } from '../../support/build-systems/token-issuer.ts'

const seconds = Date.parse(askedAt) / 1_000
const audience = 'https://signing.example.com'

/** The claims of a job that is right. */
const claims: Readonly<Record<string, unknown>> = {
  aud: audience,
  jti: 'one',
  sub: 'repository:another/one:ref:refs/heads/other',
  repository: 'Example/program',
  repository_id: '1001',
  repository_owner: 'Example',
  repository_owner_id: '77',
  event_name: 'push',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  sha: commit.toUpperCase(),
  workflow_ref: 'Example/program/.github/workflows/release.yml@refs/heads/main',
  job_workflow_ref: 'Example/program/.github/workflows/release.yml@refs/heads/main',
  runner_environment: 'github-hosted',
  run_id: '5001',
  run_attempt: '1',
  actor_id: '9',
  actor: 'ada',
  head_ref: '',
  base_ref: '',
}

async function world() {
  const gitHub = await strictGitHub()
  const issuer = await tokenIssuer({ now: () => seconds })
  const outgoing = openOutgoing({ allowHttp: true, allowedNetworks: ['127.0.0.0/8'] })
  onTestFinished(() => outgoing.close())
  const tokens = createIdentityTokens(createIssuerKeys({ outgoing, now: () => seconds * 1_000 }))
  const settings = { issuer: issuer.issuer, repositoryId: 1001, repositoryOwnerId: 77, audience }
  /** What comes of a token, where nothing is asked by the API. */
  const verify = async (identityToken: string, changed: object = {}, secrets: object = {}, build: object = {}) =>
    verifyGitHub(gitHub, {
      settings: { ...settings, ...changed },
      secrets: { identityToken, ...secrets },
      tokens,
      build: { ...build },
    })
  const say = async (changed: object, of: object = {}) => verify(await issuer.sign({ ...claims, ...changed }), of)
  return { gitHub, issuer, verify, say }
}

describe("a build of GitHub Actions, known by its job's token", () => {
  it('that is right has the origin that the token says, without a call of the API or a secret of ours', async () => {
    const { gitHub, say } = await world()
    const found = await say({})
    expect(faultsOf(found)).toEqual([])
    expect(found).toMatchObject({ proof: 'identityToken', identityToken: { tokenId: 'one' } })
    expect(found.origin).toEqual({
      repository: { url: 'https://github.test/Example/program', id: '1001', ownerId: '77' },
      ref: { kind: 'branch', name: 'main' },
      commitId: commit,
      build: {
        id: '5001',
        url: 'https://github.test/Example/program/actions/runs/5001',
        attempt: 1,
        definition: claims.workflow_ref,
        calledDefinition: null,
        trigger: 'push',
        runners: 'hosted',
      },
      actors: [{ role: 'initiator', system: gitHub.apiUrl, id: '9', name: 'ada' }],
    })
    expect(gitHub.server.asked).toEqual([])
    expect(found.evidence.map(({ name }) => name)).toEqual(['identityToken'])
  })

  it.each<[string, object, string]>([
    ['another repository of the same name', { repository_id: '1002' }, 'ORIGIN_REPOSITORY_ID_DIFFERENT'],
    ['another owner of the same name', { repository_owner_id: '78' }, 'ORIGIN_REPOSITORY_ID_DIFFERENT'],
    ['a pull request', { event_name: 'pull_request', ref: 'refs/pull/4/merge' }, 'ORIGIN_PULL_REQUEST'],
    ["a pull request with the branch's ref", { event_name: 'pull_request_target' }, 'ORIGIN_PULL_REQUEST'],
    ['a pull request, which its branches say', { head_ref: 'topic', base_ref: 'main' }, 'ORIGIN_PULL_REQUEST'],
    ['the ref of a pull request, pushed', { ref: 'refs/pull/4/merge' }, 'ORIGIN_PULL_REQUEST'],
    ['a run that another one began', { event_name: 'workflow_run' }, 'ORIGIN_EVENT_REFUSED'],
    ['a tag that says it is a branch', { ref: 'refs/tags/main' }, 'ORIGIN_REF_UNKNOWN'],
    ['a branch that says it is a tag', { ref_type: 'tag' }, 'ORIGIN_REF_UNKNOWN'],
    ['a ref of no kind', { ref: 'main' }, 'ORIGIN_REF_UNKNOWN'],
    ['a branch without a name', { ref: 'refs/heads/' }, 'ORIGIN_REF_UNKNOWN'],
    ['a commit that is none', { sha: 'main' }, 'ORIGIN_CLAIM_MISSING'],
    ['no repository id', { repository_id: undefined }, 'ORIGIN_CLAIM_MISSING'],
    ['no event', { event_name: null }, 'ORIGIN_CLAIM_MISSING'],
    ['another audience', { aud: 'https://github.com/Example' }, 'IDENTITY_TOKEN_AUDIENCE_WRONG'],
    ['an audience beside ours', { aud: [audience, 'other'] }, 'IDENTITY_TOKEN_AUDIENCE_WRONG'],
    ['another issuer', { iss: 'https://token.actions.githubusercontent.com' }, 'IDENTITY_TOKEN_ISSUER_UNKNOWN'],
    ['a life that is over', { iat: seconds - 900, exp: seconds - 600 }, 'IDENTITY_TOKEN_EXPIRED'],
    ['a life that has not begun', { nbf: seconds + 600, exp: seconds + 900 }, 'IDENTITY_TOKEN_NOT_YET_VALID'],
  ])('is refused for %s', async (_, changed, code) => {
    const { say } = await world()
    const found = await say(changed)
    expect(faultsOf(found)).toContain(code)
    expect(found.checks.find((check) => check.code === code)?.outcome).toBe('failed')
  })

  it('is refused when the token is signed by no key, or by another one of the same id', async () => {
    const { issuer, verify } = await world()
    const right = await issuer.sign(claims)
    const [, payload = ''] = right.split('.')
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`
    expect(faultsOf(await verify(none))).toEqual(['IDENTITY_TOKEN_ALGORITHM_REFUSED'])
    const other = await issuerKey('other')
    const forged = await issuer.sign(claims, { key: other, header: { kid: 'first' } })
    expect(faultsOf(await verify(forged))).toEqual(['IDENTITY_TOKEN_SIGNATURE_INVALID'])
  })

  it('is tried again while the keys of the issuer cannot be had', async () => {
    const { issuer, verify } = await world()
    issuer.faults.keys = (_, response) => response.writeHead(503).end()
    await expect(verify(await issuer.sign(claims))).rejects.toMatchObject({ isPassing: true })
  })

  it('may have ids as numbers, and claims that nobody knows', async () => {
    const { say } = await world()
    const found = await say({
      repository_id: 1001,
      repository_owner_id: 77,
      run_id: 5001,
      run_attempt: 1,
      news: { of: 1 },
    })
    expect(faultsOf(found)).toEqual([])
    expect(found.origin?.repository).toMatchObject({ id: '1001', ownerId: '77' })
  })

  it('says the kind of its ref by its token, and what its machine is', async () => {
    const { say } = await world()
    const tag = await say({ ref: 'refs/tags/main', ref_type: 'tag' })
    expect(tag.origin?.ref).toEqual({ kind: 'tag', name: 'main' })
    for (const [environment, runners] of [
      ['self-hosted', 'selfHosted'],
      ['constructor', 'unknown'],
      [undefined, 'unknown'],
    ])
      expect((await say({ runner_environment: environment })).origin?.build.runners).toBe(runners)
  })

  it('needs ids of repository and owner, and an audience that is ours', async () => {
    const { say } = await world()
    for (const name of ['repositoryId', 'repositoryOwnerId']) {
      const found = await say({}, { [name]: undefined })
      expect(faultsOf(found)).toEqual(['ORIGIN_REPOSITORY_NOT_PINNED'])
      expect(found.checks.find(({ code }) => code !== null)?.message).toContain('repositoryId 1001')
    }
    expect(faultsOf(await say({}, { audience: undefined }))).toEqual(['ORIGIN_AUDIENCE_MISSING'])
    await expect(say({}, { audience: 'https://GitHub.test/Example' })).rejects.toThrow(/by default/)
  })

  it('is of the workflow that the link names, whatever its file is named, and of the one that it calls', async () => {
    const { say } = await world()
    const workflow = '.github/workflows/a@refs/heads/main.yml'
    const ref = `Example/program/${workflow}@refs/heads/main`
    const right = { workflow_ref: ref, job_workflow_ref: ref }
    expect(faultsOf(await say(right, { workflow }))).toEqual([])
    // Split at the first or last `@`, one of these would be the other.
    expect(faultsOf(await say(right, { workflow: '.github/workflows/a' }))).toContain('ORIGIN_WORKFLOW_DIFFERENT')
    expect(faultsOf(await say({ ...right, workflow_ref: `${ref}@x` }, { workflow }))).toContain(
      'ORIGIN_WORKFLOW_DIFFERENT',
    )
    const called = 'Example/shared/.github/workflows/build.yml@refs/heads/main'
    const reusing = { ...right, job_workflow_ref: called }
    expect(faultsOf(await say(reusing, { workflow }))).toEqual(['ORIGIN_CALLED_WORKFLOW_DIFFERENT'])
    expect(faultsOf(await say(reusing, { workflow, calledWorkflow: called }))).toEqual([])
    expect(faultsOf(await say(right, { workflow, calledWorkflow: called }))).toEqual([
      'ORIGIN_CALLED_WORKFLOW_DIFFERENT',
    ])
    expect((await say(reusing)).origin?.build).toMatchObject({ definition: ref, calledDefinition: called })
  })

  it('is asked for by the API too, where the link has a key', async () => {
    const { gitHub, issuer, verify } = await world()
    const token = await issuer.sign(claims)
    const key = { apiKey: gitHub.world.token }
    expect(faultsOf(await verify(token, {}, key))).toEqual([])
    expect(faultsOf(await verify(token, {}, key, { artifactId: 7001 }))).toEqual([])
    // The kind of the ref is the token's to say.
    gitHub.world.tags.main = { sha: branchHead, type: 'commit' }
    expect(faultsOf(await verify(token, {}, key))).toEqual([])
    gitHub.world.comparisons = {}
    expect(faultsOf(await verify(token, {}, key))).toEqual(['ORIGIN_COMMIT_NOT_IN_BRANCH'])
  })

  it('is refused where token and API tell of two builds', async () => {
    const { gitHub, issuer, verify } = await world()
    gitHub.world.run.head_sha = branchHead
    gitHub.world.artifact.workflow_run.head_sha = branchHead
    gitHub.world.comparisons = { [`${branchHead}...${branchHead}`]: 'identical' }
    expect(faultsOf(await verify(await issuer.sign(claims), {}, { apiKey: gitHub.world.token }))).toEqual([
      'ORIGIN_TOKEN_OTHER_BUILD',
    ])
  })

  it('needs a key of the API for what a token does not say', async () => {
    const { gitHub, issuer, verify } = await world()
    const token = await issuer.sign(claims)
    const yaml = 'github-build-policies: { runners: { require_github_hosted: true } }'
    const demanding = { pipelinePolicies: [{ name: 'hosted', level: 'enforce', source: { kind: 'internal', yaml } }] }
    expect(faultsOf(await verify(token, demanding))).toEqual(['ORIGIN_CREDENTIALS_MISSING'])
    expect(faultsOf(await verify(token, {}, {}, { artifactId: 7001 }))).toEqual(['ORIGIN_CREDENTIALS_MISSING'])
    const key = { apiKey: gitHub.world.token }
    expect(faultsOf(await verify(token, demanding, key))).toEqual([])
    gitHub.world.jobs.push(job({ id: 3, name: 'own', runner_group_id: 5, runner_group_name: 'Default' }))
    expect(faultsOf(await verify(token, demanding, key))).toEqual(['PIPELINE_POLICY_RUNNER_NOT_HOSTED'])
  })
})
