import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { failedChecks } from '../../domain/index.ts'
import { oidcSettings, oidcSettingsSchema, openIdConnect } from '../../origin/oidc/index.ts'
import { connectorTools } from '../support/build-systems/connector-tools.ts'
import { localIdentityTokens } from '../support/build-systems/identity-tokens.ts'
import { tokenIssuer } from '../support/build-systems/token-issuer.ts'

const audience = 'https://signing.example.com'
const commit = '5f0c3c3f1a2b4d5e6f708192a3b4c5d6e7f80910'

/** As Buildkite's documentation of its tokens lists them: no address of a repository, branch and tag apart. */
const claims = {
  aud: audience,
  sub: 'organization:acme:pipeline:other:ref:refs/heads/evil',
  organization_id: 'o-1',
  pipeline_id: 'p-1',
  pipeline_slug: 'tool',
  build_number: 42,
  build_branch: 'main',
  build_tag: '',
  build_commit: commit.toUpperCase(),
  build_source: 'webhook',
  step_key: 'sign',
  runner_environment: 'hosted',
  user_id: 7,
  user: 'Ada',
  a_new_claim: { of: ['any', 'form'] },
}

const settings = (issuer = 'https://issuer.example.com') => ({
  issuer,
  audience,
  required: [
    { claim: 'organization_id', values: ['o-1'] },
    { claim: 'pipeline_id', values: ['p-0', 'p-1'] },
    { claim: 'build_source', values: ['webhook', 'schedule'] },
  ],
  origin: {
    repositoryUrl: { claim: 'pipeline_slug', prefix: 'https://git.example.com/acme/', suffix: '.git' },
    repositoryId: 'pipeline_id',
    ref: { form: 'separate', branchClaim: 'build_branch', tagClaim: 'build_tag' },
    commitId: 'build_commit',
    buildId: 'build_number',
    buildUrl: { claim: 'build_number', prefix: 'https://builds.example.com/acme/tool/' },
    definition: { text: '.buildkite/pipeline.yml' },
    trigger: 'build_source',
    runners: { claim: 'runner_environment', hosted: ['hosted'], selfHosted: ['own'] },
    initiatorId: 'user_id',
    initiatorName: 'user',
  },
})

async function verified(said: object = {}, more: (issuer: string) => object = settings) {
  const issuer = await tokenIssuer()
  const token = await issuer.sign({ ...claims, ...said })
  const tools = connectorTools('Builder', issuer.url, { identityToken: token }, new Date().toISOString())
  const connector = openIdConnect({ identityTokens: localIdentityTokens() })
  const finding = await connector.verify(
    {
      settings: connector.settings.parse(more(issuer.issuer)),
      build: connector.build.parse({ branch: 'evil' }),
      artifact: null,
      claimed: null,
      project: { slug: 'tool', repositoryUrl: 'https://git.example.com/acme/tool' },
      signingPolicy: { slug: 'release' },
    },
    tools,
  )
  return { finding, tools, issuer, token, failed: failedChecks(finding.checks).map(({ name, code }) => [name, code]) }
}

const withOrigin = (origin: object) => (issuer: string) => ({
  ...settings(issuer),
  origin: { ...settings().origin, ...origin },
})

