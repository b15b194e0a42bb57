import { describe, expect, test } from 'vitest'
import { failedChecks, type Sha256Digest } from '../../domain/index.ts'
import { type AppVeyorSettings, appVeyor } from '../../origin/app-veyor/index.ts'
import { repositoryAddress } from '../../origin/app-veyor/repository.ts'
import { type AppVeyorFault, appVeyorKeys, appVeyorStandIn } from '../support/build-systems/app-veyor.ts'
import { connectorTools } from '../support/build-systems/connector-tools.ts'

const hook = {
  ...{ accountName: 'example', projectSlug: 'library', buildVersion: '1.0.3', buildId: 134173, buildJobId: 'j0b1' },
  // What the hook says besides; none of it is read.
  ...{
    repositoryName: 'evil/library',
    branch: 'release',
    commitId: '0'.repeat(40),
    artifacts: [{ url: 'http://evil.example' }],
  },
}

type Options = { key?: string; settings?: Partial<AppVeyorSettings>; hook?: object; areRoutesPrefixed?: boolean }

async function asked(faults: readonly AppVeyorFault[], { key = appVeyorKeys.account, ...options }: Options = {}) {
  const server = await appVeyorStandIn(faults, options)
  const tools = connectorTools('AppVeyor', server.url, { apiKey: key })
  const question = {
    settings: appVeyor.settings.parse({ baseUrl: server.url, ...options.settings }),
    build: appVeyor.build.parse({ ...hook, ...options.hook }),
    artifact: null,
    claimed: null,
    project: { slug: 'library', repositoryUrl: 'https://github.com/example/library' },
    signingPolicy: { slug: 'release' },
  }
  return { server, tools, question }
}

async function verified(faults: readonly AppVeyorFault[], options?: Options) {
  const { server, tools, question } = await asked(faults, options)
  return { server, tools, finding: await appVeyor.verify(question, tools) }
}

const codes = (finding: Awaited<ReturnType<typeof verified>>['finding']) =>
  failedChecks(finding.checks).map(({ code }) => code)

describe('a build of AppVeyor that is right', () => {
  test.each([
    ['account (v1)', appVeyorKeys.account, true],
    ['user (v2), by paths with the account', appVeyorKeys.user, true],
    ['user (v2), where paths that name the account have no other form', appVeyorKeys.user, false],
  ])('passes with an API key of the kind %s', async (_kind, key, areRoutesPrefixed) => {
    const { finding, server } = await verified([], { key, areRoutesPrefixed, settings: { mustBePublic: true } })
    expect(codes(finding)).toEqual([])
    expect(finding.origin).toEqual({
      repository: { url: 'https://github.com/example/library', id: null, ownerId: null },
      ref: { kind: 'branch', name: 'main' },
      commitId: '5f0c3c3f1a2b4d5e6f708192a3b4c5d6e7f80910',
      build: {
        id: '134173',
        url: `${server.url}/project/example/library/builds/134173`,
        ...{ attempt: null, definition: null, calledDefinition: null, trigger: null, runners: 'unknown' },
      },
      actors: [],
    })
  })

  test('of a tag has the kind and name of it, and not its branch', async () => {
    const { tools, question, server } = await asked([])
    Object.assign(server.world.build, { isTag: true, tag: 'v1.0.3' })
    const { origin } = await appVeyor.verify(question, tools)
    expect(origin?.ref).toEqual({ kind: 'tag', name: 'v1.0.3' })
  })

  test('passes with fields that nobody knows', async () => {
    expect(codes((await verified(['fields that nobody knows'])).finding)).toEqual([])
  })

  test('leaves as evidence what its settings were, without passwords and keys', async () => {
    const { tools } = await verified([])
    expect([...tools.kept.keys()]).toEqual(['build', 'settings'])
    const settings = tools.kept.get('settings') ?? ''
    expect(JSON.parse(settings).settings.configuration).toMatchObject({
      buildMode: 'msbuild',
      environmentVariables: [
        { name: 'CONFIGURATION', value: 'Release' },
        { name: 'FEED_KEY', isEncrypted: true },
      ],
      matrixOnly: [{ variables: { name: 'FEED_KEY', value: { isEncrypted: true } } }],
    })
    for (const secret of ['hunter2', 'very-secret', 'k783di7br', 'c2VjcmV0', appVeyorKeys.account])
      expect(settings).not.toContain(secret)
  })

  test('gives its artifact from where AppVeyor keeps it, which the API key does not reach', async () => {
    for (const key of Object.values(appVeyorKeys)) {
      const { tools, question, server } = await asked([], { key })
      const fetched = await appVeyor.fetchArtifact?.(question, tools)
      const parts: Uint8Array[] = []
      for await (const part of fetched?.bytes ?? []) parts.push(part)
      expect({ ...fetched, bytes: Buffer.concat(parts).toString() }).toEqual({
        ...{ fileName: 'Library 1.0.3.nupkg', sha256: null, size: 11, bytes: 'an artifact' },
      })
      expect(server.store.asked.map(({ headers }) => headers.authorization)).toEqual([undefined])
    }
  })
})

