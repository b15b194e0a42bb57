import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { Refusal, type TrustedBuildSystemKind, trustedBuildSystemKinds } from '../../domain/index.ts'
import { buildSystemForms as forms } from '../../origin/index.ts'

/** A link of each kind that says no more than it must, and its secrets. */
const least: Readonly<Record<TrustedBuildSystemKind, readonly [object, readonly string[]]>> = {
  githubActions: [{}, []],
  gitlabCi: [{ projectId: '4711', namespaceId: 815 }, []],
  jenkins: [{}, []],
  azureDevOps: [{ baseUrl: 'https://dev.azure.com/example', project: 'Library' }, ['apiKey']],
  teamCity: [{ baseUrl: 'https://teamcity.example.org' }, ['apiKey']],
  appVeyor: [{}, ['apiKey']],
  openIdConnect: [
    {
      issuer: 'https://ci.example.com',
      audience: 'https://signing.example.com',
      required: [{ claim: 'project_id', values: ['7'] }],
      origin: {
        repositoryUrl: { text: 'https://git.example.com/acme/tool' },
        ref: { form: 'full', claim: 'git_ref' },
        commitId: 'git_commit',
        buildId: 'run',
      },
    },
    [],
  ],
  custom: [{}, []],
  authenticationProxy: [{}, []],
}

const refusalOf = (call: () => unknown): Refusal => {
  try {
    call()
  } catch (error) {
    if (error instanceof Refusal) return error
  }
  throw new Error('It was not refused.')
}

describe.each(trustedBuildSystemKinds)('a link with a build system of the kind %s', (kind) => {
  const [settings, secrets] = least[kind]

  it('says what it must, and is recorded as it was given', () => {
    expect(forms.checkLink(kind, settings, secrets)).toEqual(settings)
    expect(forms.linkSecrets(kind)).toEqual(secrets)
    const all = [...secrets, ...forms.optionalLinkSecrets(kind)]
    expect(forms.checkLink(kind, settings, all)).toEqual(settings)
  })

  it('has no setting and no secret that its kind does not know', () => {
    const unknown = refusalOf(() => forms.checkLink(kind, { ...settings, colour: 'red' }, secrets))
    expect(unknown).toMatchObject({ code: 'ORIGIN_LINK_INVALID', message: expect.stringContaining('colour') })
    expect(unknown.message).not.toContain('red')
    expect(refusalOf(() => forms.checkLink(kind, settings, [...secrets, 'colour']))).toMatchObject({
      code: 'ORIGIN_LINK_INVALID',
      details: { field: 'secrets.colour' },
    })
    for (const name of secrets)
      expect(
        refusalOf(() =>
          forms.checkLink(
            kind,
            settings,
            secrets.filter((each) => each !== name),
          ),
        ),
      ).toMatchObject({ code: 'ORIGIN_SECRET_MISSING', details: { secret: name } })
  })

  it('is described by a page, if there is anything to say', () => {
    const refused = refusalOf(() => forms.checkLink(kind, { colour: 'red' }, secrets))
    const [page] = /docs\/[\w-]+\.md/.exec(refused.message) ?? []
    expect(page === undefined).toBe(kind === 'custom')
    if (page !== undefined) expect(readFileSync(join(import.meta.dirname, '../..', page), 'utf8')).toContain(kind)
  })
})

it('the addresses that are called for a link are those of its API, and of the issuer of tokens', () => {
  const addresses = (kind: TrustedBuildSystemKind, more: object = {}) =>
    forms.linkAddresses(kind, { ...least[kind][0], ...more })
  expect(addresses('githubActions', { serverUrl: 'https://git.example' })).toEqual([
    'https://git.example/api/v3',
    'https://git.example/_services/token',
  ])
  expect(addresses('gitlabCi')).toEqual(['https://gitlab.com/api/v4', 'https://gitlab.com'])
  expect([addresses('jenkins'), addresses('jenkins', { baseUrl: 'https://ci.example' })]).toEqual([
    [],
    ['https://ci.example'],
  ])
  expect(addresses('openIdConnect')).toEqual(['https://ci.example.com'])
  for (const kind of ['azureDevOps', 'teamCity', 'appVeyor'] as const) expect(addresses(kind)).toHaveLength(1)
  for (const kind of ['custom', 'authenticationProxy'] as const) expect(addresses(kind)).toEqual([])
})