describe('a token of a configured issuer', () => {
  it('gives the origin as the link says where it stands, and the payload as evidence', async () => {
    const { finding, failed, issuer, tools, token } = await verified({ jti: 'once' })
    expect(failed).toEqual([])
    expect(finding.origin).toEqual({
      repository: { url: 'https://git.example.com/acme/tool.git', id: 'p-1', ownerId: null },
      ref: { kind: 'branch', name: 'main' },
      commitId: commit,
      build: {
        id: '42',
        url: 'https://builds.example.com/acme/tool/42',
        attempt: null,
        definition: '.buildkite/pipeline.yml',
        calledDefinition: null,
        trigger: 'webhook',
        runners: 'hosted',
      },
      actors: [{ role: 'initiator', system: issuer.issuer, id: '7', name: 'Ada' }],
    })
    expect(finding).toMatchObject({ proof: 'identityToken', identityToken: { issuer: issuer.issuer, tokenId: 'once' } })
    expect(JSON.parse(tools.kept.get('identityToken') ?? '')).toMatchObject({ pipeline_id: 'p-1' })
    expect(JSON.stringify([finding, ...tools.kept.values()])).not.toContain(token.split('.')[2])
  })

  it.each<[string, object, string, string]>([
    ['of another project', { pipeline_id: 'p-2' }, 'requiredClaim', 'ORIGIN_CLAIM_REFUSED'],
    ['of a project in other letters', { pipeline_id: 'P-1' }, 'requiredClaim', 'ORIGIN_CLAIM_REFUSED'],
    ['of a list of projects', { pipeline_id: ['p-1'] }, 'requiredClaim', 'ORIGIN_CLAIM_MISSING'],
    ['of no project', { pipeline_id: undefined }, 'requiredClaim', 'ORIGIN_CLAIM_MISSING'],
    ['by another trigger', { build_source: 'pull_request' }, 'requiredClaim', 'ORIGIN_CLAIM_REFUSED'],
    ['without a commit', { build_commit: null }, 'commitId', 'ORIGIN_CLAIM_MISSING'],
    ['with a name in place of a commit', { build_commit: 'HEAD' }, 'commitId', 'ORIGIN_CLAIM_MALFORMED'],
    ['without a build', { build_number: undefined }, 'buildId', 'ORIGIN_CLAIM_MISSING'],
    ['without a repository', { pipeline_slug: '' }, 'repositoryUrl', 'ORIGIN_CLAIM_MISSING'],
    ['with an odd repository', { pipeline_slug: 'a b' }, 'repositoryUrl', 'ORIGIN_CLAIM_MALFORMED'],
    ['with neither branch nor tag', { build_branch: '' }, 'ref', 'ORIGIN_REF_UNKNOWN'],
    ['for another audience', { aud: 'other' }, 'identityToken', 'IDENTITY_TOKEN_AUDIENCE_WRONG'],
    ['that has expired', { iat: 1, exp: 2 }, 'identityToken', 'IDENTITY_TOKEN_EXPIRED'],
  ])('%s is refused', async (_, said, name, code) => {
    const { failed, finding } = await verified(said)
    expect(failed).toEqual([[name, code]])
    expect(failedChecks(finding.checks)[0]?.message).toMatch(/\. [A-Z]/)
  })

  it('names each claim that is wrong, not only the first', async () => {
    const { failed } = await verified({ organization_id: 'o-2', pipeline_id: 'p-2', build_commit: null })
    expect(failed.map(([name]) => name)).toEqual(['requiredClaim', 'requiredClaim', 'commitId'])
  })

  it('is missing where the submission brings none', async () => {
    const connector = openIdConnect({ identityTokens: localIdentityTokens() })
    const question = {
      settings: connector.settings.parse(settings()),
      build: {},
      artifact: null,
      claimed: null,
    }
    const project = { slug: 'tool', repositoryUrl: 'https://git.example.com/acme/tool' }
    const tools = connectorTools('Builder', 'http://127.0.0.1:9', {})
    const { checks } = await connector.verify({ ...question, project, signingPolicy: { slug: 'release' } }, tools)
    expect(checks).toMatchObject([{ name: 'identityToken', outcome: 'failed', code: 'IDENTITY_TOKEN_MISSING' }])
  })

  const typed = { form: 'typed', claim: 'ref', typeClaim: 'ref_type' }
  it.each<[string, object, object, unknown]>([
    ['a tag beside its branch', {}, { build_tag: 'v1' }, { kind: 'tag', name: 'v1' }],
    ['a full branch', { form: 'full', claim: 'ref' }, { ref: 'refs/heads/a/b' }, { kind: 'branch', name: 'a/b' }],
    ['a full tag', { form: 'full', claim: 'ref' }, { ref: 'refs/tags/main' }, { kind: 'tag', name: 'main' }],
    ['a short name in place of a full one', { form: 'full', claim: 'ref' }, { ref: 'main' }, undefined],
    ['a pull request', { form: 'full', claim: 'ref' }, { ref: 'refs/pull/1/merge' }, undefined],
    ['a branch by its type', typed, { ref: 'v1', ref_type: 'branch' }, { kind: 'branch', name: 'v1' }],
    ['a tag by its type', typed, { ref: 'refs/tags/main', ref_type: 'tag' }, { kind: 'tag', name: 'main' }],
    ['another type', typed, { ref: 'main', ref_type: 'merge_request' }, undefined],
    ['no type', typed, { ref: 'main' }, undefined],
    ['a pull request by the type of branches', typed, { ref: 'refs/pull/1/merge', ref_type: 'branch' }, undefined],
    ['a tag by the type of branches', typed, { ref: 'refs/tags/main', ref_type: 'branch' }, undefined],
    ['a pull request where branches stand', {}, { build_branch: 'refs/pull/1/merge' }, undefined],
    ['a branch where tags stand', {}, { build_tag: 'refs/heads/main' }, undefined],
  ])('that names %s is read so', async (_, ref, said, expected) => {
    const { finding } = await verified(said, withOrigin({ ref: 'form' in ref ? ref : settings().origin.ref }))
    expect(finding.origin?.ref).toEqual(expected)
  })

  it.each([
    ['own', 'selfHosted'],
    ['cloud', 'unknown'],
    [null, 'unknown'],
  ])('whose runner is %s has runners: %s', async (runner_environment, runners) => {
    expect((await verified({ runner_environment })).finding.origin?.build.runners).toBe(runners)
  })

  it('shows no address that is none of the web, and no attempt that is no number', async () => {
    const more = withOrigin({ buildUrl: 'link', attempt: 'user' })
    const { finding } = await verified({ link: 'javascript:alert(1)' }, more)
    expect(finding.origin?.build).toMatchObject({ url: null, attempt: null })
  })
})