test('an artifact that the build replaced after it was fetched is refused', async () => {
  const { tools, question } = await asked([])
  const artifact = { fileName: 'Library 1.0.3.nupkg', sha256: 'ab'.repeat(32) as Sha256Digest, size: 11 }
  expect(codes(await appVeyor.verify({ ...question, artifact }, tools))).toEqual([])
  expect(codes(await appVeyor.verify({ ...question, artifact: { ...artifact, size: 12 } }, tools))).toEqual([
    'ORIGIN_ARTIFACT_DIFFERENT',
  ])
})

const wrong: readonly (readonly [AppVeyorFault, string])[] = [
  ['a build that has run for days', 'ORIGIN_BUILD_UNFINISHED'],
  ['a build that failed', 'ORIGIN_BUILD_FAILED'],
  ['a build that was canceled', 'ORIGIN_BUILD_FAILED'],
  ['no such build', 'ORIGIN_BUILD_NOT_FOUND'],
  ['another build id', 'ORIGIN_BUILD_DIFFERENT'],
  ['a pull request', 'ORIGIN_PULL_REQUEST'],
  ['a pull request by its head only', 'ORIGIN_PULL_REQUEST'],
  ['a tag without a name', 'ORIGIN_REF_UNKNOWN'],
  ['a project of another account', 'ORIGIN_BUILD_OF_OTHER_PROJECT'],
  ['scripts in the settings', 'ORIGIN_APPVEYOR_SCRIPTS'],
  ['scripts of a new kind', 'ORIGIN_APPVEYOR_SCRIPTS'],
  ['scripts for building', 'ORIGIN_APPVEYOR_SCRIPTS'],
  ['cache entries', 'ORIGIN_APPVEYOR_CACHE'],
  ['settings changed since', 'ORIGIN_APPVEYOR_SETTINGS_CHANGED'],
  ['settings changed while it waited', 'ORIGIN_APPVEYOR_SETTINGS_CHANGED'],
  ['a configuration file of another name', 'ORIGIN_APPVEYOR_CONFIGURATION_FILE'],
  ['a configuration file that is ignored', 'ORIGIN_APPVEYOR_CONFIGURATION_FILE'],
  ['a plain Git repository', 'ORIGIN_REPOSITORY_UNSUPPORTED'],
  ['an own server that the link does not name', 'ORIGIN_REPOSITORY_UNSUPPORTED'],
  ['an address on another server', 'ORIGIN_REPOSITORY_UNSUPPORTED'],
  ['a private project', 'ORIGIN_PROJECT_PRIVATE'],
  ['a project that only members see', 'ORIGIN_REPOSITORY_PRIVATE'],
  ['a job of another build', 'ORIGIN_JOB_OF_OTHER_BUILD'],
  ['a job that failed', 'ORIGIN_BUILD_FAILED'],
  ['no artifact', 'ORIGIN_ARTIFACT_NOT_FOUND'],
  ['two artifacts', 'ORIGIN_ARTIFACT_AMBIGUOUS'],
  ['a build without isTag', 'ORIGIN_ANSWER_INCOMPLETE'],
  ['settings without lists of scripts', 'ORIGIN_ANSWER_INCOMPLETE'],
  ['a commit that is none', 'ORIGIN_ANSWER_INCOMPLETE'],
  ['a key without permission for settings', 'ORIGIN_API_FORBIDDEN'],
]