it('every base URL of a link is absolute, and holds neither user nor password', () => {
  for (const [kind, field] of [
    ['githubActions', 'serverUrl'],
    ['gitlabCi', 'serverUrl'],
    ['jenkins', 'baseUrl'],
    ['azureDevOps', 'baseUrl'],
    ['teamCity', 'baseUrl'],
    ['appVeyor', 'baseUrl'],
    ['openIdConnect', 'issuer'],
  ] as const)
    for (const url of [
      'builds.example',
      'file:///etc/passwd',
      'https://user:password@builds.example',
      'https://b.example/?q',
    ]) {
      const [settings, secrets] = least[kind]
      const refused = refusalOf(() => forms.checkLink(kind, { ...settings, [field]: url }, [...secrets, 'apiKey']))
      expect([kind, url, refused.details.field]).toEqual([kind, url, `settings.${field}`])
      expect(refused.message).not.toContain('password@')
    }
})

it('the links that the pages of build systems show can be made', () => {
  const shown = ['github-actions', 'gitlab', 'oidc-issuers'].flatMap((page) => {
    const text = readFileSync(join(import.meta.dirname, `../../docs/${page}.md`), 'utf8')
    return [...text.matchAll(/^```(?:json\n|yaml\n# link\.yaml\n)([\s\S]*?)^```/gm)].map(
      ([, settings = '']) => [page, parse(settings)] as const,
    )
  })
  expect(shown.map(([page]) => page)).toEqual(['github-actions', 'gitlab', ...Array(3).fill('oidc-issuers')])
  const kinds = { 'github-actions': 'githubActions', gitlab: 'gitlabCi', 'oidc-issuers': 'openIdConnect' } as const
  for (const [page, settings] of shown)
    expect(forms.checkLink(kinds[page as keyof typeof kinds], settings, [])).toEqual(settings)
})

it('what a submission says of its build is recorded under the names of the kind, and refused where it says too little or too much', () => {
  const check = (
    kind: TrustedBuildSystemKind,
    fields: object,
    secrets: Record<string, string> = {},
    isDemanded = true,
  ) => forms.checkBuild(kind, { fields: { ...fields }, secrets }, isDemanded)
  const right = { fields: { buildId: '7', artifactName: 'setup' }, secrets: {} }
  expect(check('azureDevOps', { BuildId: 7, artifactname: 'setup' })).toEqual(right)
  const refused = (...said: Parameters<typeof check>) => refusalOf(() => check(...said))
  const invalid = (field: string) => ({ code: 'ORIGIN_BUILD_INVALID', details: { field } })
  expect(refused('azureDevOps', { buildId: 7 })).toMatchObject(invalid('build.artifactName'))
  expect(refused('azureDevOps', { ...right.fields, runId: 1 })).toMatchObject(invalid('build'))
  expect(refused('azureDevOps', { ...right.fields, BUILDID: 8 })).toMatchObject(invalid('build'))
  expect(refused('custom', { runId: 1 })).toMatchObject(invalid('build'))

  expect(check('githubActions', {}, { IDENTITYTOKEN: 'a.b.c' }).secrets).toEqual({ identityToken: 'a.b.c' })
  expect(refused('githubActions', {}, { password: 'x' }).code).toBe('ORIGIN_SECRET_UNKNOWN')
  for (const secret of ['', 'two words', 'x'.repeat(16_385)]) {
    const { message } = refused('githubActions', {}, { accessToken: secret })
    expect(message).toContain('printable ASCII')
    if (secret !== '') expect(message).not.toContain(secret)
  }
  // Only where its origin is verified must a submission bring the token that proves it.
  expect(refused('openIdConnect', {}).code).toBe('ORIGIN_SECRET_MISSING')
  expect(check('openIdConnect', {}, {}, false)).toEqual({ fields: {}, secrets: {} })
})