describe('what a link with an issuer says', () => {
  it.each<[string, (valid: ReturnType<typeof settings>) => object]>([
    ['pins nothing', (valid) => ({ ...valid, required: [] })],
    ['pins by sub', (valid) => ({ ...valid, required: [{ claim: 'sub', values: ['x'] }] })],
    ['reads from sub', (valid) => ({ ...valid, origin: { ...valid.origin, buildId: 'sub' } })],
    ['takes signatures by a shared secret', (valid) => ({ ...valid, algorithms: ['HS256'] })],
    ['takes tokens without signature', (valid) => ({ ...valid, algorithms: ['none'] })],
    ['has a field that nobody knows', (valid) => ({ ...valid, issuers: [] })],
    ['names an issuer with a password', (valid) => ({ ...valid, issuer: 'https://a:b@issuer.example.com' })],
    ['takes tokens for a week', (valid) => ({ ...valid, longestLifeSeconds: 604_800 })],
  ])('is refused when it %s', (_, change) => {
    expect(oidcSettings.safeParse(settings()).success).toBe(true)
    expect(oidcSettings.safeParse(change(settings())).success).toBe(false)
  })

  it('has the schema that is published, which takes what the page shows', () => {
    const docs = join(import.meta.dirname, '../../docs')
    const published = JSON.parse(readFileSync(join(docs, 'oidc-issuer.schema.json'), 'utf8'))
    expect(published).toEqual(JSON.parse(JSON.stringify(oidcSettingsSchema())))
    const page = readFileSync(join(docs, 'oidc-issuers.md'), 'utf8')
    const examples = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(([, text = '']) => JSON.parse(text))
    const validate = new Ajv2020().compile(published)
    expect(examples.length).toBeGreaterThan(2)
    for (const example of examples) {
      expect([validate(example), validate.errors]).toEqual([true, null])
      expect(oidcSettings.safeParse(example).error).toBeUndefined()
    }
  })
})