describe('a build of AppVeyor that is wrong', () => {
  test.each(wrong)('%s: %s', async (fault, code) => {
    const { finding } = await verified([fault], { settings: { mustBePublic: true } })
    expect(codes(finding)).toEqual([code])
  })

  test('is waited for while it runs, because AppVeyor calls from within it', async () => {
    await expect(verified(['a build that runs'])).rejects.toMatchObject({
      code: 'ORIGIN_BUILD_UNFINISHED',
      isPassing: true,
    })
  })

  test('is asked about again when AppVeyor shows a page in place of an answer', async () => {
    await expect(verified(['a page in place of JSON'])).rejects.toMatchObject({
      ...{ code: 'ORIGIN_API_ANSWER_MALFORMED', isPassing: true },
    })
  })

  test('by an artifact that is cut is fetched again, and by a longer one is refused', async () => {
    for (const [size, code, isPassing] of [
      [12, 'ORIGIN_ARTIFACT_CUT', true],
      [10, 'ORIGIN_ARTIFACT_MISMATCH', false],
    ] as const) {
      const { server, tools, question } = await asked([])
      for (const artifact of server.world.artifacts) artifact.size = size
      const fetched = await appVeyor.fetchArtifact?.(question, tools)
      const reading = (async () => {
        for await (const part of fetched?.bytes ?? []) expect(part.length).toBeGreaterThan(0)
      })()
      await expect(reading).rejects.toMatchObject({ code, isPassing })
    }
  })

  test('by several things has all of them told', async () => {
    const { finding } = await verified(['a pull request', 'cache entries', 'scripts in the settings'])
    expect(codes(finding)).toEqual(['ORIGIN_PULL_REQUEST', 'ORIGIN_APPVEYOR_SCRIPTS', 'ORIGIN_APPVEYOR_CACHE'])
  })

  test('says which field is missing, and which permission', async () => {
    const { finding } = await verified(['a build without isTag'])
    expect(failedChecks(finding.checks)[0]?.message).toContain('build.isTag')
    const { finding: forbidden } = await verified(['a key without permission for settings'])
    expect(failedChecks(forbidden.checks)[0]?.message).toContain('Update project settings')
  })

  test.each([
    ['an unknown API key', { key: 'k-unknown' }, 'ORIGIN_API_UNAUTHENTICATED'],
    ['another account than the link names', { settings: { accountName: 'other' } }, 'ORIGIN_BUILD_OF_OTHER_PROJECT'],
    ['another project than the link names', { settings: { projectSlug: 'other' } }, 'ORIGIN_BUILD_OF_OTHER_PROJECT'],
    [
      'an artifact that the job has not',
      { settings: { artifactPath: 'out/other.nupkg' } },
      'ORIGIN_ARTIFACT_NOT_FOUND',
    ],
    ['a private one is no matter where none must be public', { settings: { mustBePublic: false } }, undefined],
  ])('%s', async (_what, options, code) => {
    const { finding } = await verified(code === undefined ? ['a private project'] : [], options)
    expect(codes(finding)).toEqual(code === undefined ? [] : [code])
  })

  test.each(['..', '.', '../settings', 'a/b', 'a\\b', ''])(
    'is not asked for by the name «%s», which leads elsewhere',
    (name) => {
      for (const field of ['accountName', 'projectSlug', 'buildVersion', 'buildJobId'])
        expect(appVeyor.build.safeParse({ ...hook, [field]: name }).success).toBe(false)
    },
  )
})

describe('the address of a repository', () => {
  const server = (provider: string) =>
    ({ repositoryServer: { provider, baseUrl: 'https://code.example.org/' } }) as AppVeyorSettings
  test.each([
    ['gitHub', 'a/b', { repositoryServer: null }, 'https://github.com/a/b'],
    ['bitBucket', 'a/b', { repositoryServer: null }, 'https://bitbucket.org/a/b'],
    ['gitLab', 'a/b/c', { repositoryServer: null }, 'https://gitlab.com/a/b/c'],
    ['vso', 'https://dev.azure.com/a/b/_git/c', { repositoryServer: null }, 'https://dev.azure.com/a/b/_git/c'],
    ['gitHubEnterprise', 'a/b', server('gitHubEnterprise'), 'https://code.example.org/a/b'],
    ['stash', 'scm/a/b', server('stash'), 'https://code.example.org/scm/a/b'],
    ['gitLabEnterprise', 'a/b', server('gitLabEnterprise'), 'https://code.example.org/a/b'],
    ['kiln', 'Code/a/b', server('kiln'), 'https://code.example.org/Code/a/b'],
    ['gitea', 'a/b', server('gitea'), 'https://code.example.org/a/b'],
    // A name on one server is somebody else's on the other.
    ['gitHub', 'a/b', server('gitea'), 'https://github.com/a/b'],
    ['kiln', 'a/b', server('gitea'), undefined],
    ['subversion', 'https://github.com/a/b', { repositoryServer: null }, undefined],
  ])('of %s %s', (repositoryType, repositoryName, settings, url) => {
    expect(repositoryAddress({ repositoryType, repositoryName }, settings)).toEqual(
      url === undefined ? { wrong: expect.any(String) } : { url },
    )
  })
})
